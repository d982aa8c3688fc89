"""Other programs read what is written here."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.parquet
import pytest
import srt
import webvtt
from crowsetta.formats.bbox import AudBBox, Raven
from crowsetta.formats.seq import AudSeq

from core.event_files.main import write_events
from core.event_files.models import LabelledSpan
from tests.core.event_files.made_spans import SPANS

BOXES = tuple(
    LabelledSpan(span.label, span.onset_s, span.offset_s, low_hz=100.0 * i, high_hz=200.0 * i)
    for i, span in enumerate(SPANS, 1)
    if span.offset_s > span.onset_s
)
TIMES = [(span.onset_s, span.offset_s) for span in SPANS]


def test_crowsetta_reads_raven_tables(tmp_path: Path) -> None:
    write_events("raven", SPANS, tmp_path / "a.txt")

    boxes = Raven.from_file(tmp_path / "a.txt").to_bbox()

    assert [box.onset for box in boxes] == [onset_s for onset_s, _ in TIMES]
    assert [box.offset for box in boxes] == [1.25, 3600, 7322.002, 7401.5]  # a box has a width
    assert [(box.low_freq, box.high_freq) for box in boxes] == [(0, 8000), (0, 8000), (150, 4000), (0, 8000)]
    assert [box.label for box in boxes] == ["Dog", "Wind & rain, <loud>", "Bärlauch „laut“", "Speech"]


def test_crowsetta_reads_audacity_labels(tmp_path: Path) -> None:
    plain = [LabelledSpan(span.label, span.onset_s, span.offset_s) for span in SPANS]
    write_events("audacity", plain, tmp_path / "a.txt")

    segments = AudSeq.from_file(tmp_path / "a.txt").to_seq().segments

    assert [(segment.onset_s, segment.offset_s) for segment in segments] == TIMES
    assert [segment.label for segment in segments] == ["Dog", "Wind & rain, <loud>", "Bärlauch „laut“", "Speech"]


def test_crowsetta_reads_audacity_labels_with_frequencies(tmp_path: Path) -> None:
    write_events("audacity", BOXES, tmp_path / "a.txt")

    boxes = AudBBox.from_file(tmp_path / "a.txt").to_bbox()

    assert [(box.onset, box.offset) for box in boxes] == [(span.onset_s, span.offset_s) for span in BOXES]
    assert [(box.low_freq, box.high_freq) for box in boxes] == [(span.low_hz, span.high_hz) for span in BOXES]


def test_webvtt_reads_captions(tmp_path: Path) -> None:
    write_events("vtt", SPANS, tmp_path / "a.vtt")

    captions = webvtt.read(str(tmp_path / "a.vtt")).captions

    assert [caption.start for caption in captions] == ["00:00:00.500", "00:00:00.750", "02:02:02.001", "02:03:20.000"]
    assert captions[2].end == "02:02:02.002"  # a cue cannot end where it begins
    assert captions[1].text == "Wind &amp; rain, &lt;loud&gt;"


def test_srt_reads_subtitles(tmp_path: Path) -> None:
    write_events("srt", SPANS, tmp_path / "a.srt")

    subtitles = list(srt.parse((tmp_path / "a.srt").read_text(encoding="utf-8")))

    assert [subtitle.index for subtitle in subtitles] == [1, 2, 3, 4]
    assert subtitles[1].start == timedelta(seconds=0.75)
    assert [subtitle.content for subtitle in subtitles][:2] == ["Dog", "Wind & rain, <loud>"]


def test_pyarrow_reads_parquet(tmp_path: Path) -> None:
    write_events("parquet", SPANS, tmp_path / "a.parquet")

    rows = pyarrow.parquet.read_table(tmp_path / "a.parquet").to_pylist()

    assert [(row["onset_s"], row["offset_s"]) for row in rows] == TIMES
    assert [row["label"] for row in rows] == [span.label for span in SPANS]
    assert [row["peak_p"] for row in rows] == [span.peak for span in SPANS]
    assert rows[3]["onset_at"] == datetime.fromtimestamp(1_700_000_000.25, UTC)
    assert rows[0]["onset_at"] is None


@pytest.mark.parametrize("name", ["csv", "jsonl"])
def test_python_reads_tables(tmp_path: Path, name: str) -> None:
    write_events(name, SPANS, tmp_path / "a")

    with (tmp_path / "a").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file)) if name == "csv" else [json.loads(line) for line in file]

    assert [(float(row["onset_s"]), float(row["offset_s"])) for row in rows] == TIMES
    assert rows[2]["label"] == "Bärlauch\t„laut“"
    assert rows[3]["onset_at"] == "2023-11-14T22:13:20.250Z"
