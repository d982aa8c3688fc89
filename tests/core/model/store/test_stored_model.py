"""A model on disk is opened without its weights, which are checked when they are read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from core.errors import UserError
from core.model.checkpoints.checkpoint import Checkpoint, save_checkpoint
from core.model.store.stored_model import StoredModel, open_model
from fakes import telling_checkpoint, tiny_checkpoint


@pytest.mark.parametrize("name", ["model", "model.safetensors"])
def test_what_is_opened_is_what_is_loaded(tmp_path: Path, name: str) -> None:
    save_checkpoint(tiny_checkpoint(), tmp_path / name)
    opened = open_model(tmp_path / name)
    assert isinstance(opened, StoredModel)
    loaded = opened.load()
    assert loaded.config == opened.config
    assert loaded.weights_hash == opened.weights_hash
    assert np.array_equal(loaded.thresholds, opened.thresholds)


def test_padding_is_the_user_s_and_other_strides_need_the_weights(tmp_path: Path) -> None:
    save_checkpoint(tiny_checkpoint(pad_to_window=True), tmp_path / "model")
    opened = open_model(tmp_path / "model", no_pad=True)
    assert isinstance(opened, StoredModel)
    assert not opened.config.pad_to_window
    assert not opened.load().config.pad_to_window
    assert isinstance(open_model(tmp_path / "model", (16, 8)), Checkpoint)


def test_a_model_that_was_replaced_meanwhile_is_not_taken_for_the_old_one(tmp_path: Path) -> None:
    save_checkpoint(tiny_checkpoint(), tmp_path / "model")
    opened = open_model(tmp_path / "model")
    save_checkpoint(telling_checkpoint(), tmp_path / "model")
    with pytest.raises(UserError, match="changed"):
        opened.load()


def test_weights_of_another_checkpoint_are_told_when_it_is_opened(tmp_path: Path) -> None:
    for name, dtype in (("one", torch.float16), ("two", torch.float32)):
        save_checkpoint(tiny_checkpoint(), tmp_path / name, dtype=dtype)
    (tmp_path / "two" / "model.safetensors").rename(tmp_path / "one" / "model.safetensors")
    with pytest.raises(UserError, match="different checkpoints"):
        open_model(tmp_path / "one")


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no model at"):
        open_model(tmp_path / "nothing")
