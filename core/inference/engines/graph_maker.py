"""The command that makes a graph in a process of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from core.inference.engines.graph_engine import Make
from core.inference.engines.models import Shape
from core.program import program_command


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
