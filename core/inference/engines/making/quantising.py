"""Makes a graph's linear layers compute in eight bits (post-training quantisation by nncf).

nncf is needed to make such a graph, not to run it.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from contextlib import redirect_stdout
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.audio.decoding.decode import read_clip
from core.audio.demo.scene import demo_scene
from core.audio.log_mel import LogMel, LogMelConfig
from core.errors import UserError
from core.inference.engines.compiled_graph import openvino_package

_GAINS = (1.0, 0.3, 0.1, 0.03, 0.01, 0.001)
"""Down to -60 dB: what was never heard while the ranges were measured is cut off at their ends."""
_SEED = 1
"""Another scene than the one that graphs are compared by."""
_STARTS, MOST_WINDOWS = 3, 36
_LEFT_OUT = ("Convolution", "GroupConvolution", "Add", "Multiply")
"""Convolutions gain little from eight bits; sums beside the layers would lose precision for no time."""
_HEADS = (".*head.*",)
"""Their logits become probabilities: in eight bits the starter's were off by 0.09 instead of 0.012, for no time."""


def quantised(model: Any, windows: Sequence[NDArray[np.float32]]) -> Any:
    """OpenVINO's model with its linear layers in eight bits, their ranges from normalised windows `(1, frames, mels)`.
    Raises UserError without nncf."""
    nncf = _nncf()
    # SmoothQuant moves outliers into the weights, which cost the starter a tenth of its top labels on recordings.
    without = nncf.AdvancedSmoothQuantParameters(matmul=-1, convolution=-1)
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):  # it draws progress bars
        return nncf.quantize(
            model,
            nncf.Dataset(list(windows)),
            subset_size=len(windows),
            model_type=nncf.ModelType.TRANSFORMER,
            ignored_scope=nncf.IgnoredScope(types=list(_LEFT_OUT), patterns=list(_HEADS), validate=False),
            advanced_parameters=nncf.AdvancedQuantizationParameters(smooth_quant_alphas=without),
        )


def _nncf() -> Any:
    openvino_package()
    os.environ.setdefault("NNCF_CI", "1")  # it reports nothing then
    try:
        package: Any = import_module("nncf")
    except ImportError as error:
        raise UserError(
            "Graphs in eight bits are made by the package nncf, which is not installed.",
            'Install it with `uv pip install "soundmark[int8]"`, or use --precision auto.',
        ) from error
    package.set_log_level(logging.ERROR)
    return package


def calibration_windows(config: LogMelConfig, n_frames: int, files: Sequence[Path] = ()) -> list[NDArray[np.float32]]:
    """Normalised windows `(1, frames, mels)` that show a model's ranges: of recordings where there are some, and of the
    demo scene, from loud to very quiet. Raises UserError for a file that cannot be read."""
    of_files: list[NDArray[np.float32]] = [
        window for file in files for window in _windows(config, read_clip(file, config.sample_rate), n_frames)
    ]
    chosen: list[int] = np.linspace(0, len(of_files) - 1, min(len(of_files), MOST_WINDOWS)).astype(int).tolist()
    scene = demo_scene(_SEED)
    of_scene = [window for gain in _GAINS for window in _windows(config, scene * np.float32(gain), n_frames, _STARTS)]
    return [of_files[place] for place in chosen] + of_scene


def _windows(
    config: LogMelConfig, sound: NDArray[np.float32], n_frames: int, most: int | None = None
) -> list[NDArray[np.float32]]:
    """Windows from the beginning to the end, one after the other or `most`; a short sound is repeated."""
    frames = config.normalise(LogMel(config)(sound))
    if 0 < len(frames) < n_frames:
        frames = np.resize(frames, (n_frames, frames.shape[1]))
    n_windows = (most or len(frames) // n_frames) if len(frames) else 0
    starts: list[int] = np.linspace(0, len(frames) - n_frames, n_windows).astype(int).tolist()
    return [np.ascontiguousarray(frames[None, start : start + n_frames], np.float32) for start in starts]
