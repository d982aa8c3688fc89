"""The columns of the list of models."""

from __future__ import annotations

from collections.abc import Callable

from app.models.download_row import DownloadRow, DownloadState
from app.style import formatting
from app.widgets.tables import Column
from core.model.checkpoints.published import PublishedModel

_STATES = list(DownloadState)
_NOT_KNOWN = "–"


def _fact(
    title: str,
    tip: str,
    value: Callable[[PublishedModel], str | float],
    text: Callable[[PublishedModel], str],
    width: int,
) -> Column:
    """A column about published models; imported ones have a dash there and sort first."""

    def value_of(row: DownloadRow) -> str | float | None:
        return None if row.published is None else value(row.published)

    def text_of(row: DownloadRow) -> str:
        return _NOT_KNOWN if row.published is None else text(row.published)

    return Column(title, tip, value_of, text_of, is_figure=False, width=width)


def score_text(model: PublishedModel) -> str:
    """As papers write it: `mAP 0.459`, `accuracy 98.12 %`."""
    if model.metric == "mAP":
        return f"mAP {model.score:.3f}"
    return f"{model.metric} {100 * model.score:.2f}{formatting.THIN}%"


def window_text(model: PublishedModel) -> str:
    """The longest input in seconds."""
    return f"{model.frames / 100:.2f}{formatting.THIN}s"


def strides_text(model: PublishedModel) -> str:
    """Mel bins, then frames."""
    return " × ".join(map(str, model.strides))


def _data_set(row: DownloadRow) -> str:
    return "imported" if row.published is None else row.published.data_set


def _title(row: DownloadRow) -> str:
    return row.title


DOWNLOAD_COLUMNS = (
    Column("Model", "Its name in the Model menu.", _title, _title, is_figure=False),
    Column("Data set", "The data it was trained on.", _data_set, _data_set, is_figure=False, width=170),
    _fact("Score", "On held-out clips, as published.", lambda model: model.score, score_text, 128),
    _fact("Window", "The longest stretch of sound it analyses at once.", lambda model: model.frames, window_text, 72),
    _fact(
        "Strides", "Distance between patches, in mel bins and frames.", lambda model: model.strides[1], strides_text, 72
    ),
    _fact("Licence", "Licence of the weights.", lambda model: model.licence, lambda model: model.licence, 104),
    Column(
        "Status",
        "Whether it is on this computer.",
        lambda row: _STATES.index(row.state),
        DownloadRow.state_text,
        is_figure=False,
        width=126,
    ),
)
