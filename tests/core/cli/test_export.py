"""`export` writes the stored events of a time and a class, in every format."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from core.cli import export
from core.cli.argument_types import PlainParser
from core.cli.export import ExportOptions, run_export
from core.errors import UsageError, UserError
from core.event_files.main import FORMATS, read_labels
from core.heard.store import EventStore
from tests.core.heard.made_events import START_AT, heard


@pytest.fixture
def store_file(tmp_path: Path) -> Path:
    with closing(EventStore(tmp_path / "events.sqlite")) as store:
        store.add([heard(100, 1.5), heard(103, 2, "Cat", note="ours"), heard(50, 1, "Rain", kind="near_miss")])
        store.add([heard(5, 1, session="b2", onset_at=START_AT + 3600, offset_at=START_AT + 3601)])
    return tmp_path / "events.sqlite"


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_has_the_events_in_order_of_time(store_file: Path, tmp_path: Path, name: str) -> None:
    assert run_export(ExportOptions(name, output=tmp_path / "out"), store_file) == 0

    found = read_labels(tmp_path / "out")
    assert found.format == name
    assert found.problems == ()
    if FORMATS[name].has_clock_time:
        times = [(span.session, span.onset_s, span.onset_at) for span in found.spans]
        expected = [("a1", 100, START_AT + 100), ("a1", 103, START_AT + 103), ("b2", 5, START_AT + 3600)]
        assert sorted(times) == expected  # the seconds of each event's own session
    else:
        # One time axis, which begins with the first session.
        times = [(span.label, span.onset_s, round(span.offset_s, 6)) for span in found.spans]
        assert times == [("Dog", 100, 101.5), ("Cat", 103, 105), ("Dog", 3600, 3601)]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"since": START_AT + 101}, [103, 5]),
        ({"until": START_AT + 103}, [100]),
        ({"labels": ("dog",)}, [100, 5]),
        ({"labels": ("id of Cat",)}, [103]),
        ({"labels": ("Cat", "DOG"), "since": START_AT + 102}, [103, 5]),
        ({"since": START_AT + 10_000}, []),
    ],
)
def test_times_and_classes_are_chosen(
    store_file: Path, capsys: pytest.CaptureFixture[str], options: dict[str, Any], expected: list[float]
) -> None:
    run_export(ExportOptions("jsonl", **options), store_file)
    assert [json.loads(line)["onset_s"] for line in capsys.readouterr().out.splitlines()] == expected


def test_an_unknown_class_is_refused_with_what_it_may_have_been(store_file: Path) -> None:
    with pytest.raises(UsageError, match="Dog"):
        run_export(ExportOptions("csv", labels=("Dag",)), store_file)


def test_events_that_have_not_ended_are_left_out_and_counted(
    store_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(EventStore(store_file)) as window:
        window.begin(heard(200, None))
        run_export(ExportOptions("csv"), store_file)
    said = capsys.readouterr()
    assert len(said.out.splitlines()) == 1 + 3
    assert "not ended: 1" in said.err


def test_a_store_that_does_not_exist_is_told_and_not_made(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="No events"):
        run_export(ExportOptions("csv"), tmp_path / "events.sqlite")
    assert not (tmp_path / "events.sqlite").exists()


@pytest.mark.parametrize(
    "options",
    [
        ExportOptions("csv", since=2.0, until=1.0),
        ExportOptions("parquet"),
        ExportOptions("csv", output=Path("no folder") / "out.csv"),
    ],
)
def test_what_makes_no_sense_is_refused(store_file: Path, options: ExportOptions) -> None:
    with pytest.raises(UsageError):
        run_export(options, store_file)


def test_control_characters_are_escaped_on_a_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(EventStore(tmp_path / "events.sqlite")) as store:
        store.add([heard(1, note="\x1b]0;owned\x07")])
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)

    run_export(ExportOptions("csv"), tmp_path / "events.sqlite")

    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert r"\x1b]0;owned\x07" in out


def test_the_options_are_read(store_file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(export, "events_file", lambda: store_file)
    parser = PlainParser()
    export.add_options(parser)
    words = ["--format", "srt", "--since", "2000-01-01", "--label", "cat", "--output", str(tmp_path / "a.srt")]

    assert export.run(parser.parse_args(words)) == 0

    assert [span.label for span in read_labels(tmp_path / "a.srt").spans] == ["Cat"]
