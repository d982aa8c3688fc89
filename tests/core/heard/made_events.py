"""Makes events. No test by itself."""

from __future__ import annotations

from dataclasses import replace

from core.heard.event import HeardEvent

START_AT = 1_700_000_000.0
"""Clock time of stream second 0."""
A_DOG = HeardEvent(
    session="a1",
    label_id="/m/0bt9lr",
    label="Dog",
    onset_s=1.0,
    offset_s=2.5,
    onset_at=START_AT + 1.0,
    offset_at=START_AT + 2.5,
    peak=0.75,
    model="starter",
    model_hash="0f0f",
    input="USB microphone",
)


def heard(onset_s: float, length_s: float | None = 1.0, label: str = "Dog", **values: object) -> HeardEvent:
    """An event at a time of its session; open without a length."""
    offset_s = None if length_s is None else onset_s + length_s
    event = replace(
        A_DOG,
        label=label,
        label_id=f"id of {label}",
        onset_s=onset_s,
        onset_at=START_AT + onset_s,
        offset_s=offset_s,
        offset_at=None if offset_s is None else START_AT + offset_s,
    )
    return replace(event, **values)  # type: ignore[arg-type]
