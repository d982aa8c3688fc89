"""Small data and small recipes for the tests of whole runs. No test by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import soundfile
import torch
from numpy.typing import NDArray

from core.audio.log_mel import LogMelConfig
from core.labels import LabelSet
from core.model.architecture import ConvolutionConfig, TransformerConfig
from core.model.checkpoints.checkpoint import Checkpoint, CheckpointConfig, save_checkpoint
from core.model.networks.build import build_network, last_layer
from core.model.variants import MODEL_VARIANTS, ModelVariant, find_variant
from core.run.messages import TrainingMessage
from core.run.run_folder import STATE_NAME
from training.config.loading import load_recipe
from training.config.recipe import TrainConfig
from training.data.clip_frames import ClipFrames
from training.loop.control import RunControl
from training.loop.runner import train

_TINY = MODEL_VARIANTS["ast-tiny-16"].model
assert isinstance(_TINY, TransformerConfig)
_NANO = replace(_TINY, embed_dim=48, num_heads=3, depth=3, level="window", pooling="mean")
for _row in (
    ModelVariant("nano", "Nano", "for tests: milliseconds a step", _NANO),
    ModelVariant("nano-cnn", "Nano", "the same", ConvolutionConfig(2, backbone="test_resnet", level="window")),
    ModelVariant("nano-residual", "Nano", "the same", replace(_NANO, stem="residual", stride_mels=32)),
):
    MODEL_VARIANTS[_row.name] = _row

SMALL = (
    *("variant=nano", "epochs=2", "batch_size=8", "lengths_s=0.5", "length_weights=1", "warmup_epochs=0"),
    *("evaluate_every=1", "ramp_epochs=0", "test_folds=5", "precision=fp32", "collection=", "merge_r=0"),
    *("sampler=shuffle", "overlay=0", "workers=0", "threads=1", "init=", "new_rate_factor=1"),
)
PLAIN = (
    *("mixup=0", "background=0", "drop_path=0", "patch_drop=0", "freq_masks=0", "time_masks=0", "noise_db=0"),
    *("tilt_db=0", "gain_db=0", "warp_time=0", "warp_mels=0", "lowpass=0", "ema_decay=0.5", "learning_rate=3e-3"),
)
"""No augmentation: what is learned is what is there."""


def write_clips(folder: Path, n_clips: int = 10) -> Path:
    """Two classes that differ plainly, noise and tones, of half a second; folds 1 to 5 in turn."""
    random = np.random.default_rng(0)
    lines = ["path,label,fold_or_split"]
    for name in ("noise", "tone"):
        (folder / name).mkdir(parents=True)
        for i in range(n_clips):
            t = np.arange(12_000) / 16_000
            sound = random.normal(0, 0.1, len(t)) if name == "noise" else 0.2 * np.sin(2 * np.pi * (500 + 50 * i) * t)
            soundfile.write(folder / name / f"{name}{i}.wav", sound, 16_000)
            lines.append(f"{name}/{name}{i}.wav,{name},{i % 5 + 1}")
    (folder / "manifest.csv").write_text("\n".join(lines) + "\n")
    return folder


def clips_in_memory(frames: Sequence[NDArray[np.float16]], targets: NDArray[np.float32]) -> ClipFrames:
    """Clips of arrays `(length, mels)` at hand. targets: float32 `(clips, labels)`."""
    return ClipFrames(np.array([len(clip) for clip in frames], np.int64), targets, frames.__getitem__)


def save_teacher(folder: Path, variant: str, data: str, seed: int) -> Path:
    """A checkpoint of random weights that are sure of what they say: the labels of `write_clips` in another order, and
    other statistics than those clips have."""
    torch.manual_seed(seed)
    labels = LabelSet.from_ids(["tone", "noise"])
    network = build_network(find_variant(variant).with_labels(2))
    torch.nn.init.normal_(last_layer(network).weight)
    described = CheckpointConfig(
        *(f"Owl {variant}", variant, network.config, LogMelConfig(mean=-5.0, std=4.0), labels, (0.5, 0.5)),
        provenance={"data": data, "test_folds": ["5"], "metrics": {"accuracy": 0.75}, "started_from": None},
    )
    save_checkpoint(Checkpoint(described, network.state_dict()), folder)
    return folder


def small(*settings: str, recipe: str = "esc50-scratch") -> TrainConfig:
    """A recipe cut down to seconds."""
    return load_recipe(recipe, [*SMALL, *settings])


def run(
    data: Path, out: Path, *settings: str, resume: bool = False, control: RunControl | None = None
) -> list[TrainingMessage]:
    """Train by a small recipe; all that it said."""
    messages: list[TrainingMessage] = []
    train(small(*settings), data, out, messages.append, control=control, resume=resume)
    return messages


def assert_same_run(first: Path, second: Path) -> None:
    """Of two output folders: the same step and, to the bit, the same weights."""
    ours, theirs = (torch.load(out / STATE_NAME, weights_only=True) for out in (first, second))
    assert ours["step"] == theirs["step"]
    for part in ("model", "average"):
        assert all(torch.equal(ours[part][name], theirs[part][name]) for name in ours[part])
