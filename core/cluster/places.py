"""Decides how many workers a machine gets, and how many cores each."""

from __future__ import annotations

from core.cluster.models import Node, Place

USUAL_CORES = 2
"""For each worker: one decodes and prepares while the other computes, and each worker holds the model once."""
WORKER_BYTES = 3 * 2**29
"""1.5 GiB: a worker with PyTorch, the starter and a long file needs about a gigabyte."""


def places_on(node: Node, cores_each: int = USUAL_CORES) -> tuple[Place, ...]:
    """One place for each GPU; without any, one for every `cores_each` cores, as far as the memory reaches.

    Cores are shared out evenly. A node without cores gets none: that is how clusters keep their head free.
    """
    if node.cores < 1:
        return ()
    n = min(node.gpus, node.cores) or max(1, node.cores // max(1, cores_each))
    if node.memory_bytes:
        n = max(1, min(n, node.memory_bytes // WORKER_BYTES))
    cores = node.cores // n
    return tuple(Place(node, index, cores, 1 if node.gpus else 0) for index in range(n))
