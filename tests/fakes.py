"""Stand-ins for tests: a source that plays blocks at once, and tiny models with known answers."""

from __future__ import annotations

import wave
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from core.audio.block import AudioBlock
from core.audio.log_mel import LogMel, LogMelConfig
from core.audio.sources.source import SourceEnded
from core.errors import UserError
from core.inference.tagger import Tagger
from core.labels import LabelSet
from core.model.architecture import TransformerConfig
from core.model.checkpoints.checkpoint import Checkpoint, CheckpointConfig
from core.model.merging.schedule import NO_MERGING, MergeSchedule
from core.model.networks.spectrogram_transformer import AudioSpectrogramTransformer

LABELS = ("dog", "rain", "siren", "clock_tick")


def tiny_checkpoint(merge: MergeSchedule = NO_MERGING, **changes: Any) -> Checkpoint:
    """A random model of two narrow layers with four labels and the real window of 1024 frames."""
    model = TransformerConfig(
        n_labels=len(LABELS), stride_frames=16, stride_mels=16, embed_dim=24, depth=2, num_heads=2
    )
    torch.manual_seed(0)
    values: dict = {
        "name": "Tiny",
        "variant": "ast-tiny-16",
        "model": model,
        "log_mel": LogMelConfig(),
        "labels": LabelSet.from_ids(LABELS),
        "thresholds": (0.5,) * len(LABELS),
        "merge": merge,
        "provenance": {"data": "none"},
        **changes,
    }
    return Checkpoint(CheckpointConfig(**values), AudioSpectrogramTransformer(model).state_dict())


def tiny_tagger(merge: str = "auto", **changes: Any) -> Tagger:
    """A Tagger of `tiny_checkpoint` on the CPU."""
    return Tagger(tiny_checkpoint(**changes), device="cpu", merge=merge)


class ListSource:
    """Gives the blocks of a list, one a read, as fast as they are taken; then ends, or goes on giving nothing."""

    def __init__(self, blocks: list[AudioBlock], *, ends: bool = True, fails: UserError | None = None) -> None:
        self.name = "Listed"
        self.is_live = True
        self.sample_rate = blocks[0].sample_rate if blocks else 16_000
        self.dropped_blocks = 0
        self.latency_s = 0.0
        self.trouble: UserError | None = None
        self.is_open = False
        self._blocks, self._ends, self._fails = list(blocks), ends, fails

    def open(self) -> None:
        if self._fails is not None:
            raise self._fails
        self.is_open = True

    def read(self, timeout_s: float) -> AudioBlock | None:
        del timeout_s
        if self._blocks:
            return self._blocks.pop(0)
        if self._ends:
            raise SourceEnded
        return None

    def close(self) -> None:
        self.is_open = False


def noise_blocks(seconds: float, rate: int = 16_000, block: int = 800, first: int = 0) -> list[AudioBlock]:
    """White noise at -20 dBFS in equal blocks."""
    samples = np.random.default_rng(0).normal(0, 0.1, round(seconds * rate)).astype(np.float32)
    return [AudioBlock(samples[i : i + block], first + i, rate) for i in range(0, len(samples), block)]


def telling_checkpoint(**changes: Any) -> Checkpoint:
    """The tiny model with a frame head whose answers differ from column to column."""
    plain = tiny_checkpoint(**changes).config
    assert isinstance(plain.model, TransformerConfig)
    config = replace(plain.model, frame_head=True)
    torch.manual_seed(0)
    model = AudioSpectrogramTransformer(config)
    assert model.frame_head is not None
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.2)
    return Checkpoint(replace(plain, model=config), model.state_dict())


def telling_tagger(merge: str = "off", **changes: Any) -> Tagger:
    return Tagger(telling_checkpoint(**changes), device="cpu", merge=merge)


def write_noise(path: Path, seconds: float) -> np.ndarray:
    """Noise that swells and fades, as a wav file; its log-mel frames."""
    n = round(seconds * 16_000)
    swell = 0.01 + 0.1 * np.abs(np.sin(np.arange(n) / 16_000))
    samples = (np.random.default_rng(0).normal(0, 1, n) * swell * 8_000).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(samples.tobytes())
    return LogMel()((samples / 32_768).astype(np.float32))
