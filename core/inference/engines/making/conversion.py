"""Converts a model into a graph.

A graph is made for one input: with fixed shapes OpenVINO plans memory and kernels once, and a merge schedule has fixed
numbers of tokens.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from core.errors import UserError
from core.inference.engines.compiled_graph import openvino_package
from core.inference.engines.graph_files import GRAPH, GraphFacts, GraphKind, store_graph
from core.inference.engines.making.parity import examine
from core.inference.engines.making.quantising import calibration_windows, quantised
from core.inference.engines.models import Shape
from core.model.checkpoints.checkpoint import Checkpoint
from core.model.merging.schedule import MergeSchedule
from core.model.networks.build import Network
from core.model.networks.spectrogram_transformer import AudioSpectrogramTransformer

if TYPE_CHECKING:
    from core.inference.tagger import Tagger

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class GraphPlan:
    """What a graph is made of."""

    checkpoint: Checkpoint
    merge: MergeSchedule
    shape: Shape
    kind: GraphKind = "float"
    recordings: Sequence[Path] = ()
    """Sound that shows the ranges of a graph in eight bits, beside the demo scene."""


class _Answer(nn.Module):
    """A network that answers in one way, to be traced."""

    def __init__(self, network: Network, shape: Shape, merge: MergeSchedule) -> None:
        super().__init__()
        self.network, self._shape, self._merge = network, shape, merge

    def forward(self, log_mel: Tensor) -> Tensor:
        if self._shape.reading == "clip":
            return self.network(log_mel, merge=self._merge)
        assert isinstance(self.network, AudioSpectrogramTransformer), "no other network has a frame head"
        return self.network.frame_logits(log_mel, merge=self._merge)


def graph_of(
    tagger: Tagger, shape: Shape, kind: GraphKind = "float", recordings: Sequence[Path] | None = None
) -> GraphFacts:
    """What is known of a model's graph of a shape, which is made unless it is there. recordings: it is made anew, with
    their ranges. Raises UserError where nncf or a recording is missing."""
    plan = GraphPlan(tagger.checkpoint, tagger.merge, shape, kind, recordings or ())
    key = replace(tagger.graph_key(shape), kind=kind)
    return store_graph(key, lambda folder: make_graph(plan, folder), anew=recordings is not None)


def make_graph(plan: GraphPlan, folder: Path) -> GraphFacts:
    """Write a graph into an empty folder, and compare and time it. A model that cannot be converted gives facts with
    the reason. Raises UserError where nncf or a recording is missing."""
    checkpoint = plan.checkpoint
    try:
        model = _converted(checkpoint, plan.merge, plan.shape)
        if plan.kind == "int8":
            windows = calibration_windows(checkpoint.config.log_mel, plan.shape.n_frames, plan.recordings)
            model = quantised(model, windows)
        # Not as float16, which the weights may be: what is computed of them, such as folded norms, is not.
        openvino_package().save_model(model, folder / GRAPH, compress_to_fp16=False)
        return examine(checkpoint, plan.merge, plan.shape, plan.kind, folder)
    except UserError:
        raise
    except Exception as error:
        # Whatever the converter refuses: PyTorch runs the model as before.
        _log.exception("no graph of %s could be made", checkpoint.config.name)
        return GraphFacts(failure=f"{type(error).__name__}: {error}"[:500])


def _converted(checkpoint: Checkpoint, merge: MergeSchedule, shape: Shape) -> Any:
    size = (1, shape.n_frames, checkpoint.config.log_mel.n_mels)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # it warns of every shape that the trace takes as fixed, which is meant
        answer = _Answer(checkpoint.build(), shape, merge).eval()
        convert: Any = openvino_package().convert_model
        return convert(answer, example_input=torch.zeros(size), input=list(size))
