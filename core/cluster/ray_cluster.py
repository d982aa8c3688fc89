"""Ray as a cluster: the only module that knows it. Ray is imported when a cluster is opened.

A worker is a Ray actor. Its class goes to the node by value and finds Soundmark there, so that a node needs the program
installed and nothing else; what is sent and comes back is pickled here, after that.
"""

from __future__ import annotations

import os
import pickle
import secrets
import socket
from collections.abc import Generator
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import Any

from core.cluster.models import Bundle, BundleResult, Lost, Node, Place, Ready, Refused, Reply, Start, Tagged
from core.errors import UsageError, UserError
from core.inference.engines.threads import usable_cores
from core.program import program_folder
from core.version import version

LOCAL = "local"
_REACHED_WITHIN_S = 10.0
_STORE_BYTES = 512 * 2**20
"""For results on their way; more is put on the disk."""
_ALWAYS = {
    # Nothing is reported to anybody.
    "RAY_USAGE_STATS_ENABLED": "0",
    # Below `uv run` Ray would start workers by that too, in a copy of this folder without its environment: none begins.
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
}
PRIVATE = {
    **_ALWAYS,
    "RAY_enable_metrics_collection": "0",
    # Ray takes the loopback address only where it believes that the system has no clusters.
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
    "RAY_AUTH_MODE": "token",
}


@contextmanager
def open_cluster(address: str, start: Start, cluster_class: type[RayCluster] | None = None) -> Generator[RayCluster]:
    """The cluster at an address, or with "local" one of this machine, which begins and ends here and listens on the
    loopback address alone. Raises UserError where Ray is not installed, and for an address that cannot be used.

    cluster_class: another class than RayCluster, for tests that end workers.
    """
    os.environ.update(_ALWAYS)
    if address == LOCAL:
        os.environ.update(PRIVATE)
        # Nobody else can join: the token is this process' own. Ray reads it once.
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
    else:
        _reach(address)
    ray = _ray()
    try:
        _connect(ray, address)
        yield (cluster_class or RayCluster)(ray, start)
    finally:
        ray.shutdown()


def _ray() -> Any:
    try:
        return import_module("ray")
    except ImportError as error:
        raise UserError("Ray is not installed.", "Install it with `uv pip install 'soundmark[cluster]'`.") from error


def _connect(ray: Any, address: str) -> None:
    quiet = {"log_to_driver": False, "logging_level": "ERROR", "configure_logging": True}
    try:
        if address == LOCAL:
            own = {"num_cpus": usable_cores(), "include_dashboard": False, "object_store_memory": _STORE_BYTES}
            ray.init(address=LOCAL, **own, **quiet)
        else:
            ray.init(address=address, **quiet)
    except Exception as error:  # Ray raises whatever its parts raise
        problem = f"The cluster {address} cannot be used ({_first_sentence(error)})."
        remedy = (
            "Look at the logs below /tmp/ray/session_latest/logs."
            if address == LOCAL
            else f"This machine must be a node of it: `ray start --address={address}`, with the same Ray and Python."
        )
        raise UserError(problem, remedy) from error


