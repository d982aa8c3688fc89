"""The frame head learns when from labels of whole clips, and all else of a frozen model stays as it was."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from core.errors import UserError
from core.inference.frame_tagging import tag_file_frames
from core.inference.tagger import load_tagger
from core.labels import LabelSet
from core.model.architecture import TransformerConfig
from core.model.checkpoints.checkpoint import Checkpoint, save_checkpoint
from core.model.checkpoints.loading import load_checkpoint
from core.model.merging.schedule import MergeSchedule
from core.model.networks.spectrogram_transformer import AudioSpectrogramTransformer
from core.model.networks.token_grid import column_times_s
from core.run.messages import TrainingFinished, TrainingMessage
from fakes import tiny_checkpoint
from tests.training.runs import PLAIN, SMALL, small
from training.config.loading import load_recipe
from training.config.recipe import TrainConfig
from training.loop.runner import train
from training.model.building import build_model
from training.model.frame_head_loss import (
    SplicedClips,
    freeze_norms_and_dropout,
    linear_softmax,
    splice_clips,
    summed_frame_loss,
)
from training.optimisation.optimiser import summed_loss

FRAME_HEAD = [setting for setting in SMALL if not setting.startswith(("variant=", "init=", "epochs="))]
N_FRAMES, N_MELS = 120, 64
TONES = TransformerConfig(*(2, N_MELS, N_FRAMES), stride_mels=16, embed_dim=48, depth=2, num_heads=3, frame_head=True)


def everywhere(logits: Tensor) -> Tensor:
    return torch.ones_like(logits, dtype=torch.bool)


@given(st.integers(1, 12), st.floats(-6, 6), st.integers(0, 10_000))
@settings(max_examples=50, deadline=None)
def test_pooling_is_the_sum_of_squares_over_the_sum(n_columns: int, level: float, seed: int) -> None:
    logits = torch.randn(2, n_columns, 3, generator=torch.Generator().manual_seed(seed)) * 2 + level
    p = logits.double().sigmoid()
    y = (p**2).sum(dim=1) / p.sum(dim=1)
    log_y, log_not_y = linear_softmax(logits, everywhere(logits))
    torch.testing.assert_close(log_y.exp().double(), y, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(log_not_y.exp().double(), 1 - y, atol=1e-5, rtol=1e-4)


def test_columns_left_out_have_no_say_and_no_gradient() -> None:
    logits = torch.randn(1, 6, 1)
    where = torch.tensor([True, False, True, True, False, False])[None, :, None]
    logits.requires_grad_(True)
    log_y, _ = linear_softmax(logits, where)
    chosen = logits[:, [0, 2, 3]]
    torch.testing.assert_close(log_y, linear_softmax(chosen, everywhere(chosen))[0])
    log_y.sum().backward()
    assert logits.grad is not None
    assert (logits.grad[~where] == 0).all()


def test_a_single_column_has_the_loss_of_a_clip() -> None:
    logits, targets = torch.randn(5, 1, 3), torch.rand(5, 3)
    clips = SplicedClips(torch.zeros(5, 1, 1), targets, targets, everywhere(logits))
    torch.testing.assert_close(summed_frame_loss(logits, clips), summed_loss("bce", logits[:, 0], targets))


def test_sure_columns_raise_a_label_that_is_there_and_unsure_ones_fall() -> None:
    logits = torch.tensor([2.0, -2.0])[None, :, None].requires_grad_(True)
    there = torch.ones(1, 1)
    summed_frame_loss(logits, SplicedClips(torch.zeros(1, 2, 1), there, there, everywhere(logits))).backward()
    assert logits.grad is not None
    assert logits.grad[0, 0, 0] < 0 < logits.grad[0, 1, 0]


@pytest.mark.parametrize("level", [-200.0, -30.0, 30.0, 200.0])
def test_extreme_columns_keep_loss_and_gradient_finite(level: float) -> None:
    logits = torch.full((2, 40, 3), level, requires_grad=True)
    where = torch.zeros(2, 40, 3, dtype=torch.bool)
    where[0, :20], where[1, :, 0] = True, True
    there = where.any(dim=1).float()
    loss = summed_frame_loss(logits, SplicedClips(torch.zeros(1), there, there, where))
    loss.backward()
    assert logits.grad is not None
    assert torch.isfinite(loss)
    assert torch.isfinite(logits.grad).all()


@pytest.mark.parametrize("loss", ["bce", "ce"])
def test_each_column_of_a_spliced_window_has_the_labels_of_its_clip(loss: str) -> None:
    """Clip i is i all over and has label i, so that a window tells of each frame whose it is."""
    torch.manual_seed(0)
    log_mel = torch.arange(8.0)[:, None, None].expand(8, N_FRAMES, N_MELS)
    spliced = splice_clips(log_mel, torch.eye(8), TONES, loss)
    owners = spliced.log_mel[:, :, 0].long()  # (B, T)
    centres = np.round(column_times_s(TONES, N_FRAMES) * 100 - 1.25).astype(int)
    for window, where, target in zip(owners, spliced.where, spliced.targets, strict=True):
        assert where.sum(dim=1).tolist() == [1] * where.shape[0]
        at_centres = window[centres]
        # A splice that falls between a column's centre and the frame that begins there may count either way.
        assert (where.float().argmax(dim=1) != at_centres).sum() <= 2
        if loss == "ce":
            torch.testing.assert_close(target, torch.bincount(window, minlength=8) / N_FRAMES)
        else:
            assert set(target.nonzero()[:, 0].tolist()) == set(where.any(dim=0).nonzero()[:, 0].tolist())
    assert (owners != torch.arange(8)[:, None]).any()
    assert torch.equal(spliced.present, spliced.where.any(dim=1).float())


@pytest.mark.parametrize("loss", ["bce", "ce"])
def test_a_label_that_is_certain_is_learnt_as_certain_whatever_its_share(loss: str) -> None:
    """With logits of its own for every column and label, nothing but the target keeps a probability from 1."""
    torch.manual_seed(0)
    spliced = splice_clips(torch.zeros(8, N_FRAMES, N_MELS), torch.eye(8), TONES, loss)
    logits = torch.zeros(spliced.where.shape, requires_grad=True)
    optimiser = torch.optim.Adam([logits], lr=0.2)
    for _ in range(60):
        optimiser.zero_grad()
        summed_frame_loss(logits, spliced).backward()
        optimiser.step()
    p = logits.detach().sigmoid()
    assert p[spliced.where].min() > 0.98
    assert p[~spliced.where].max() < 0.02


def tones(n_clips: int, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Noise, with a tone of one pitch or the other in two clips of three: log-mel, labels, first and last frame."""
    log_mel = torch.randn(n_clips, N_FRAMES, N_MELS, generator=generator) * 0.5
    labels = torch.zeros(n_clips, 2)
    first = torch.randint(15, 60, (n_clips,), generator=generator)
    last = first + torch.randint(25, 50, (n_clips,), generator=generator)
    for i in range(n_clips):
        if (pitch := i % 3) < 2:
            log_mel[i, first[i] : last[i], 20 + 25 * pitch : 26 + 25 * pitch] += 3.0
            labels[i, pitch] = 1.0
    return log_mel, labels, first, last


