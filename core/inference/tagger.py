"""From a window of log-mel frames to probabilities, on the device that is there. Knows no stream and no file.

A Tagger holds nothing that changes after construction, so any number of threads may use one.
"""

from __future__ import annotations

import time
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from core.audio.log_mel import LogMelConfig
from core.errors import UserError
from core.inference.results import TagScores
from core.model.checkpoint import Checkpoint, load_checkpoint, to_probabilities
from core.model.token_merging import MergeSchedule
from core.model.variants import MODEL_VARIANTS, ModelVariant


class Tagger:
    """A model ready to tag.

    labels: what it can say. thresholds: float32 `(labels,)`, from where a class counts as heard.
    window_frames: the longest input it was made for. name, summary: for people.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        *,
        device: str = "auto",
        precision: str = "auto",
        merge: str = "auto",
    ) -> None:
        config = checkpoint.config
        self.device = choose_device(device)
        self._autocast_bf16 = _wants_bf16(precision, self.device)
        self.merge = parse_merge(merge, config.merge, config.model.n_patches(config.model.max_frames))
        self._model = checkpoint.build().to(self.device)
        self._pad_to_window = config.pad_to_window
        self._to_probabilities = to_probabilities(config.activation, config.calibration, self.device)
        self.name = config.name
        self.labels = config.labels
        self.thresholds = checkpoint.thresholds
        self.log_mel: LogMelConfig = config.log_mel
        self.window_frames = config.model.max_frames
        self.n_mels = config.log_mel.n_mels
        self.provenance = config.provenance
        where = "GPU" if self.device.type == "cuda" else "CPU"
        self.precision = "bf16" if self._autocast_bf16 else "fp32"
        self.summary = f"{config.variant}, {len(config.labels)} classes, {where}, {self.precision}"

    def tag(
        self,
        frames: NDArray[np.float32],
        start_frame: int = 0,
        *,
        is_warming_up: bool = False,
        heard_s: float | None = None,
    ) -> TagScores:
        """Tag raw log-mel `frames` `(n, mels)` at their true length; n is at least 1, at most `window_frames`.

        start_frame: index of frames[0] in its stream. heard_s: `time.monotonic()` when the window's last
        sample sounded; the latency counts from there.
        """
        began = time.perf_counter()
        model_input = torch.from_numpy(self.log_mel.normalise(self._fill_up(frames))).unsqueeze(0)
        with torch.inference_mode(), self._autocast():
            logits = self._model(model_input.to(self.device, non_blocking=True), merge=self.merge)
            probabilities = self._to_probabilities(logits.float()).squeeze(0).cpu().numpy()
        n_tokens = self._model.tokens_per_layer(model_input.shape[1], self.merge)
        return TagScores(
            probabilities=probabilities,
            start_frame=start_frame,
            end_frame=start_frame + len(frames),
            is_warming_up=is_warming_up,
            latency_ms=0.0 if heard_s is None else (time.monotonic() - heard_s) * 1000,
            compute_ms=(time.perf_counter() - began) * 1000,
            tokens_in=n_tokens[0],
            tokens_out=n_tokens[-1],
        )

    def _fill_up(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        """Zero frames up to the window, for published AST checkpoints, which were trained on them; else nothing."""
        missing = self.window_frames - len(frames) if self._pad_to_window else 0
        return np.pad(frames, ((0, missing), (0, 0))) if missing > 0 else frames

    def _autocast(self) -> AbstractContextManager[object]:
        return torch.autocast(self.device.type, torch.bfloat16) if self._autocast_bf16 else nullcontext()


def load_tagger(
    model: str | None = None, *, device: str = "auto", precision: str = "auto", merge: str = "auto"
) -> Tagger:
    """A tagger from a variant's name, a checkpoint folder or a file; None is the starter. Raises UserError."""
    return Tagger(load_checkpoint(find_weights(model)), device=device, precision=precision, merge=merge)


def find_weights(model: str | None) -> Path:
    """Where the weights of `model` lie: a row of MODEL_VARIANTS by name, else a path."""
    variant: ModelVariant | None = MODEL_VARIANTS.get(model or "starter")
    if variant is None:
        path = Path(model or "").expanduser()
        if not path.exists():
            raise UserError(
                f"There is no model {model!r}.",
                f"Give the folder or file of a checkpoint, or one of {', '.join(_names_with_weights())}.",
            )
        return path
    if variant.weights is None:
        raise UserError(
            f"{variant.name} is an architecture without weights.",
            f"Train it, or use one of {', '.join(_names_with_weights())}.",
        )
    return variant.weights


def choose_device(device: str) -> torch.device:
    """The device asked for; "auto" takes CUDA where it works. Raises UserError when it is not there."""
    if device not in ("auto", "cpu", "cuda"):
        raise UserError(f"There is no device {device!r}.", "Use auto, cpu or cuda.")
    has_cuda = torch.cuda.is_available()
    if device == "cuda" and not has_cuda:
        raise UserError("No CUDA GPU can be used here.", "Use --device auto or cpu, or install the NVIDIA driver.")
    return torch.device("cuda" if has_cuda and device != "cpu" else "cpu")


def parse_merge(text: str, default: MergeSchedule, full_patches: int) -> MergeSchedule | None:
    """`auto` is the checkpoint's schedule, `off` none, a number r tokens a layer at the full window."""
    if text == "auto":
        return None if default.removes_nothing() else default
    if text == "off":
        return None
    if not text.isdecimal():
        raise UserError(f"Token merging cannot be {text!r}.", "Use auto, off, or a number of tokens a layer, as 16.")
    return MergeSchedule("constant", int(text), reference_patches=full_patches) if int(text) else None


def _wants_bf16(precision: str, device: torch.device) -> bool:
    """CPUs stay at fp32 unless asked: without AMX, bf16 measures slower than fp32 there."""
    if precision not in ("auto", "fp32", "bf16"):
        raise UserError(f"There is no precision {precision!r}.", "Use auto, fp32 or bf16.")
    return precision == "bf16" or (
        precision == "auto" and device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
    )


def _names_with_weights() -> list[str]:
    return [name for name, variant in MODEL_VARIANTS.items() if variant.weights is not None]
