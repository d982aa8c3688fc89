"""Tags a folder on a Ray cluster of two nodes on this machine, of which one is killed while it tags. A process of its
own, because Ray stays in the process that has used it.

    python lost_node.py MODEL FOLDER TABLE

Prints one JSON object: the exit status, how many bundles each worker got, and what was said of lost workers.
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from core.cli.model_options import ModelOptions
from core.cli.output import archive_table
from core.cli.tag import TagOptions, run_tag
from core.cluster.models import Bundle, Ready, Reply
from core.cluster.ray_cluster import PRIVATE, RayCluster, open_cluster

SOON = {"health_check_initial_delay_ms": 0, "health_check_period_ms": 500, "health_check_failure_threshold": 4}


def main(model: str, folder: str, table: str) -> int:
    """Start the cluster, tag, kill, and print what came of it."""
    os.environ.update(PRIVATE, RAY_AUTH_TOKEN="0" * 64)
    from ray.cluster_utils import Cluster

    nodes = Cluster(True, head_node_args={"num_cpus": 1, "include_dashboard": False, "_system_config": SOON})
    second = nodes.add_node(num_cpus=1)
    sent: Counter[int] = Counter()

    class LosingCluster(RayCluster):
        """Begins when both workers are ready; the second node is killed while it has its first bundle."""

        _ready: tuple[Reply, ...] | None = ()

        def replies(self, timeout_s: float) -> list[Reply]:
            replies = super().replies(timeout_s)
            if self._ready is None:
                return replies
            assert all(isinstance(reply, Ready) for reply in replies), replies
            self._ready = (*self._ready, *replies)
            if len(self._ready) < 2:
                return []
            together, self._ready = self._ready, None
            return list(together)

        def send(self, worker: int, bundle: Bundle) -> None:
            super().send(worker, bundle)
            sent[worker] += 1
            if sent[worker] == 1 and self.node_of(worker) == second.node_id:
                nodes.remove_node(second, allow_graceful=False)

    @contextmanager
    def losing(address: str, start: Any) -> Generator[RayCluster]:
        with open_cluster(address, start, LosingCluster) as cluster:
            yield cluster

    archive_table.open_cluster = losing
    options = TagOptions(
        (Path(folder),), ModelOptions(model, device="cpu"), output=Path(table), cluster=nodes.address, worker_cores=1
    )
    print(json.dumps({"status": run_tag(options), "bundles": list(sent.values())}))
    nodes.shutdown()
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
