"""The options that say which model tags and how; the same for tag, listen, bench and evaluate."""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from core.cli.argument_types import merge_word, stride_pair
from core.inference.engines.device import DEVICES, PRECISIONS
from core.inference.engines.models import EngineName

if TYPE_CHECKING:
    from core.inference.tagger import Tagger
    from core.model.checkpoints.checkpoint import Checkpoint
    from core.model.store.stored_model import StoredModel

MODEL_HELP = "name of a variant or an installed model, or a checkpoint folder or file (default: starter)"


@dataclass(frozen=True, slots=True)
class ModelOptions:
    """Which model, and how it runs."""

    model: str | None = None
    """A variant's or an installed model's name, a checkpoint folder or file; None for the starter."""
    device: str = "auto"
    """auto, cpu, cuda or mps."""
    precision: str = "auto"
    """auto, fp32, bf16, fp16 or int8."""
    merge: str = "auto"
    """How tokens are merged, as `merge_word` accepts it."""
    strides: tuple[int, int] | None = None
    """Patch strides (mels, frames); None for the model's own."""
    engine: EngineName = "auto"
    """auto, torch or openvino."""
    padding: bool = True
    """Whether short input gets the zero frames that the model was trained with, if it was."""

    @classmethod
    def of(cls, namespace: argparse.Namespace, model: str | None) -> ModelOptions:
        """The options for `model` from a command line that `add_inference_options` described."""
        return cls(
            model=model,
            device=namespace.device,
            precision=namespace.precision,
            merge=namespace.merge,
            strides=namespace.stride,
            engine=namespace.engine,
            padding=not namespace.no_pad,
        )

    def from_anywhere(self) -> ModelOptions:
        """The same model for a process with another working folder."""
        is_path = self.model is not None and os.path.exists(self.model)
        return replace(self, model=str(Path(self.model).absolute())) if self.model is not None and is_path else self

    def load_checkpoint(self) -> Checkpoint:
        """Load the model with its strides and padding. Raises UserError."""
        from core.model.checkpoints.loading import load_checkpoint
        from core.model.store.find import find_weights

        return self.adapt(load_checkpoint(find_weights(self.model)))

    def adapt(self, checkpoint: Checkpoint) -> Checkpoint:
        """Give a checkpoint these strides and this padding. Raises UserError."""
        from core.model.checkpoints.restride import with_overrides

        return with_overrides(checkpoint, self.strides, no_pad=not self.padding)

    def tagger(self, model: Checkpoint | StoredModel, path: Path | None = None) -> Tagger:
        """Make a tagger of an adapted model. path: its file or folder, for what is made of it in the background;
        None for a checkpoint without one. Raises UserError."""
        from core.inference.tagger import Tagger, graph_maker

        return Tagger(
            model,
            device=self.device,
            precision=self.precision,
            merge=self.merge,
            engine=self.engine,
            make_graph=None if path is None else graph_maker(path, self.strides, no_pad=not self.padding),
        )

    def load_tagger(self) -> Tagger:
        """Load the model, ready to tag. Raises UserError."""
        from core.model.store.find import find_weights
        from core.model.store.stored_model import open_model

        path = find_weights(self.model)
        return self.tagger(open_model(path, self.strides, no_pad=not self.padding), path)


def add_model_options(parser: argparse.ArgumentParser) -> None:
    """Add --model and all that says how it runs."""
    group = parser.add_argument_group("the model, and how it runs")
    group.add_argument("--model", metavar="M", help=MODEL_HELP)
    _add_inference(group)


def add_inference_options(parser: argparse.ArgumentParser) -> None:
    """Add what says how a model runs."""
    _add_inference(parser.add_argument_group("how the model runs"))


def _add_inference(group: argparse._ArgumentGroup) -> None:  # pyright: ignore[reportPrivateUsage]
    words = "16, decreasing:20, energy:16, energy-decreasing:20 or a list such as 8,8,4"
    merge = f"tokens merged per layer; auto: as the model has it; R: {words}"
    group.add_argument("--merge", default="auto", type=merge_word, metavar="auto|off|R", help=merge)
    device = "auto: an NVIDIA or AMD GPU if there is one; mps: Apple's"
    group.add_argument("--device", choices=("auto", *DEVICES), default="auto", help=device)
    precision = "auto: the fastest that agrees with fp32; fp16: on GPUs; int8: of OpenVINO alone"
    group.add_argument("--precision", choices=("auto", *PRECISIONS), default="auto", help=precision)
    engines = "auto: OpenVINO's graphs on a CPU where they agree with PyTorch and are faster"
    group.add_argument("--engine", choices=("auto", "torch", "openvino"), default="auto", help=engines)
    stride = "patch strides to use instead of the model's own, such as 16x16"
    group.add_argument("--stride", type=stride_pair, metavar="MELSxFRAMES", help=stride)
    no_pad = "do not pad short input with the zero frames that published models were trained with"
    group.add_argument("--no-pad", action="store_true", help=no_pad)
