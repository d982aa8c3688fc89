"""The table of files, with a progress bar and a cancel button in each row."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QModelIndex, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractScrollArea,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from app.files.row import FileRow, FileState
from app.files.table_model import CANCEL, LENGTH, NAME, ROW_ROLE, STATE, TAGS, FilesModel
from app.style.text_size import scaled_px
from app.style.theme import Theme
from app.widgets.icons import cancel_icon
from app.widgets.tables import Index, set_up_rows

_SHARES = {NAME: 0.26, STATE: 0.22}
"""The initial share of the width of these columns; the top tags get the rest."""
_WIDEST_PX = {NAME: 420, STATE: 150}
_NARROWEST_PX = {NAME: 80, STATE: 84, TAGS: 100}

_LEFT_TO_WINDOW = {Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Home, Qt.Key.Key_End, Qt.Key.Key_Space}


class FileDelegate(QStyledItemDelegate):
    """Paints the progress bars and cancel buttons."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.apply_theme(theme)

    def apply_theme(self, theme: Theme) -> None:
        """Paint in the colours of `theme`."""
        self._theme = theme
        self._cross = cancel_icon(theme.muted)

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(super().sizeHint(option, index).width(), 30)

    def initStyleOption(self, option: QStyleOptionViewItem, index: Index) -> None:
        super().initStyleOption(option, index)
        row: FileRow = index.data(ROW_ROLE)
        role = option.palette.ColorRole.Text  # type: ignore[attr-defined]
        if index.column() in {TAGS, STATE} and row.error is not None:
            option.palette.setColor(role, QColor(self._theme.bad))  # type: ignore[attr-defined]
        elif index.column() in {LENGTH, STATE}:
            option.palette.setColor(role, QColor(self._theme.muted))  # type: ignore[attr-defined]

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        super().paint(painter, option, index)
        area: QRect = option.rect  # type: ignore[attr-defined]
        row: FileRow = index.data(ROW_ROLE)
        if index.column() == CANCEL:
            self._cross.paint(painter, area.adjusted(7, 7, -7, -7))
        elif index.column() == STATE and row.state is FileState.TAGGING:
            self._paint_progress(painter, QRectF(area), row.progress)

    def _paint_progress(self, painter: QPainter, area: QRectF, progress: float | None) -> None:
        groove = QRectF(area.left() + 3, area.bottom() - 5, area.width() - 10, 3)
        painter.save()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self._theme.line))
        painter.drawRoundedRect(groove, 1.5, 1.5)
        painter.setBrush(QColor(self._theme.accent))
        groove.setWidth(groove.width() * (progress or 0.0))
        painter.drawRoundedRect(groove, 1.5, 1.5)
        painter.restore()


class FileTable(QTableView):
    """The table view of the files."""

    selected = Signal(object)
    """The selected FileRow, or None."""
    end_wanted = Signal(object)
    """The FileRow whose button, or on which Del, was pressed."""

    def __init__(self, model: FilesModel, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._files = model
        self.setModel(model)
        self._delegate = FileDelegate(theme, self)
        self.setItemDelegate(self._delegate)
        set_up_rows(self, 30)
        self._shares = dict(_SHARES)
        self._widest_px = dict(_WIDEST_PX)
        self._is_fitting = False
        self._size_columns()
        self.selectionModel().currentRowChanged.connect(self._on_current)

    def apply_theme(self, theme: Theme) -> None:
        """Paint in the colours of `theme`."""
        self._delegate.apply_theme(theme)
        self.viewport().update()

    def current_row(self) -> FileRow | None:
        """The selected file."""
        index = self.currentIndex()
        return index.data(ROW_ROLE) if index.isValid() else None

    def scroll_to_row(self, row: FileRow) -> None:
        """Scroll so that a file is at the top, as far as possible."""
        place = self._files.rows.index(row)
        # Without this the scroll bar gets its new range only on the next turn of the event loop.
        self.updateGeometries()
        self.scrollTo(self._files.index(place, NAME), QTableView.ScrollHint.PositionAtTop)

    def _size_columns(self) -> None:
        header = self.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setHighlightSections(False)
        header.setMinimumSectionSize(34)
        header.setSectionResizeMode(NAME, QHeaderView.ResizeMode.Interactive)
        header.setSectionResizeMode(TAGS, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(CANCEL, QHeaderView.ResizeMode.Fixed)
        self._fit_fixed()
        header.sectionResized.connect(self._on_dragged)

    def _fit_fixed(self) -> None:
        """Give the columns whose width follows from their text room for today's size of it."""
        self.setColumnWidth(LENGTH, scaled_px(84))
        self.setColumnWidth(CANCEL, scaled_px(34))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._fit_fixed()
            self._fit_columns()

    def _fit_columns(self) -> None:
        """Fit all columns into any width, so that the buttons at the end of the rows stay in view."""
        width = self.viewport().width()
        for_both = width - self.columnWidth(LENGTH) - self.columnWidth(CANCEL) - scaled_px(_NARROWEST_PX[TAGS])
        state = self._preferred_px(STATE, width)
        name = max(min(self._preferred_px(NAME, width), for_both - state), _NARROWEST_PX[NAME])
        self._is_fitting = True
        self.setColumnWidth(NAME, name)
        self.setColumnWidth(STATE, max(min(state, for_both - name), _NARROWEST_PX[STATE]))
        self._is_fitting = False

    def _preferred_px(self, column: int, width: int) -> int:
        preferred = min(round(self._shares[column] * width), self._widest_px.get(column, width))
        return max(preferred, _NARROWEST_PX[column])

    def _on_dragged(self, column: int, _old_px: int, new_px: int) -> None:
        """Keep the width that the user chose, as a share of the table."""
        if self._is_fitting or column not in self._shares:
            return
        self._shares[column] = new_px / max(self.viewport().width(), 1)
        self._widest_px.pop(column, None)
        self._fit_columns()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_columns()

    def _on_current(self, current: QModelIndex, previous: QModelIndex) -> None:
        self.selected.emit(current.data(ROW_ROLE) if current.isValid() else None)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Select a file on Tab only: a click selects by itself, and a re-activated window must not select one."""
        if event.reason() not in {Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason}:
            QAbstractScrollArea.focusInEvent(self, event)
            self.viewport().update()
            return
        super().focusInEvent(event)
        if self.currentIndex().isValid() and not self.selectionModel().hasSelection():
            self.selectRow(self.currentIndex().row())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Ignore presses on a row's button, so that it does not select the row."""
        if self.indexAt(event.position().toPoint()).column() != CANCEL:
            super().mousePressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        index = self.indexAt(event.position().toPoint())
        super().mouseReleaseEvent(event)
        if index.isValid() and index.column() == CANCEL and event.button() == Qt.MouseButton.LeftButton:
            self.end_wanted.emit(index.data(ROW_ROLE))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        row = self.current_row()
        if event.key() in {Qt.Key.Key_Delete, Qt.Key.Key_Backspace} and row is not None:
            self.end_wanted.emit(row)
            return
        if event.key() in _LEFT_TO_WINDOW:
            # These keys move the cursor in the spectrogram and play the file: leave them to the window.
            event.ignore()
            return
        super().keyPressEvent(event)
