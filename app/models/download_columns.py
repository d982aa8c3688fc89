"""What the list of models says of each: its columns. Knows no widgets but the table's columns."""

from __future__ import annotations

from collections.abc import Callable

from app.models.download_row import FetchRow, FetchState
from app.style import formatting
from app.widgets.tables import Column
from core.model.checkpoints.published import PublishedModel

_STATES = list(FetchState)
_NOT_KNOWN = "–"


def _fact(
    title: str,
    tip: str,
    value: Callable[[PublishedModel], str | float],
    text: Callable[[PublishedModel], str],
    width: int,
) -> Column:
    """A column of what is known of published models; those that were imported have a dash there, and sort first."""

    def value_of(row: FetchRow) -> str | float | None:
        return None if row.published is None else value(row.published)

    def text_of(row: FetchRow) -> str:
        return _NOT_KNOWN if row.published is None else text(row.published)

    return Column(title, tip, value_of, text_of, is_figure=False, width=width)


def score_words(model: PublishedModel) -> str:
    """As papers have it: `mAP 0.459`, `accuracy 98.12 %`."""
    if model.metric == "mAP":
        return f"mAP {model.score:.3f}"
    return f"{model.metric} {100 * model.score:.2f}{formatting.THIN}%"


def window_words(model: PublishedModel) -> str:
    """The longest input in seconds."""
    return f"{model.frames / 100:.2f}{formatting.THIN}s"


def strides_words(model: PublishedModel) -> str:
    """Mel bins, then frames."""
    return " × ".join(map(str, model.strides))


def _data_set(row: FetchRow) -> str:
    return "imported" if row.published is None else row.published.data_set


def _title(row: FetchRow) -> str:
    return row.title


FETCH_COLUMNS = (
    Column("Model", "Its name in the Model menu.", _title, _title, is_figure=False),
    Column("Data set", "What it was trained on.", _data_set, _data_set, is_figure=False, width=170),
    _fact("Score", "On held-out clips, as published.", lambda one: one.score, score_words, 128),
    _fact("Window", "The longest sound it hears at once.", lambda one: one.frames, window_words, 72),
    _fact("Strides", "From patch to patch, in mel bins and frames.", lambda one: one.strides[1], strides_words, 72),
    _fact("Licence", "Of the weights.", lambda one: one.licence, lambda one: one.licence, 104),
    Column(
        "Here",
        "Whether it is on this computer.",
        lambda row: _STATES.index(row.state),
        FetchRow.state_words,
        is_figure=False,
        width=126,
    ),
)
