"""The clips of a run come with their normalisation, and with an identity that tells other data apart."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from core.audio.log_mel import LogMelConfig
from core.errors import UserError
from core.run.messages import TrainingMessage, TrainingPreparing
from tests.training.runs import small, write_clips
from training.config.recipe import TrainConfig
from training.data.clip_frames import frame_statistics
from training.data.run_data import RunData, load_run_data


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_clips(tmp_path / "sounds", n_clips=5)


def load(folder: Path, config: TrainConfig | None = None, start: LogMelConfig | None = None) -> RunData:
    return load_run_data(config or small(), folder, start, lambda _message: None)


def test_the_statistics_are_those_of_the_training_clips(data: Path) -> None:
    loaded = load(data)
    assert (len(loaded.train), loaded.validation, len(loaded.test or ())) == (8, None, 2)
    mean, std = frame_statistics(loaded.train)
    assert (loaded.log_mel.mean, loaded.log_mel.std) == pytest.approx((mean, std), abs=1e-4)


def test_a_recipe_or_else_the_initial_checkpoint_decides_on_statistics(data: Path) -> None:
    start = LogMelConfig(mean=-3.0, std=5.0)
    assert load(data, start=start).log_mel == start
    of_recipe = load(data, small("mean=-2", "std=4"), start).log_mel
    assert (of_recipe.mean, of_recipe.std) == (-2.0, 4.0)
    assert load(data, small("mel_window=hamming"), start).log_mel == replace(start, window="hamming")


def test_progress_is_reported_for_each_side_and_ends_with_all(data: Path) -> None:
    messages: list[TrainingMessage] = []
    load_run_data(small("validation_folds=4"), data, None, messages.append)
    ends = {message.what: message for message in messages if isinstance(message, TrainingPreparing)}
    assert [(message.done, message.total) for message in ends.values()] == [(6, 6), (2, 2), (2, 2)]


def test_data_that_moved_are_the_same_and_other_data_are_not(data: Path, tmp_path: Path) -> None:
    identity = load(data).identity()
    moved = shutil.move(data, tmp_path / "moved")
    assert load(Path(moved)).identity() == identity
    listing = Path(moved) / "manifest.csv"
    listing.write_text(listing.read_text().replace("tone0.wav,tone,1", "tone0.wav,tone,2"))
    other = load(Path(moved)).identity()
    assert other["labels"] == identity["labels"]
    assert other["clips"] != identity["clips"]


def test_parts_of_files_are_told_apart_by_where_they_are(data: Path) -> None:
    def identity_of(end_s: float) -> object:
        lines = [f"tone/tone{i}.wav,{'noise' if i % 2 else 'tone'},{i % 5 + 1},0,{end_s}" for i in range(5)]
        path = data / "list.csv"
        path.write_text("\n".join(["path,label,fold,start_s,end_s", *lines]) + "\n")
        return load(path).identity()["clips"]

    assert identity_of(0.4) != identity_of(0.3)
    assert identity_of(0.4) == identity_of(0.4)


def test_digital_silence_is_refused(tmp_path: Path) -> None:
    for label in ("noise", "tone"):
        (tmp_path / "silent" / label).mkdir(parents=True)
        for i in range(3):
            soundfile.write(tmp_path / "silent" / label / f"{label}{i}.wav", np.zeros(8000 + 160 * i), 16_000)
    with pytest.raises(UserError, match="silence"):
        load(tmp_path / "silent", small("test_folds="))
