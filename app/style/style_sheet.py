"""The style sheet: what a palette cannot express, such as rounding, padding and hairlines."""

from __future__ import annotations

from app.style.theme import Theme

_TEMPLATE = """
QMainWindow::separator {{ background: {window}; width: 6px; height: 6px; }}
QMainWindow::separator:hover {{ background: {accent}; }}
QToolBar {{ background: {window}; border: 0; border-bottom: 1px solid {line}; spacing: 8px; padding: 6px 10px; }}
QMenuBar {{ background: {window}; color: {text}; padding: 2px 6px; }}
QMenuBar::item {{ padding: 4px 9px; border-radius: 4px; background: transparent; }}
QMenuBar::item:selected {{ background: {raised}; }}
QMenu {{ background: {panel}; color: {text}; border: 1px solid {line}; padding: 4px; }}
QMenu::item {{ padding: 5px 26px 5px 26px; border-radius: 4px; }}
QMenu::item:selected {{ background: {accent}; color: {on_accent}; }}
QMenu::item:disabled {{ color: {muted}; background: transparent; }}
QMenu::separator {{ height: 1px; background: {line}; margin: 4px 8px; }}
QMenu::indicator {{ left: 7px; width: 12px; height: 12px; }}
QStatusBar {{ background: {window}; color: {muted}; border-top: 1px solid {line}; }}
QStatusBar::item {{ border: 0; }}
QDockWidget {{ color: {muted}; }}
QDockWidget::title {{ background: {window}; padding: 6px 10px; text-align: left; }}
QFrame#Card {{ background: {panel}; border: 1px solid {line}; border-radius: 8px; }}
QPushButton, QToolBar QToolButton {{ background: {raised}; color: {text}; border: 1px solid {line}; border-radius: 6px;
    padding: 5px 12px; }}
QToolBar QToolButton[popupMode="2"] {{ padding-right: 22px; }}
QToolBar QToolButton::menu-indicator {{ subcontrol-position: center right; right: 7px; }}
QPushButton:hover, QToolBar QToolButton:hover {{ border-color: {accent}; }}
QPushButton:pressed, QToolBar QToolButton:pressed {{ background: {line}; }}
QPushButton:focus, QToolBar QToolButton:focus {{ border: 1px solid {accent}; }}
QPushButton:disabled, QToolBar QToolButton:disabled {{ color: {muted}; background: {window}; }}
QPushButton#Pill {{ border-radius: 11px; padding: 2px 12px; min-height: 16px; color: {accent}; font-weight: bold; }}
QPushButton#Pill:disabled {{ border-color: {window}; }}
QPushButton#Primary {{ background: {accent}; color: {on_accent}; border-color: {accent}; font-weight: bold; }}
QPushButton#Primary:focus {{ border: 1px solid {text}; }}
QPushButton#Primary:disabled {{ background: {window}; color: {muted}; border-color: {line}; }}
QLineEdit {{ background: {window}; border: 1px solid {line}; border-radius: 6px; padding: 4px 8px; color: {text};
    selection-background-color: {accent}; selection-color: {on_accent}; }}
QLineEdit:focus {{ border: 1px solid {accent}; }}
QComboBox {{ background: {raised}; color: {text}; border: 1px solid {line}; border-radius: 6px; padding: 4px 8px; }}
QComboBox:hover, QComboBox:focus {{ border-color: {accent}; }}
QComboBox:disabled {{ color: {muted}; background: {window}; }}
QComboBox::drop-down {{ border: 0; width: 20px; }}
QComboBox QAbstractItemView {{ border: 1px solid {line}; selection-background-color: {accent};
    selection-color: {on_accent}; }}
QTableCornerButton::section {{ background: {panel}; border: 0; }}
QSlider {{ min-height: 22px; }}
QSlider::groove:horizontal {{ background: {line}; height: 4px; border-radius: 2px; }}
QSlider::handle:horizontal {{ background: {accent}; border: 2px solid {accent}; width: 10px; margin: -5px 0;
    border-radius: 7px; }}
QSlider::handle:horizontal:focus {{ border-color: {text}; }}
QSlider::handle:horizontal:disabled {{ background: {muted}; border-color: {muted}; }}
QProgressBar {{ background: {line}; border: 0; border-radius: 3px; }}
QProgressBar::chunk {{ background: {accent}; border-radius: 3px; }}
QTabWidget::pane {{ border: 1px solid {line}; border-radius: 8px; }}
QTabBar {{ qproperty-drawBase: 0; }}
QTabBar::tab {{ background: transparent; color: {muted}; padding: 6px 14px; border: 0;
    border-bottom: 2px solid transparent; }}
QTabBar::tab:selected {{ color: {text}; border-bottom: 2px solid {accent}; }}
QTabBar::tab:focus {{ color: {accent}; }}
QSplitter::handle {{ background: transparent; }}
QTreeView::item {{ padding: 3px 4px; }}
QTreeView::item:selected {{ background: {selected}; color: {text}; }}
QAbstractItemView {{ background: {panel}; border: 0; outline: 0; color: {text}; }}
QHeaderView::section {{ background: {panel}; color: {muted}; border: 0; border-bottom: 1px solid {line};
    padding: 5px 8px; }}
QTableView {{ gridline-color: transparent; selection-background-color: {selected}; selection-color: {text}; }}
QTableView::item {{ padding: 0 6px; }}
QScrollBar:vertical {{ background: transparent; width: 10px; margin: 0; }}
QScrollBar:horizontal {{ background: transparent; height: 10px; margin: 0; }}
QScrollBar::handle {{ background: {line}; border-radius: 4px; margin: 1px; }}
QScrollBar::handle:vertical {{ min-height: 24px; }}
QScrollBar::handle:horizontal {{ min-width: 24px; }}
QScrollBar::handle:hover {{ background: {muted}; }}
QScrollBar::add-line, QScrollBar::sub-line, QScrollBar::add-page, QScrollBar::sub-page {{ background: none;
    border: 0; height: 0; width: 0; }}
QToolButton#Quiet {{ background: transparent; color: {muted}; border: 0; border-radius: 6px;
    padding: 2px 16px 2px 6px; }}
QToolButton#Quiet:hover, QToolButton#Quiet:focus {{ background: {raised}; color: {text}; }}
QToolButton#Quiet::menu-indicator {{ subcontrol-position: center right; right: 4px; }}
QToolButton#DockClose {{ background: transparent; border: 0; padding: 0; }}
QToolButton#DockClose:hover {{ background: {raised}; border-radius: 3px; }}
QToolTip {{ background: {raised}; color: {text}; border: 1px solid {line}; padding: 4px; }}
QLabel#Heading {{ font-weight: bold; color: {text}; }}
QLabel#Muted {{ color: {muted}; }}
QFrame#Banner {{ background: {raised}; border: 1px solid {warn}; border-radius: 8px; }}
QFrame#Banner[kind="done"] {{ border-color: {line}; }}
"""


def style_sheet(theme: Theme) -> str:
    """The application's style sheet in the colours of `theme`."""
    names = ("window", "panel", "raised", "line", "text", "muted", "accent", "on_accent", "selected", "warn")
    return _TEMPLATE.format(**{name: getattr(theme, name) for name in names})
