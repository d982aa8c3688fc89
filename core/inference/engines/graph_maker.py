"""Makes graphs in a process of its own: the command, and how it is started for the next time."""

from __future__ import annotations

import logging
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from core.inference.engines.graph_engine import Make
from core.inference.engines.graph_files import GraphKey, graphs_folder
from core.inference.engines.models import Shape
from core.program import program_command

_log = logging.getLogger(__name__)
AGAIN_AFTER_S = 600.0
"""A command that runs a thousand times in a row starts the making of its graphs once in this time."""


def graph_maker(path: Path, strides: tuple[int, int] | None = None, *, no_pad: bool = False) -> Callable[[str], Make]:
    """For a merging, the command that makes a graph of the model at `path` in a process of its own."""
    changes = [*(["--stride", f"{strides[0]}x{strides[1]}"] if strides else []), *(["--no-pad"] if no_pad else [])]

    def of_merge(merge: str) -> Make:
        model = ("--model", str(path), "--merge", merge, *changes)

        def command(shape: Shape) -> tuple[str, ...]:
            wanted = ("--reading", shape.reading, "--frames", str(shape.n_frames), "--background")
            return program_command("models", "convert", *model, *wanted)

        return command

    return of_merge


def begin_making(key: GraphKey, command: Sequence[str]) -> bool:
    """Start the command that makes a graph, in a process that outlives this one. False if one was started lately, and
    where none can be started: PyTorch runs the model then as before."""
    mark = graphs_folder() / f"{key.name}.begun"
    try:
        if mark.exists() and abs(time.time() - mark.stat().st_mtime) < AGAIN_AFTER_S:
            return False
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.touch()
        subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        _log.warning("no graph can be made: %s", error)
        return False
    return True
