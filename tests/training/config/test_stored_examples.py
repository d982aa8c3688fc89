"""What was written before the settings of a recipe were grouped still loads, resumes and compares: a recipe, a
run.json, the config.json of a checkpoint, the settings in a state file, and the ledger of a study. They lie in
`stored/`, as Soundmark 0.1 wrote them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from core.errors import UserError
from core.model.checkpoints.checkpoint import CheckpointConfig
from core.run.messages import TrainingFinished, TrainingMessage
from core.run.run_folder import STATE_NAME
from tests.training import runs as _variants  # noqa: F401 — the stored run is of a variant for tests
from training.cli.train import read_description
from training.config.loading import load_recipe
from training.config.recipe import DEFAULTS, TrainConfig
from training.loop.runner import train
from training.study.ledger import read_ledger
from training.study.loading import load_study

STORED = Path(__file__).parent / "stored"


def stored_settings() -> dict[str, Any]:
    return json.loads((STORED / "settings.json").read_text())


def stored_run() -> TrainConfig:
    described = read_description(STORED)
    return load_recipe(str(STORED / described.recipe), list(described.settings))


def settings_now() -> dict[str, Any]:
    """The stored ones, and the defaults of those that came later."""
    return as_json(DEFAULTS) | stored_settings()


def as_json(value: Any) -> Any:
    """As it comes back from a file: lists in place of tuples."""
    return json.loads(json.dumps(value))


def test_a_stored_run_has_the_settings_that_it_had() -> None:
    assert read_description(STORED).data == "sounds"
    assert as_json(stored_run().to_flat()) == settings_now()
    assert stored_settings().keys() <= DEFAULTS.keys(), "no setting is gone"


def test_the_settings_lie_in_their_groups() -> None:
    config = stored_run()
    assert (config.name, config.title, config.start.variant) == ("tones", "Tones", "nano")
    assert (config.data.validation_share, config.data.sampler) == (0.25, "capped")
    assert (config.optimisation.betas, config.optimisation.decay_after) == ((0.95, 0.999), (1,))
    assert (config.augmentation.lengths_s, config.augmentation.mixup_fold) == ((0.5, 0.5), False)
    assert (config.result.merge_kind, config.running.seed) == ("decreasing", 7)


def test_a_stored_checkpoint_loads_with_its_recipe() -> None:
    config = CheckpointConfig.from_json((STORED / "config.json").read_text(), STORED)
    assert config.provenance["recipe"] == stored_settings()


@pytest.mark.slow
def test_a_stored_run_resumes(data: Path, tmp_path: Path) -> None:
    with_stored_settings(data, tmp_path, stored_settings())
    messages: list[TrainingMessage] = []
    train(stored_run(), data, tmp_path, messages.append, resume=True)
    finished = messages[-1]
    assert isinstance(finished, TrainingFinished)
    published = json.loads((Path(finished.checkpoint) / "config.json").read_text())
    assert published["provenance"]["recipe"] == settings_now()


@pytest.mark.slow
def test_a_setting_from_after_the_run_is_as_it_was_before(data: Path, tmp_path: Path) -> None:
    without = {key: value for key, value in stored_settings().items() if key not in ("row_drop", "matcher")}
    with_stored_settings(data, tmp_path, without)
    train(stored_run(), data, tmp_path, lambda _message: None, resume=True)
    with pytest.raises(UserError, match="row_drop"):
        train(stored_run().with_settings(row_drop=0.5), data, tmp_path, lambda _message: None, resume=True)


@pytest.mark.slow
def test_a_stored_run_does_not_resume_with_other_settings(data: Path, tmp_path: Path) -> None:
    with_stored_settings(data, tmp_path, {**stored_settings(), "mixup": 0.5, "betas": [0.9, 0.98]})
    with pytest.raises(UserError, match="betas, mixup"):
        train(stored_run(), data, tmp_path, lambda _message: None, resume=True)


def test_the_cells_of_a_stored_study_are_the_ones_in_its_ledger() -> None:
    study, ledger = load_study(str(STORED / "rates.toml")), read_ledger(STORED / "ledger.jsonl")
    cells = list(study.cells())
    entries = [ledger.finished(cell.name, cell.digest) for cell in cells]
    assert [entry.metrics["accuracy"] for entry in entries if entry] == [0.5 + i / 16 for i in range(8)]
    assert len(cells) == len(ledger.entries)


def with_stored_settings(data: Path, out: Path, settings: dict[str, Any]) -> None:
    """The run of today's code in `out`, its state as one with these settings wrote it."""
    train(stored_run(), data, out, lambda _message: None)
    state = torch.load(out / STATE_NAME, weights_only=True)
    pickled = {key: tuple(value) if isinstance(value, list) else value for key, value in settings.items()}
    torch.save({**state, "config": pickled}, out / STATE_NAME)
    shutil.rmtree(out / "checkpoint")
