"""`soundmark models convert`: makes graphs of a model, and says what they are worth."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from core.cli.model_options import ModelOptions
from core.errors import UsageError, UserError
from core.inference.engines.models import Reading, Shape
from core.terminal_text import shown

if TYPE_CHECKING:
    from core.inference.engines.graph_files import GraphFacts
    from core.inference.tagger import Tagger


@dataclass(frozen=True, slots=True)
class ConvertOptions:
    """What `models convert` was asked to do; None leaves it to the model."""

    model: ModelOptions
    reading: Reading | None = None
    frames: int | None = None
    is_background: bool = False
    """Leave the processor to other programs."""


def run_convert(options: ConvertOptions) -> int:
    """Make graphs, unless they are there, and print a line for each. Raises UserError where none can be made."""
    if (options.reading is None) != (options.frames is None):
        raise UsageError("--reading and --frames belong together.", "Give both or neither.")
    if options.is_background and hasattr(os, "nice"):
        os.nice(19)
    # As a tagger reads them, so that it finds them.
    tagger = replace(options.model, engine="openvino").load_tagger()
    failures = list[str]()
    for shape in _shapes(options, tagger):
        facts = graph_of(tagger, shape)
        print(shown(_line(shape, facts)), flush=True)
        failures += [facts.failure] if facts.failure else []
    if failures:
        raise UserError(f"{tagger.name} could not be converted: {failures[0]}", "PyTorch runs it as before.")
    return 0


def graph_of(tagger: Tagger, shape: Shape) -> GraphFacts:
    """What is known of a model's graph of a shape, which is made unless it is there."""
    from core.inference.engines.conversion import make_graph
    from core.inference.engines.graph_files import store_graph

    return store_graph(
        tagger.graph_key(shape), lambda folder: make_graph(tagger.checkpoint, tagger.merge, shape, folder)
    )


def _shapes(options: ConvertOptions, tagger: Tagger) -> list[Shape]:
    if options.reading is not None and options.frames is not None:
        return [Shape(options.reading, options.frames)]
    return list(tagger.usual_shapes)


def _line(shape: Shape, facts: GraphFacts) -> str:
    seconds = f"{shape.n_frames / 100:g} s, {shape.reading}"
    if facts.failure:
        return f"{seconds}: no graph"
    times = ", ".join(f"{name} {value:.1f} ms" for name, value in facts.milliseconds.items())
    refused = ", ".join(
        f"{name} is off by {value:.3f}" for name, value in facts.differences.items() if name not in facts.milliseconds
    )
    return f"{seconds}: {facts.precision or 'torch'} ({times}{'; ' + refused if refused else ''})"
