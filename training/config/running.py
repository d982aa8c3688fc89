"""The settings of a recipe that say how its training runs on a machine. Reads no file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from training.config.field_rules import MOST_EPOCHS, Range, check_fields


@dataclass(frozen=True, slots=True)
class RunningSettings:
    """Evaluation, saving, processes and random numbers."""

    evaluate_every: Annotated[int, Range(1, MOST_EPOCHS)] = 5
    """Epochs from one evaluation to the next."""
    save_every_s: Annotated[float, Range(0, 1e9)] = 120.0
    """Seconds from one state file to the next."""
    workers: Annotated[int, Range(0, 256)] = 0
    """Processes that prepare batches; 0 prepares them in the training process."""
    threads: Annotated[int, Range(0, 1024)] = 0
    """Threads on the CPU; 0 for all cores."""
    seed: Annotated[int, Range(-(2**63), 2**63 - 1)] = 0
    """Of all random numbers."""

    def __post_init__(self) -> None:
        check_fields(self)