def _reach(address: str) -> None:
    """Raise UserError unless something listens at HOST:PORT: Ray itself would wait for minutes."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal():
        problem = f"{address} is not the address of a cluster."
        raise UsageError(problem, "Use `local`, or HOST:PORT as `ray start --head` printed it, such as 10.0.0.5:6379.")
    try:
        socket.create_connection((host.strip("[]"), int(port)), _REACHED_WITHIN_S).close()
    except (OSError, OverflowError) as error:
        problem = f"No cluster can be reached at {address} ({error})."
        raise UserError(problem, "Start its head with `ray start --head`, and check address and firewall.") from error


class RayCluster:
    """Machines of a running Ray; see `Cluster`."""

    def __init__(self, ray: Any, start: Start) -> None:
        self._ray, self._start = ray, start
        self._actor_class = ray.remote(_worker_class(str(program_folder())))
        self._actors: dict[int, Any] = {}
        self._nodes: dict[int, str] = {}
        """Of the actors, by their numbers."""
        self._waiting: dict[Any, int] = {}
        """The worker that will answer, by Ray's reference to the answer."""
        self._next_number = 1

    def nodes(self) -> tuple[Node, ...]:
        """See `Cluster`."""
        return tuple(_node(facts) for facts in self._ray.nodes() if facts["Alive"])

    def start(self, place: Place) -> int:
        """See `Cluster`."""
        strategies = import_module("ray.util.scheduling_strategies")
        number, self._next_number = self._next_number, self._next_number + 1
        actor = self._actor_class.options(
            num_cpus=place.cores,
            num_gpus=place.gpus,
            scheduling_strategy=strategies.NodeAffinitySchedulingStrategy(place.node.id, soft=False),
        ).remote()
        self._actors[number], self._nodes[number] = actor, place.node.id
        self._waiting[actor.begin.remote(version(), pickle.dumps(self._start), place.cores)] = number
        return number

    def send(self, worker: int, bundle: Bundle) -> None:
        """See `Cluster`."""
        self._waiting[self._actors[worker].tag.remote(pickle.dumps(bundle))] = worker

    def replies(self, timeout_s: float) -> list[Reply]:
        """See `Cluster`."""
        if not self._waiting:
            return []
        done: list[Any] = self._ray.wait(list(self._waiting), num_returns=1, timeout=timeout_s)[0]
        return [self._reply(self._waiting.pop(reference), reference) for reference in done]

    def stop(self, worker: int) -> None:
        """See `Cluster`."""
        actor = self._actors.pop(worker, None)
        self._waiting = {reference: number for reference, number in self._waiting.items() if number != worker}
        if actor is not None:
            with suppress(Exception):  # it may be gone already, and its node too
                self._ray.kill(actor)

    def node_of(self, worker: int) -> str:
        """The id of a worker's node."""
        return self._nodes[worker]

    def _reply(self, worker: int, reference: Any) -> Reply:
        try:
            answer: Any = pickle.loads(self._ray.get(reference))
        except self._ray.exceptions.RayTaskError as error:
            if isinstance(error.cause, ModuleNotFoundError):
                remedy = "Install the same version on every node, in the Python that runs Ray there."
                return Refused(worker, UserError(f"Soundmark cannot be loaded there ({error.cause}).", remedy))
            return Lost(worker, _first_sentence(error.cause))
        except self._ray.exceptions.RayError as error:
            return Lost(worker, _first_sentence(error), is_node_lost=not self._is_alive(self.node_of(worker)))
        if isinstance(answer, UserError):
            return Refused(worker, answer)
        return Tagged(worker, answer) if isinstance(answer, BundleResult) else Ready(worker)

    def _is_alive(self, node_id: str) -> bool:
        return any(facts["NodeID"] == node_id and facts["Alive"] for facts in self._ray.nodes())


def _node(facts: Any) -> Node:
    resources: dict[str, float] = facts["Resources"]
    return Node(
        id=facts["NodeID"],
        address=facts["NodeManagerAddress"],
        cores=int(resources.get("CPU", 0)),
        gpus=int(resources.get("GPU", 0)),
        memory_bytes=int(resources.get("memory", 0)),
    )


def _first_sentence(error: BaseException) -> str:
    """What Ray says, without its advice and tracebacks."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__).rstrip(".")[:200]


def _worker_class(folder: str) -> type:
    """The class of the actors. folder: where this program is here, and on a node with the same drives there too."""

    class SoundmarkWorker:
        """Finds Soundmark on its node, and tags there."""

        def begin(self, version: str, start: bytes, cores: int) -> bytes:
            import os
            import pickle
            import sys
            from pathlib import Path

            os.environ.setdefault("OMP_NUM_THREADS", str(cores))  # before PyTorch is loaded
            if Path(folder, "core", "cluster", "worker.py").is_file():
                sys.path.insert(0, folder)
            else:
                import soundmark

                sys.path.insert(0, str(Path(soundmark.__file__).absolute().parent))
            from core.cluster import worker
            from core.errors import UserError

            try:
                self._tagger = worker.begin(version, start, cores)
            except UserError as error:
                return pickle.dumps(error)
            return pickle.dumps(None)

        def tag(self, bundle: bytes) -> bytes:
            import pickle

            return pickle.dumps(self._tagger.tag(pickle.loads(bundle)))

    return SoundmarkWorker