@pytest.fixture(scope="module")
def taught() -> AudioSpectrogramTransformer:
    """A model that has learnt from the labels alone, never from a place."""
    torch.manual_seed(0)
    generator = torch.Generator().manual_seed(0)
    model = AudioSpectrogramTransformer(TONES)
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for _ in range(150):
        log_mel, labels, _, _ = tones(16, generator)
        spliced = splice_clips(log_mel, labels, TONES, "bce")
        of_clips, of_columns = model.clip_and_frame_logits(spliced.log_mel)
        loss = summed_frame_loss(of_columns, spliced) + summed_loss("bce", of_clips, spliced.targets)
        optimiser.zero_grad()
        (loss / 16).backward()
        optimiser.step()
    return model.eval()


@pytest.mark.slow
@pytest.mark.parametrize("r", [0, 8])
def test_onsets_are_found_within_a_column(taught: AudioSpectrogramTransformer, r: int) -> None:
    log_mel, labels, first, last = tones(60, torch.Generator().manual_seed(1))
    with torch.inference_mode():
        merge = MergeSchedule("constant", r)
        heard = taught.frame_logits(log_mel, merge=merge) > 0  # (clips, columns, labels)
    times_s = column_times_s(TONES, N_FRAMES)
    onsets, offsets = [], []
    for i in range(60):
        if not labels[i].any():
            assert not heard[i].any()
            continue
        columns = heard[i, :, int(labels[i].argmax())].nonzero()[:, 0]
        assert len(columns)
        onsets.append(abs(times_s[columns[0]] - first[i].item() / 100))
        offsets.append(abs(times_s[columns[-1]] - last[i].item() / 100))
    # A column is 100 ms from the next one, and hears 175 ms.
    assert np.mean(np.array(onsets) <= 0.1) > 0.9
    assert np.mean(np.array(offsets) <= 0.175) > 0.9


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint that knows noise and tones, with thresholds and a calibration of its own."""
    checkpoint = tiny_checkpoint(
        labels=LabelSet.from_ids(["dog", "noise", "rain", "tone"]),
        thresholds=(0.1, 0.2, 0.3, 0.4),
        calibration=((2.0, 0.5), (1.0, 0.0), (0.5, 0.0), (1.5, -1.0)),
    )
    path = tmp_path_factory.mktemp("start") / "checkpoint"
    save_checkpoint(checkpoint, path)
    return path


def recipe(start: Path | str, *more: str) -> TrainConfig:
    return load_recipe("frame-head", [*FRAME_HEAD, *PLAIN, f"init={start}", "epochs=1", *more])


@pytest.mark.slow
def test_the_frame_head_alone_learns_and_the_last_layer_says_what_it_said(
    start: Path, data: Path, tmp_path: Path
) -> None:
    messages: list[TrainingMessage] = []
    train(recipe(start), data, tmp_path, messages.append)
    finished = messages[-1]
    assert isinstance(finished, TrainingFinished)
    before, after = load_checkpoint(start), load_checkpoint(Path(finished.checkpoint))
    assert isinstance(after.config.model, TransformerConfig)
    assert after.config.model.frame_head
    assert [label.id for label in after.config.labels] == ["noise", "tone"]
    kept = [1, 3]
    for name, tensor in before.weights.items():
        expected = tensor[kept] if name.startswith("mlp_head.1.") else tensor
        assert torch.equal(after.weights[name], expected), name
    assert after.config.thresholds == tuple(before.config.thresholds[i] for i in kept)
    assert after.config.calibration == tuple(before.config.calibration[i] for i in kept)
    card = (Path(finished.checkpoint) / "README.md").read_text()
    assert "Its frame head tells when" in card
    assert "whose last layer was kept. The thresholds" in card

    old, new = load_tagger(str(start), device="cpu"), load_tagger(finished.checkpoint, device="cpu")
    frames = np.random.default_rng(0).normal(-5, 2, (300, 128)).astype(np.float32)
    np.testing.assert_allclose(new.tag(frames).probabilities, old.tag(frames).probabilities[kept], atol=1e-6)
    rows = list(tag_file_frames(data / "tone" / "tone0.wav", new))
    assert sum(len(row.times_s) for row in rows) == 8  # of 0.75 s


def test_what_is_frozen_moves_no_running_statistics() -> None:
    config = replace(TONES, n_mels=128, stem="residual", stride_mels=32, stride_frames=16)
    model = AudioSpectrogramTransformer(config, drop_path=0.5).requires_grad_(False)
    assert model.frame_head is not None
    model.frame_head.requires_grad_(True)
    model.train()
    freeze_norms_and_dropout(model)
    before = [buffer.clone() for buffer in model.buffers()]
    log_mel = torch.randn(2, 64, 128)
    assert torch.equal(model(log_mel), model(log_mel))
    assert all(torch.equal(buffer, other) for buffer, other in zip(before, model.buffers(), strict=True))
    assert model.frame_head.training


@pytest.mark.slow
def test_a_whole_model_learns_beside_its_frame_head(data: Path, tmp_path: Path) -> None:
    messages: list[TrainingMessage] = []
    train(small(*PLAIN, "frame_loss=1", "epochs=1", "merge_r_training=2"), data, tmp_path, messages.append)
    finished = messages[-1]
    assert isinstance(finished, TrainingFinished)
    assert load_tagger(finished.checkpoint, device="cpu").has_frame_head


@pytest.mark.slow
def test_a_run_that_goes_on_is_the_run_that_never_stopped(start: Path, data: Path, tmp_path: Path) -> None:
    from training.loop.control import RunControl

    control = RunControl()
    control.request("stop")
    train(recipe(start, "epochs=2"), data, tmp_path / "broken", lambda _message: None, control=control)
    train(recipe(start, "epochs=2"), data, tmp_path / "broken", lambda _message: None, resume=True)
    train(recipe(start, "epochs=2"), data, tmp_path / "whole", lambda _message: None)
    broken, whole = (load_checkpoint(tmp_path / name / "checkpoint").weights for name in ("broken", "whole"))
    assert all(torch.equal(broken[name], whole[name]) for name in broken)


def test_a_model_without_a_loss_for_it_loses_its_frame_head(data: Path, tmp_path: Path) -> None:
    """Otherwise it would go on saying what an earlier backbone, or other labels, meant."""
    labels = LabelSet.from_ids(["noise", "tone"])
    config = replace(tiny_checkpoint().config.model, n_labels=2, frame_head=True)
    assert isinstance(config, TransformerConfig)
    described = replace(tiny_checkpoint().config, model=config, labels=labels, thresholds=(0.5, 0.5))
    save_checkpoint(Checkpoint(described, AudioSpectrogramTransformer(config).state_dict()), tmp_path / "frames")
    settings = [f"init={tmp_path / 'frames'}", "variant="]
    without = build_model(small(*settings), labels)
    assert isinstance(without.model, AudioSpectrogramTransformer)
    assert without.model.frame_head is None
    again = build_model(small(*settings, "frame_loss=1", "patch_drop=0"), labels)
    assert isinstance(again.model, AudioSpectrogramTransformer)
    assert again.model.frame_head is not None
    stored = load_checkpoint(tmp_path / "frames").weights["frame_head.1.weight"].float()
    assert torch.equal(again.model.frame_head[1].weight, stored)  # pyright: ignore[reportArgumentType]
    assert again.new_names == ()


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ((), "does not know Noise"),
        (("loss=ce",), "gives sigmoid probabilities"),
        (("init=", "variant=nano"), "random weights"),
        (("init=", "variant=cnn-resnet18"), "no patches, no LayerNorms and no frame head"),
    ],
)
def test_a_frozen_model_that_cannot_be_right_is_refused(start: Path, more: tuple[str, ...], problem: str) -> None:
    labels = LabelSet.from_ids(["dog", "noise"])
    if not more:
        ignorant = start.parent / "ignorant"
        save_checkpoint(tiny_checkpoint(), ignorant)
        more = (f"init={ignorant}",)
    with pytest.raises(UserError, match=problem):
        build_model(recipe(start, *more), labels)


def test_the_recipe_asks_for_a_model() -> None:
    with pytest.raises(UserError, match="init=CHECKPOINT"):
        build_model(load_recipe("frame-head"), LabelSet.from_ids(["dog"]))
