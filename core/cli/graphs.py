"""`soundmark models convert`: makes graphs of a model, and says what they are worth."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from core.cli.model_options import ModelOptions
from core.errors import UsageError, UserError
from core.inference.engines.models import Reading, Shape
from core.terminal_text import shown

if TYPE_CHECKING:
    from core.inference.engines.graph_files import GraphFacts, GraphKind
    from core.inference.tagger import Tagger


@dataclass(frozen=True, slots=True)
class ConvertOptions:
    """What `models convert` was asked to do; None leaves it to the model."""

    model: ModelOptions
    reading: Reading | None = None
    frames: int | None = None
    is_background: bool = False
    """Leave the processor to other programs."""
    recordings: tuple[Path, ...] | None = None
    """Sound that shows the ranges of a graph in eight bits; it is made anew with them."""


def run_convert(options: ConvertOptions) -> int:
    """Make graphs, unless they are there, and print a line for each. Raises UserError where none can be made."""
    if (options.reading is None) != (options.frames is None):
        raise UsageError("--reading and --frames belong together.", "Give both or neither.")
    kind: GraphKind = "int8" if options.model.precision == "int8" else "float"
    if options.recordings is not None and kind == "float":
        raise UsageError("--calibrate is for graphs in eight bits.", "Add --precision int8.")
    from core.inference.engines.making.conversion import graph_of

    if options.is_background and hasattr(os, "nice"):
        os.nice(19)
    # As a tagger reads them, so that it finds them.
    tagger = replace(options.model, engine="openvino").load_tagger()
    failures = list[str]()
    for shape in _shapes(options, tagger):
        facts = graph_of(tagger, shape, kind, options.recordings)
        print(shown(_line(shape, facts)), flush=True)
        failures += [facts.failure] if facts.failure else []
    if failures:
        raise UserError(f"{tagger.name} could not be converted: {failures[0]}", "PyTorch runs it as before.")
    return 0


def _shapes(options: ConvertOptions, tagger: Tagger) -> list[Shape]:
    usual = list(tagger.usual_shapes)
    if options.reading is None or options.frames is None:
        return usual
    wanted = Shape(options.reading, options.frames)
    # The others as well, where nobody waits: so the second start needs no PyTorch, whatever the first one did.
    return list(
        dict.fromkeys([wanted, *(usual if options.is_background and options.model.precision != "int8" else [])])
    )


def _line(shape: Shape, facts: GraphFacts) -> str:
    seconds = f"{shape.n_frames / 100:g} s, {shape.reading}"
    if facts.failure:
        return f"{seconds}: no graph"
    times = ", ".join(f"{name} {value:.1f} ms" for name, value in facts.milliseconds.items())
    refused = ", ".join(
        f"{name} is off by {value:.3f}" for name, value in facts.differences.items() if name not in facts.milliseconds
    )
    return f"{seconds}: {facts.precision or 'torch'} ({times}{'; ' + refused if refused else ''})"
