"""A frozen model that was trained on zero frames behind short clips goes on hearing them, in steps and in figures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from core.inference.tagger import load_tagger
from core.labels import LabelSet
from core.model.checkpoints.checkpoint import save_checkpoint
from core.model.networks.spectrogram_transformer import AudioSpectrogramTransformer, TokenState
from core.run.messages import TrainingFinished
from fakes import tiny_checkpoint
from tests.training.runs import PLAIN, SMALL
from training.config.loading import load_recipe
from training.config.recipe import TrainConfig
from training.evaluation.ensemble import tag_whole
from training.evaluation.publish import Predictions, PublishedRun, publish
from training.loop.runner import train
from training.model.zero_padding import ZeroPadding, kept_zero_padding


def recipe(start: str) -> TrainConfig:
    cut_down = [setting for setting in SMALL if not setting.startswith(("variant=", "init=", "epochs="))]
    return load_recipe("frame-head", [*cut_down, *PLAIN, f"init={start}", "epochs=1"])


@pytest.mark.slow
def test_a_model_that_was_trained_with_zero_frames_keeps_them_and_is_measured_with_them(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the loop says of the clips, in steps and in figures, is what the tagger of the checkpoint will say."""
    start, widths = tmp_path / "padded", set[int]()
    described = tiny_checkpoint(labels=LabelSet.from_ids(["dog", "noise", "rain", "tone"]), pad_to_window=True)
    torch.nn.init.normal_(described.weights["mlp_head.1.weight"])
    save_checkpoint(described, start)
    forward = AudioSpectrogramTransformer.tokens

    def tokens(model: AudioSpectrogramTransformer, log_mel: Tensor, **merging: Any) -> TokenState:
        widths.add(log_mel.shape[1])
        return forward(model, log_mel, **merging)

    monkeypatch.setattr(AudioSpectrogramTransformer, "tokens", tokens)
    tested: list[Predictions] = []

    def publish_and_keep(run: PublishedRun, out: Path) -> TrainingFinished:
        assert run.test is not None
        tested.append(run.test)
        return publish(run, out)

    monkeypatch.setattr("training.loop.final_evaluation.publish", publish_and_keep)
    train(recipe(str(start)), data, tmp_path / "run", lambda _message: None)
    assert widths == {1024}
    [test] = tested
    tagger = load_tagger(str(tmp_path / "run" / "checkpoint"), device="cpu")
    np.testing.assert_allclose(1 / (1 + np.exp(-test.logits)), tag_whole(tagger, test.clips), atol=1e-5)


@pytest.mark.parametrize("changes", [{"pad_to_window": False}, {"pad_to_window": True, "freeze": False}])
def test_a_model_that_learns_or_was_trained_without_gets_no_zero_frames(changes: dict[str, bool]) -> None:
    config = recipe("starter").with_settings(freeze=changes.get("freeze", True))
    start = replace(tiny_checkpoint().config, pad_to_window=changes["pad_to_window"])
    assert kept_zero_padding(config, start, start.log_mel) == ZeroPadding()
