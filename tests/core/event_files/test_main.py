"""Every format: golden files, round trips, whole files or none, and labels read whatever their format."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import UsageError, UserError
from core.event_files.main import FORMATS, read_labels, write_events
from core.event_files.models import LabelledSpan
from tests.core.event_files.made_spans import SPANS, spans

GOLDEN = Path(__file__).parent / "golden"
TEXT_FORMATS = [name for name, entry in FORMATS.items() if entry.read is not None]


@pytest.mark.parametrize("name", TEXT_FORMATS)
def test_a_file_is_as_it_always_was(tmp_path: Path, name: str) -> None:
    path = tmp_path / f"events{FORMATS[name].suffix}"

    assert write_events(name, SPANS, path) == len(SPANS)

    golden = GOLDEN / path.name
    if os.environ.get("SOUNDMARK_RENEW_GOLDEN") == "1":
        golden.write_bytes(path.read_bytes())
    assert path.read_bytes() == golden.read_bytes()


def what_is_kept(name: str, span: LabelledSpan) -> LabelledSpan:
    """What a format can hold of a span."""
    if name in ("csv", "jsonl", "parquet"):
        return span
    bare = LabelledSpan(span.label, span.onset_s, span.offset_s)
    if name == "raven":
        low, high = (0.0, 8000.0) if span.low_hz is None else (span.low_hz, span.high_hz)
        return replace(bare, low_hz=low, high_hz=high, peak=span.peak, note=span.note, source=span.source)
    return replace(bare, low_hz=span.low_hz, high_hz=span.high_hz) if name == "audacity" else bare


@pytest.mark.parametrize("name", FORMATS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(written=st.lists(spans(source="a.wav"), min_size=1, max_size=8))
def test_what_was_written_is_read(tmp_path: Path, name: str, written: list[LabelledSpan]) -> None:
    in_order = sorted(written, key=lambda span: span.onset_s)
    path = tmp_path / "events"
    write_events(name, in_order, path)

    found = read_labels(path)

    assert found.format == name
    assert found.problems == ()
    kept = [what_is_kept(name, span) for span in in_order]
    times = [(span.onset_s, span.offset_s) for span in kept]
    assert [(round(span.onset_s, 6), round(span.offset_s, 6)) for span in found.spans] == times
    placed = [replace(span, onset_s=0.0, offset_s=0.0, source_start_s=0.0) for span in found.spans]
    assert placed == [replace(span, onset_s=0.0, offset_s=0.0) for span in kept]


@pytest.mark.parametrize("name", FORMATS)
def test_no_events_make_a_file_too(tmp_path: Path, name: str) -> None:
    assert write_events(name, [], tmp_path / "events") == 0
    assert (tmp_path / "events").is_file()


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_stays_as_it_was_when_writing_fails(tmp_path: Path, name: str) -> None:
    def interrupted() -> Iterator[LabelledSpan]:
        yield SPANS[0]
        raise KeyboardInterrupt

    path = tmp_path / "events"
    path.write_text("before")
    with pytest.raises(KeyboardInterrupt):
        write_events(name, interrupted(), path)

    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", FORMATS)
def test_events_are_written_as_they_come(tmp_path: Path, name: str) -> None:
    alive = most_alive = 0

    class Counted(LabelledSpan):
        __slots__ = ()

        def __del__(self) -> None:
            nonlocal alive
            alive -= 1

    def many() -> Iterator[LabelledSpan]:
        nonlocal alive, most_alive
        for i in range(51_000):
            alive += 1
            most_alive = max(most_alive, alive)
            yield Counted("Dog", i, i + 0.5)

    assert write_events(name, many(), tmp_path / "events") == 51_000
    assert most_alive <= 50_001  # a group of Parquet's rows


@pytest.mark.parametrize("name", FORMATS)
def test_several_files_are_told_apart_or_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / "events"
    both = [
        LabelledSpan("Dog", 1.0, 2.0, source="a.wav"),
        LabelledSpan("Cat", 0.5, 1.5, source="b.wav", source_start_s=60.0),
    ]
    if not FORMATS[name].holds_sources:
        with pytest.raises(UsageError, match="--output-dir"):
            write_events(name, both, path)
        assert not path.exists()
        return

    write_events(name, both, path)

    found = read_labels(path).spans
    assert [(span.source, span.onset_s, span.offset_s) for span in found] == [("a.wav", 1, 2), ("b.wav", 0.5, 1.5)]


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError):
        write_events("csv", SPANS, tmp_path / "missing" / "events.csv")


def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("core.atomic_write.os.fsync", full)
    with pytest.raises(UserError, match="Free some space"):
        write_events("csv", SPANS, tmp_path / "events.csv")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "content", [b"", b"\n\n", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"once upon a time\n", b"a,b\n1,2\n"]
)
def test_a_file_of_something_else_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "labels.txt").write_bytes(content)
    with pytest.raises(UserError):
        read_labels(tmp_path / "labels.txt")


def test_a_file_that_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError):
        read_labels(tmp_path / "labels.txt")


@pytest.mark.slow
def test_a_million_labels_are_read(tmp_path: Path) -> None:
    path = tmp_path / "labels.txt"
    path.write_text("".join(f"{i / 2}\t{i / 2 + 1}\tDog\n" for i in range(1_000_000)))

    found = read_labels(path)

    assert len(found.spans) == 1_000_000
    assert found.spans[-1].onset_s == 499_999.5
