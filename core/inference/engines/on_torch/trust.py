"""Finds out, at the first run of a model on a device in a precision, whether its answers can be trusted.

They are compared with those in fp32 on the processor, for loud and for very quiet sound, and the result is kept in the
cache folder.
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from core.atomic_write import atomic_write
from core.foreign_text import parse_json
from core.inference.engines.device import has_bf16
from core.inference.engines.making.agreement import probabilities_of
from core.inference.engines.making.parity import (
    MOST_DIFFERENCE,
    compared_windows,
    largest_difference,
)
from core.inference.engines.models import Precision, Reading
from core.inference.engines.notices import NOTICES
from core.inference.engines.on_torch.low_precision import has_low_precision
from core.inference.engines.on_torch.networks import Pass, PlacedNetwork
from core.model.architecture import TransformerConfig
from core.model.format.config import CheckpointConfig
from core.model.merging.schedule import NO_MERGING
from core.program import cache_folder

if TYPE_CHECKING:
    from core.model.checkpoints.checkpoint import Checkpoint
    from core.model.store.stored_model import StoredModel

_log = logging.getLogger(__name__)
_FORMAT = 1
"""Changes when answers are computed or compared in another way."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What was found out."""

    difference: float
    """How far a probability is from that in fp32 on the processor, at most."""
    faster: float
    """How many times as fast it is as fp32 on the processor, one window at a time."""


def trusted(
    network: PlacedNetwork, precision: Precision, model: Checkpoint | StoredModel
) -> tuple[PlacedNetwork, Precision]:
    """Where and in which precision a model is run: as it is wanted, or else in fp32 there, or else on the processor."""
    if precision != "fp32" and has_low_precision(network.exact) and _is_trusted(network, precision, model):
        return network, precision
    if network.device == "cpu" or _is_trusted(network, "fp32", model):
        return network, "fp32"
    return network.on_cpu(), "fp32"


def _is_trusted(network: PlacedNetwork, precision: Precision, model: Checkpoint | StoredModel) -> bool:
    name = f"{model.config.name} in PyTorch {precision} on {network.device}"
    if network.device == "cpu" and not (precision == "bf16" and has_bf16()):
        NOTICES.warning("%s is not used: this processor has no %s.", name, precision)
        return False
    try:
        found = _compared_once(network, precision, model)
    except RuntimeError:
        NOTICES.warning("%s fails, and is not used.", name)
        _log.info("it failed so:", exc_info=True)
        return False
    if found.difference > MOST_DIFFERENCE:
        NOTICES.warning("%s is off by %.3f on loud or quiet sound, and is not used.", name, found.difference)
    elif network.device == "cpu" and found.faster < 1:
        NOTICES.warning("%s is slower than in fp32, and is not used.", name)
    else:
        return True
    return False


def _compared_once(network: PlacedNetwork, precision: Precision, model: Checkpoint | StoredModel) -> Comparison:
    """From the cache folder, where it is there."""
    decides = [_FORMAT, model.weights_hash, precision, network.device, network.backend.name, torch.__version__]
    file = trust_folder() / f"{hashlib.sha256(json.dumps(decides).encode()).hexdigest()[:32]}.json"
    try:
        kept = parse_json(file.read_text(encoding="utf-8"))
        return Comparison(float(kept["difference"]), float(kept["faster"]))
    except (OSError, ValueError, TypeError, KeyError):
        pass
    found = compare(network, precision, model)
    _log.info("%s: %s on %s: %s", model.config.name, precision, network.backend.name, found)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        atomic_write(file, json.dumps(asdict(found)).encode())
    except OSError as error:
        _log.info("it is compared again the next time: %s", error)
    return found


def trust_folder() -> Path:
    """Where comparisons are kept."""
    return cache_folder() / "trust"


def compare(network: PlacedNetwork, precision: Precision, model: Checkpoint | StoredModel) -> Comparison:
    """Answers to full windows without merging, with those in fp32 on the processor. Raises what PyTorch raises."""
    config = model.config
    has_frame_head = isinstance(config.model, TransformerConfig) and config.model.frame_head
    readings: tuple[Reading, ...] = ("clip", "columns") if has_frame_head else ("clip",)
    windows = compared_windows(config.log_mel, config.model.max_frames)
    pairs = [
        (
            _answers(network, Pass(reading, NO_MERGING, precision), windows, config),
            _answers(network.on_cpu(), Pass(reading, NO_MERGING, "fp32"), windows, config),
        )
        for reading in readings
    ]
    difference = max(largest_difference(found.probabilities, exact.probabilities) for found, exact in pairs)
    faster = median(exact.median_s / found.median_s for found, exact in pairs)
    return Comparison(min(1.0, difference), faster)


@dataclass(frozen=True, slots=True)
class _Answers:
    probabilities: list[NDArray[np.float32]]
    median_s: float


def _answers(
    network: PlacedNetwork, asked: Pass, windows: Sequence[NDArray[np.float32]], config: CheckpointConfig
) -> _Answers:
    probabilities, seconds = list[NDArray[np.float32]](), list[float]()
    for window in windows:
        began = time.perf_counter()
        logits = network.answer(asked, window)
        seconds.append(time.perf_counter() - began)
        probabilities.append(probabilities_of(config, asked.reading, logits))
    return _Answers(probabilities, median(seconds))
