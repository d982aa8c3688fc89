"""Does random operations on an event store until it is killed, and prints a line after each.

killed_store.py FILE SEED
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

from core.heard.store import EventStore
from tests.core.heard.memory_store import do_something


def main(path: Path, seed: int) -> None:
    store, rng, newest = EventStore(path), random.Random(seed), 0
    while True:
        newest = do_something(rng, store, newest)
        print(newest, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
