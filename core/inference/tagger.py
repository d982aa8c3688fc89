"""Turns a window of log-mel frames into probabilities, on a CPU or GPU.

A Tagger does not change after construction, so any number of threads may share one. Imports no torch, and where graphs
of the model are at hand, as after the first start, nor does tagging.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import asdict, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from core.audio.frame_rate import FRAMES_PER_SECOND
from core.audio.log_mel import LogMelConfig
from core.errors import UserError
from core.inference.engines.device import Device, choose_device, torch_precision
from core.inference.engines.graph_engine import GraphEngine, Make
from core.inference.engines.graph_files import GraphKey, read_facts
from core.inference.engines.graph_maker import begin_making, graph_maker
from core.inference.engines.main import EngineParts, build_engine
from core.inference.engines.models import Engine, EngineName, Precision, Setting, Shape
from core.inference.engines.on_torch.late_torch import Late, LateTorch, placed_network, torch_engine
from core.inference.frame_rows import resample_columns, rows_of
from core.inference.live_view import live_view_from
from core.inference.results import FrameScores, TagScores, Window
from core.model.architecture import TransformerConfig
from core.model.format.probabilities import sigmoid, to_probabilities
from core.model.merging.schedule import MergeSchedule, schedule_from_word
from core.model.networks.token_grid import column_times_s, tokens_per_layer
from core.model.store.find import find_weights
from core.model.store.stored_model import StoredModel, open_model

if TYPE_CHECKING:
    from core.model.checkpoints.checkpoint import Checkpoint

LONGEST_FRAMES = 3072
"""30.72 s: beyond that, positions that were trained on 10.24 s mean little, and memory grows with the square."""


class Tagger:
    """A model ready to tag.

    labels: of its outputs. thresholds: float32 `(labels,)`, the probability from which a label counts as detected.
    live_view, live_rules, live_thresholds: how it is read live, when that is an event, and what an event must reach
    `(labels,)`. weights_hash: tells its weights and settings from others, 16 hexadecimal digits.
    window_frames: the longest input it was made for. longest_frames: the longest input it accepts, with its positions
    stretched. pads_to_window: whether `tag` appends zero frames to short input, as the checkpoint asks.
    has_frame_head: whether `tag_frames` works. name, summary: for people.

    architecture, own_merge: as its checkpoint has them.
    asked_for: engine, precision and merging as they were asked for, "auto" for what is left to the program.
    engine: what runs the network. make_graph: for a merging as `--merge` has it, how a graph of a shape is made; None
    leaves graphs that are missing unmade.
    """

    def __init__(
        self,
        model: Checkpoint | StoredModel,
        *,
        device: str = "auto",
        precision: str = "auto",
        merge: str = "auto",
        engine: EngineName = "auto",
        make_graph: Callable[[str], Make] | None = None,
    ) -> None:
        config = model.config
        self._model, self.architecture, self.own_merge = model, config.model, config.merge
        self.weights_hash = model.weights_hash
        self.device: Device = choose_device(device)
        # A CNN has no part that computes in low precision.
        wanted = precision if isinstance(config.model, TransformerConfig) else "fp32"
        self._torch_precision: Precision = torch_precision(wanted, self.device)
        self.precision: Precision = self._torch_precision
        self._wanted_engine: EngineName = engine
        self._wanted_precision, self._make_graph = precision, make_graph
        # Once, and shared with its copies: the window asks for another merging and must not wait.
        full_patches = config.model.n_patches(config.model.max_frames)
        self._read_merge = partial(parse_merge, default=config.merge, full_patches=full_patches)
        self.merge = self._read_merge(merge)
        if not full_patches and not self.merge.removes_nothing():
            raise UserError(f"{config.name} is a CNN: it has no tokens to merge.", "Turn token merging off.")
        self._network = Late(partial(placed_network, model, self.device))
        self.pads_to_window = config.pad_to_window
        self._to_probabilities = to_probabilities(config.activation, config.calibration)
        self.name = config.name
        self.labels = config.labels
        self.thresholds = model.thresholds
        self.log_mel: LogMelConfig = config.log_mel
        self.window_frames = config.model.max_frames
        self.longest_frames = max(LONGEST_FRAMES, self.window_frames)
        self.has_frame_head = isinstance(config.model, TransformerConfig) and config.model.frame_head
        self.live_view = live_view_from(config.live, self.has_frame_head)
        self.live_rules = self.live_view.rules(self.thresholds)
        self.live_thresholds = self.live_rules.starts_from
        self.n_mels = config.log_mel.n_mels
        self.provenance = config.provenance
        where = "CPU" if self.device == "cpu" else "GPU"
        self.summary = f"{config.variant}, {len(config.labels)} classes, {where}, {self.precision}"
        self._engine = self._engine_for(merge)
        if not self.has_graphs:
            self._network.get()  # now, so that what is wrong with the weights is said now

    def tag(
        self,
        frames: NDArray[np.float32],
        start_frame: int = 0,
        *,
        is_warming_up: bool = False,
        heard_s: float | None = None,
        at_true_length: bool = False,
    ) -> TagScores:
        """Tag raw log-mel `frames` `(n, mels)`; n is 1 to `longest_frames`.

        start_frame: index of frames[0] in its stream. heard_s: `time.monotonic()` when the window's last
        sample sounded; the latency counts from there. at_true_length: without the zero frames that a checkpoint may ask
        for after a short sound.
        """
        began = time.perf_counter()
        model_input = self._input_of(frames, pads=not at_true_length)
        scores = self._scores_of(self._engine.run("clip", model_input), start_frame, len(frames), model_input.shape[1])
        return replace(
            scores,
            is_warming_up=is_warming_up,
            latency_ms=0.0 if heard_s is None else (time.monotonic() - heard_s) * 1000,
            compute_ms=(time.perf_counter() - began) * 1000,
        )

    def tag_many(self, windows: Sequence[Window]) -> list[TagScores]:
        """What `tag` answers to each window; several go through together, and each one's time is its share of all."""
        began = time.perf_counter()
        inputs = [self._input_of(frames) for _, frames in windows]
        answers = zip(windows, inputs, self._engine.run_many("clip", inputs), strict=True)
        scores = [self._scores_of(logits, start, len(frames), one.shape[1]) for (start, frames), one, logits in answers]
        each_ms = (time.perf_counter() - began) * 1000 / max(1, len(windows))
        return [replace(one, compute_ms=each_ms) for one in scores]

    def _scores_of(self, logits: NDArray[np.float32], start_frame: int, n_frames: int, n_input: int) -> TagScores:
        tokens_in, tokens_out = self._tokens_of(n_input)
        probabilities = self._to_probabilities(logits)[0]
        return TagScores(probabilities, start_frame, start_frame + n_frames, tokens_in=tokens_in, tokens_out=tokens_out)

    def tag_frames(self, frames: NDArray[np.float32], start_frame: int = 0) -> FrameScores:
        """When each label sounds in raw log-mel `frames` `(n, mels)`, n as for `tag`: a row for every 100 ms that
        begins in them. Raises UserError for a model without a frame head."""
        self.require_frame_head()
        model_input = self._input_of(frames)
        return self._rows_of(self._engine.run("columns", model_input), start_frame, len(frames), model_input.shape[1])

    def tag_frames_many(self, windows: Sequence[Window]) -> list[FrameScores]:
        """What `tag_frames` answers to each window; several go through together."""
        self.require_frame_head()
        inputs = [self._input_of(frames) for _, frames in windows]
        answers = zip(windows, inputs, self._engine.run_many("columns", inputs), strict=True)
        return [self._rows_of(logits, start, len(frames), one.shape[1]) for (start, frames), one, logits in answers]

    def _rows_of(self, logits: NDArray[np.float32], start_frame: int, n_frames: int, n_input: int) -> FrameScores:
        # Neither the clip head's calibration nor a softmax: in a column, each label is present or absent by itself.
        assert isinstance(self.architecture, TransformerConfig), "no other network has a frame head"
        times_s = column_times_s(self.architecture, n_input)
        rows = rows_of(start_frame, n_frames)
        return resample_columns(sigmoid(logits)[0], times_s + start_frame / FRAMES_PER_SECOND, rows)

    @property
    def at_once(self) -> int:
        """How many windows `tag_many` and `tag_frames_many` need to be as fast as they can."""
        return self._engine.at_once

    def require_frame_head(self) -> None:
        """Raises UserError that says how to train a frame head, if the model has none."""
        if not self.has_frame_head:
            raise UserError(
                f"{self.name} has no frame head: it says what sounds in a window, but not when.",
                "Train one: soundmark train frame-head --data DIR init=CHECKPOINT.",
            )

    def with_merge(self, merge: str) -> Tagger:
        """A tagger of the same model with another merge schedule, as `parse_merge` reads it. It makes no difference to
        a CNN, which has no tokens. Raises UserError."""
        other = copy(self)
        other.merge = self._read_merge(merge)
        other._engine = other._engine_for(merge)
        return other

    def with_setting(self, setting: Setting) -> Tagger:
        """A tagger of the same model, run in one certain way. Raises UserError where this machine cannot."""
        other = copy(self)
        # By its word, as the process that makes its graph reads it.
        word = "auto" if setting.merge == self._model.config.merge else setting.merge.to_word()
        other.merge, other.precision = self._read_merge(word), setting.precision
        other._wanted_engine, other._wanted_precision = setting.engine, setting.precision
        other._torch_precision = setting.precision if setting.engine == "torch" else "fp32"
        other._engine = other._engine_for(word)
        return other

    @property
    def engine(self) -> str:
        """The engine and precision of the newest answers, for people."""
        return self._engine.describe()

    @property
    def runs_on(self) -> Engine:
        """The engine itself."""
        return self._engine

    @property
    def checkpoint(self) -> Checkpoint:
        """What it was made from, with its weights. Imports torch. Raises UserError where they can no longer be read."""
        return self._model.load()

    @property
    def has_graphs(self) -> bool:
        """Whether a graph of one of the usual shapes is at hand, so that it may never need PyTorch."""
        return isinstance(self._engine, GraphEngine) and any(map(self._engine.has_graph, self.usual_shapes))

    def load_graph(self, shape: Shape) -> None:
        """Load the graph of a shape, if there is one, instead of when the first input comes. Takes a second or less."""
        if isinstance(self._engine, GraphEngine):
            self._engine.load_graph(shape)

    def make_missing_graphs(self) -> None:
        """Have graphs made in the background if there are none, so that the next start needs no PyTorch."""
        first = self.usual_shapes[0]
        if isinstance(self._engine, GraphEngine) and self._make_graph and read_facts(self.graph_key(first)) is None:
            begin_making(self.graph_key(first), self._make_graph(self.asked_for[2])(first))

    def graph_key(self, shape: Shape) -> GraphKey:
        """Where the graph of an input is found."""
        return GraphKey(self.weights_hash, str(asdict(self.merge)), shape)

    @property
    def usual_shapes(self) -> tuple[Shape, ...]:
        """The inputs of tagging files, of listening, and of finding when sounds occur in files."""
        full = Shape("clip", self.window_frames)
        timed = (Shape("columns", self.window_frames),) if self.has_frame_head else ()
        return tuple(dict.fromkeys((full, *self.live_shapes, *timed)))

    @property
    def live_shapes(self) -> tuple[Shape, ...]:
        """The inputs of listening."""
        view = self.live_view
        if self.has_frame_head:
            return (Shape("columns", view.context),)
        return Shape("clip", view.newest), Shape("clip", min(view.context, self.window_frames))

    def _engine_for(self, merge: str) -> Engine:
        self.asked_for = (self._wanted_engine, self._wanted_precision, merge)
        # Behind graphs, PyTorch answers what they give no number for: exactly.
        precision: Precision = "fp32" if self._wanted_engine == "openvino" else self._torch_precision
        build = partial(torch_engine, self._network, self.merge, precision, self._model)
        parts = EngineParts(
            exact=LateTorch(build, self.device, precision),
            device=self.device,
            precision=self._wanted_precision,
            model_hash=self.weights_hash,
            merge=self.merge,
            make=None if self._make_graph is None else self._make_graph(merge),
        )
        return build_engine(self._wanted_engine, parts)

    def tokens_with(self, merge: str) -> tuple[int, int]:
        """Tokens of a full window before and after the model with that merge schedule. Raises UserError."""
        n_tokens = tokens_per_layer(self.architecture, self.window_frames, self._read_merge(merge))
        return n_tokens[0], n_tokens[-1]

    def tokens_of(self, n_frames: int) -> tuple[int, int]:
        """Tokens of an input of `n_frames` frames before and after the model."""
        return self._tokens_of(max(n_frames, self.window_frames) if self.pads_to_window else n_frames)

    def _tokens_of(self, n_frames: int) -> tuple[int, int]:
        n_tokens = tokens_per_layer(self.architecture, n_frames, self.merge)
        return n_tokens[0], n_tokens[-1]

    def _input_of(self, frames: NDArray[np.float32], *, pads: bool = True) -> NDArray[np.float32]:
        """Normalised, `(1, frames, mels)`."""
        return np.asarray(self.log_mel.normalise(self._pad(frames) if pads else frames))[None]

    def _pad(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        """Append zero frames up to the window if the checkpoint asks for them, as published ASTs do."""
        missing = self.window_frames - len(frames) if self.pads_to_window else 0
        return np.pad(frames, ((0, missing), (0, 0))) if missing > 0 else frames


def load_tagger(
    model: str | None = None,
    *,
    device: str = "auto",
    precision: str = "auto",
    merge: str = "auto",
    engine: EngineName = "auto",
) -> Tagger:
    """A tagger of the model that `find_weights` finds; None is the starter. Raises UserError."""
    path = find_weights(model)
    return Tagger(
        open_model(path),
        device=device,
        precision=precision,
        merge=merge,
        engine=engine,
        make_graph=graph_maker(path),
    )


def parse_merge(text: str, default: MergeSchedule, full_patches: int) -> MergeSchedule:
    """`auto` is `default`, the checkpoint's schedule; anything else as `schedule_from_word` reads it."""
    return default if text == "auto" else schedule_from_word(text, full_patches)
