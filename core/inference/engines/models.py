"""What an engine is, what it is asked for, and the ways to run a model on this machine. Imports no torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, get_args

from core.model.merging.schedule import MergeSchedule

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Reading = Literal["clip", "columns"]
"""What is read of a window: one answer for all of it, or one for each column of patches."""
EngineName = Literal["auto", "torch", "openvino"]
Precision = Literal["fp32", "bf16", "fp16", "int8"]
"""What matrix products are computed in; "fp16": on GPUs alone; "int8": those of a graph's linear layers, the rest as in
fp32."""
LEAST_AGREEMENT, MOST_MEAN_DIFFERENCE = 0.97, 0.01
"""What answers need in order to be as good: the share of equal top labels, and the mean difference of probabilities."""


@dataclass(frozen=True, slots=True)
class Shape:
    """An input that comes again and again: a graph is made for one of these and no other."""

    reading: Reading
    n_frames: int


@dataclass(frozen=True, slots=True)
class Setting:
    """One way to run a model."""

    engine: Literal["torch", "openvino"]
    precision: Precision
    merge: MergeSchedule

    def describe(self) -> str:
        """For people: "OpenVINO int8, merging off"."""
        return f"{ENGINE_NAMES[self.engine]} {self.precision}, merging {self.merge.describe()}"

    def to_dict(self) -> dict[str, Any]:
        """For a file."""
        return asdict(self)

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> Setting:
        """What `to_dict` gave. Raises KeyError, TypeError, ValueError, AttributeError or UserError for nonsense."""
        engine, precision = raw["engine"], raw["precision"]
        if engine not in ("torch", "openvino") or precision not in get_args(Precision):
            raise ValueError("an unknown setting")
        return cls(engine, precision, MergeSchedule.from_dict(raw["merge"]))


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far answers are those of PyTorch in fp32 without merging."""

    share: float
    """Of windows whose top label is the same, 0 to 1."""
    difference: float
    """Mean absolute difference of all probabilities."""

    @property
    def is_enough(self) -> bool:
        """Whether they are as good."""
        return self.share >= LEAST_AGREEMENT and self.difference <= MOST_MEAN_DIFFERENCE


ENGINE_NAMES: dict[str, str] = {"torch": "PyTorch", "openvino": "OpenVINO"}
"""What people call them."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What a setting is worth on this machine, for inputs of one shape."""

    setting: Setting
    shape: Shape
    p50_ms: float
    """Median time of a window."""
    p95_ms: float
    """95 of 100 windows took at most this long."""
    memory_mb: float
    """What the process holds while it runs so, in MB."""
    agreement: float
    """Share of real windows whose top label is that of PyTorch in fp32 without merging, 0 to 1."""
    difference: float
    """Mean absolute difference of all probabilities from those."""

    @property
    def agrees(self) -> Agreement:
        """Both figures of its answers."""
        return Agreement(self.agreement, self.difference)


class Engine(Protocol):
    """A network with its merge schedule, ready to run. Any number of threads may share one."""

    def run(self, reading: Reading, log_mel: NDArray[np.float32]) -> NDArray[np.float32]:
        """Logits, float32, of normalised log-mel `(1, frames, mels)`: `(1, labels)` for a clip, `(1, columns, labels)`
        for columns."""
        ...

    def run_many(self, reading: Reading, log_mels: Sequence[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
        """What `run` answers to each of several inputs of any lengths, in their order; as many run at once as is
        fastest."""
        ...

    @property
    def at_once(self) -> int:
        """How many inputs `run_many` needs to be as fast as it can."""
        ...

    def describe(self) -> str:
        """The engine and its precision, for people."""
        ...


def places_by_length(log_mels: Sequence[NDArray[np.float32]]) -> dict[int, list[int]]:
    """The places of the inputs `(1, frames, mels)` of each number of frames."""
    places: dict[int, list[int]] = {}
    for place, log_mel in enumerate(log_mels):
        places.setdefault(log_mel.shape[1], []).append(place)
    return places
