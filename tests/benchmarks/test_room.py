"""The room's benchmark runs on synthetic data from clips to table, and backgrounds hold no labelled sound."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile

from benchmarks.listening.material import background_recordings, backgrounds, clips_of, scenes
from benchmarks.listening.scenes import SETTINGS
from benchmarks.listening.score_tables import load_sed_scores_eval
from core.errors import UserError
from core.model.checkpoints.loading import load_checkpoint
from core.model.store.find import find_weights
from rig.waiting import PATIENCE_S

REPOSITORY = Path(__file__).resolve().parents[2]
RATE = 16_000
ONTOLOGY = [
    {"id": "/m/1", "name": "Animal", "child_ids": ["/m/2", "/m/3"]},
    {"id": "/m/2", "name": "Dog", "child_ids": []},
    {"id": "/m/3", "name": "Cat", "child_ids": []},
]


def write_set(folder: Path, rows: Sequence[tuple[str, str]], length_s: float = 2.0) -> None:
    """A folder of tones with a manifest; rows: `(label, fold or split)`."""
    (folder / "audio").mkdir(parents=True)
    with (folder / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "label", "fold_or_split"])
        for number, (label, side) in enumerate(rows):
            tone = np.sin(np.arange(round(length_s * RATE)) * 0.05 * (number + 1)) * 0.5
            soundfile.write(folder / "audio" / f"{number}.wav", tone, RATE)
            writer.writerow([f"audio/{number}.wav", label, side])


@pytest.fixture
def data(tmp_path: Path) -> Path:
    write_set(tmp_path / "esc50", [(label, fold) for fold in "45" for label in ("dog", "cat", "rain", "dog", "cat")])
    write_set(tmp_path / "room_tone_quiet", [("room_tone", "test"), ("room_tone", "train")])
    write_set(tmp_path / "household_noise", [("air_conditioner", "test"), ("vacuum_cleaner", "test")])
    (tmp_path / "audioset_ontology").mkdir()
    (tmp_path / "audioset_ontology" / "ontology.json").write_text(json.dumps(ONTOLOGY), encoding="utf-8")
    return tmp_path


def test_only_clips_of_the_fold_and_of_the_settings_classes_sound(data: Path) -> None:
    clips = clips_of(data / "esc50", "5", SETTINGS["plain"])

    assert sorted(label for label, _ in clips) == ["cat", "cat", "dog", "dog"]
    assert {int(path.stem) for _, path in clips} == {5, 6, 8, 9}
    assert len(clips_of(data / "esc50", "5", SETTINGS["hard"])) == 5


def test_long_times_are_several_scenes(data: Path) -> None:
    clips = clips_of(data / "esc50", "5", SETTINGS["plain"])
    lengths = [scene.duration_s for scene in scenes(clips, SETTINGS["plain"], 15.0, seed=1)]

    assert sum(lengths) == 900.0
    assert max(lengths) <= 600.0


def test_a_background_is_made_of_test_clips_without_labelled_sounds(data: Path) -> None:
    assert len(background_recordings(data)) == 2

    (scene,) = backgrounds(data, 1.0, seed=1)
    assert scene.sounds == ()
    assert scene.duration_s == 60.0


@pytest.mark.slow
def test_the_benchmark_prints_a_row_for_each_reading_and_keeps_all_figures(data: Path, tmp_path: Path) -> None:
    try:
        load_sed_scores_eval()
    except UserError as error:
        pytest.skip(str(error))
    words = ["--data", str(data), "--systems", "live,window", "--minutes", "1", "--background-minutes", "0.2"]
    command = [sys.executable, "benchmarks/room.py", *words, "--out", str(tmp_path / "room.json")]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=PATIENCE_S)

    assert done.returncode == 0, done.stderr
    readings = json.loads((tmp_path / "room.json").read_text())["readings"]
    name = load_checkpoint(find_weights("starter")).config.name
    assert set(readings) == {f"{name}, live", f"{name}, 10 s window"}
    for reading, figures in readings.items():
        assert figures["sounds"] > 0
        assert 0 <= figures["recall"] <= 1
        assert f"| {reading} | {figures['recall']:.2f} |" in done.stdout
