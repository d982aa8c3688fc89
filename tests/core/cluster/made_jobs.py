"""Jobs, results and clusters without machines, for the tests of this folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from core.cluster.models import Bundle, BundleResult, FileJob, FileResult, Lost, Node, Place, Ready, Reply, Tagged


def job(name: str, length_s: float = 1.0, size: int = 10, mtime_ns: int = 1) -> FileJob:
    return FileJob(f"/archive/{name}", name, size, mtime_ns, length_s)


def result_of(one: FileJob) -> FileResult:
    return FileResult(one.path, one.size, one.mtime_ns)


def results_of(bundle: Bundle) -> BundleResult:
    return BundleResult(bundle.number, tuple(map(result_of, bundle.jobs)), b"rows")


class ScriptedCluster:
    """Workers that answer when `pick` chooses among what could happen next; each choice is one reply.

    What could happen: a worker becomes ready, sends its bundle back (once, or once more), or ends.
    """

    def __init__(self, nodes: Sequence[Node], pick: Callable[[Sequence[str]], str], n_ends: int) -> None:
        self._nodes, self._pick = tuple(nodes), pick
        self._n_ends = n_ends
        """How many workers may still end."""
        self.open: set[int] = set()
        self._n_started = 0
        self._starting: list[int] = []
        self._sent: list[tuple[int, Bundle]] = []
        self._answered: list[Tagged] = []

    def nodes(self) -> tuple[Node, ...]:
        return self._nodes

    def start(self, place: Place) -> int:
        assert place.node in self._nodes
        self._n_started += 1
        self.open.add(self._n_started)
        self._starting.append(self._n_started)
        return self._n_started

    def send(self, worker: int, bundle: Bundle) -> None:
        assert worker in self.open
        self._sent.append((worker, bundle))

    def stop(self, worker: int) -> None:
        """What a worker has sent before stays on its way."""
        self.open.discard(worker)
        self._starting = [number for number in self._starting if number != worker]

    def replies(self, timeout_s: float) -> list[Reply]:
        assert timeout_s > 0
        able = [*(["ready"] if self._starting else []), *(["tagged"] if self._sent else [])]
        able += [*(["again"] if self._answered else []), *(["end"] if self._n_ends and self.open else [])]
        assert able != ["again"], "nothing can happen any more: the run hangs"
        return [self._happen(self._pick(able))]

    def _happen(self, what: str) -> Reply:
        if what == "ready":
            return Ready(self._starting.pop(0))
        if what == "tagged":
            worker, bundle = self._sent.pop(0)
            self._answered.append(Tagged(worker, results_of(bundle)))
            return self._answered[-1]
        if what == "again":
            return self._answered[0]
        self._n_ends -= 1
        worker = min(self.open)
        # Half of the workers are only out of reach: what they do comes later, when others have their files.
        if self._n_ends % 2:
            self._sent = [(other, bundle) for other, bundle in self._sent if other != worker]
        return Lost(worker, "the test ended it", is_node_lost=self._n_ends % 3 > 0)


class PromptCluster:
    """Workers that at once do what is asked. begins: by node, what its workers say instead of that they are ready."""

    def __init__(self, nodes: Sequence[Node], begins: dict[str, Callable[[int], Reply]] | None = None) -> None:
        self.there, self._begins = tuple(nodes), begins or {}
        self._coming: list[Reply] = []
        self.started: list[Place] = []
        self.sent: list[Bundle] = []

    def nodes(self) -> tuple[Node, ...]:
        return self.there

    def start(self, place: Place) -> int:
        self.started.append(place)
        self._coming.append(self._begins.get(place.node.id, Ready)(len(self.started)))
        return len(self.started)

    def send(self, worker: int, bundle: Bundle) -> None:
        self.sent.append(bundle)
        self._coming.append(Tagged(worker, results_of(bundle)))

    def stop(self, worker: int) -> None:
        del worker

    def replies(self, timeout_s: float) -> list[Reply]:
        del timeout_s
        coming, self._coming = self._coming, []
        return coming
