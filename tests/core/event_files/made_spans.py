"""Spans with everything that a format may have to hold. No test by itself."""

from __future__ import annotations

from hypothesis import strategies as st

from core.event_files.models import LabelledSpan

SPANS = (
    LabelledSpan("Dog", 0.5, 1.25, 0.875, source="yard/a.wav", label_id="/m/0bt9lr", note="the neighbour's"),
    LabelledSpan("Wind & rain, <loud>", 0.75, 3600.0, 1.0, source="yard/a.wav"),
    LabelledSpan("Bärlauch\t„laut“", 7322.001, 7322.001, source="yard/a.wav", low_hz=150.0, high_hz=4000.0),
    LabelledSpan("Speech", 7400.0, 7401.5, 0.3333, source="yard/a.wav", onset_at=1_700_000_000.25, session="a1"),
)
# Labels as people write them: no control characters, no spaces around, some with all that a format could take for its
# own.
_WORDS = ["Dog", "rain", "&amp;", "<x>", "-->", '"', ",", ";", "1", "NOTE", "{x}"]
LABELS = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=12) | st.lists(
    st.sampled_from(_WORDS), min_size=1
).map(" ".join)
MS = st.integers(0, 10**9).map(lambda ms: ms / 1000)


@st.composite
def spans(draw: st.DrawFn, source: str = "") -> LabelledSpan:
    """A span with its times in whole milliseconds and at least one long."""
    onset_s = draw(MS)
    low_hz = draw(st.none() | st.integers(0, 8000).map(float))
    return LabelledSpan(
        label=draw(LABELS),
        onset_s=onset_s,
        offset_s=round(onset_s + draw(st.integers(1, 10**7)) / 1000, 3),
        peak=draw(st.none() | st.integers(0, 10_000).map(lambda part: part / 10_000)),
        low_hz=low_hz,
        high_hz=None if low_hz is None else low_hz + draw(st.integers(0, 1000)),
        source=source,
        note=draw(st.just("") | LABELS),
    )
