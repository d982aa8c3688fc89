"""Defines what goes between the command that tags an archive and its workers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from core.errors import UserError

if TYPE_CHECKING:
    from core.inference.tagger import Tagger

Kind = Literal["windows", "frames", "events"]


@dataclass(frozen=True, slots=True)
class FileJob:
    """A file to tag."""

    path: str
    """Absolute, and the same on every node."""
    source: str
    """What its rows call it: the path as it was named."""
    size: int
    """Bytes."""
    mtime_ns: int
    """When it was last changed; with the size it tells whether it is still the same file."""
    length_s: float
    """About how long it is."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """Files that go to a worker together. number: no other bundle of the run has it."""

    number: int
    jobs: tuple[FileJob, ...]

    @property
    def length_s(self) -> float:
        """Of all its files."""
        return sum(job.length_s for job in self.jobs)


@dataclass(frozen=True, slots=True)
class FileResult:
    """What became of a file: its rows, an error, or both if it is damaged behind its beginning."""

    path: str
    size: int
    mtime_ns: int
    n_rows: int = 0
    first_group: int = 0
    """The first of its row groups in the part; no other file's rows are in them."""
    n_groups: int = 0
    problem: str = ""
    """Why it could not be read, or not to its end; "" without an error."""
    remedy: str = ""
    note: str = ""
    """A remark for people."""

    @classmethod
    def failed(cls, job: FileJob, error: UserError) -> FileResult:
        """Of a file that gave no rows."""
        return cls(job.path, job.size, job.mtime_ns, problem=error.problem, remedy=error.remedy)


@dataclass(frozen=True, slots=True)
class BundleResult:
    """What became of the files of a bundle, each once. part: a Parquet file with their rows; empty without any."""

    number: int
    files: tuple[FileResult, ...]
    part: bytes = b""


@dataclass(frozen=True, slots=True)
class TaggingOrder:
    """What every worker is told when it begins."""

    load_tagger: Callable[[], Tagger]
    """Loads the model on the worker's own machine; it is sent there by pickle."""
    kind: Kind = "windows"
    window_s: float | None = None
    """Length of a window; None for the model's own."""
    hop_s: float | None = None
    """From window to window; None for the usual one."""
    top_k: int | None = 5
    """Labels per window or row; None for all of them."""
    parents: bool = False
    """Also events that more specific ones cover."""
    edges: str = ""
    """How onsets and offsets of events are found."""


@dataclass(frozen=True, slots=True)
class Start:
    """What a worker gets to begin with."""

    order: TaggingOrder
    model_hash: str
    """Of the model's weights and settings on the machine of the command."""
    samples: tuple[FileJob, ...]
    """A few files that must be there on its machine too."""


@dataclass(frozen=True, slots=True)
class Node:
    """A machine of a cluster, and what it offers."""

    id: str
    address: str
    cores: int
    gpus: int = 0
    memory_bytes: int = 0
    """0 if it is not known."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a worker is, or could be: on a node, with some of its cores and perhaps a GPU. index: counts the places of
    its node."""

    node: Node
    index: int
    cores: int
    gpus: int = 0


@dataclass(frozen=True, slots=True)
class Ready:
    """A worker has loaded the model."""

    worker: int


@dataclass(frozen=True, slots=True)
class Refused:
    """A worker cannot begin, and another one at its place could not either."""

    worker: int
    error: UserError


@dataclass(frozen=True, slots=True)
class Tagged:
    """A worker has tagged a bundle."""

    worker: int
    result: BundleResult


@dataclass(frozen=True, slots=True)
class Lost:
    """A worker is gone, with what it was doing. is_node_lost: its machine is gone too, so that no file is to blame."""

    worker: int
    reason: str
    is_node_lost: bool = False


Reply = Ready | Refused | Tagged | Lost


class Cluster(Protocol):
    """Machines with workers on them. Replies come in any order, and may come twice."""

    def nodes(self) -> tuple[Node, ...]:
        """The machines that are there now."""
        ...

    def start(self, place: Place) -> int:
        """Begin to start a worker; its number, which no other one gets. `Ready`, `Refused` or `Lost` will follow."""
        ...

    def send(self, worker: int, bundle: Bundle) -> None:
        """Have a ready worker tag a bundle. `Tagged` or `Lost` will follow."""
        ...

    def replies(self, timeout_s: float) -> list[Reply]:
        """What has happened; waits up to that long for the first."""
        ...

    def stop(self, worker: int) -> None:
        """End a worker, with what it is doing."""
        ...
