"""`soundmark listen` tags a microphone, a file or the demo scene live."""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from core.audio.sources import SOURCES
from core.audio.sources.source import Source
from core.cli.argument_types import pace_word, positive_number
from core.cli.model_options import ModelOptions, add_model_options
from core.cli.output.window_output import FORMATS, PARENTS_HELP, ResultWriter, TaggedWindow, implied_labels
from core.cli.terminal.streams import print_error
from core.errors import UsageError, UserError
from core.inference.events import SpecificEvents
from core.inference.pacing.models import AUTO, PaceState, PaceWish, Place
from core.inference.pacing.sentences import pace_sentence
from core.inference.results import LiveStatus, LiveUpdate, TagScores

if TYPE_CHECKING:
    from core.inference.tagger import Tagger

EXAMPLES = """\
examples:
  soundmark listen                              the microphone, until Ctrl+C
  soundmark listen --input demo --seconds 30    the built-in demo scene, without a microphone
  soundmark listen --format jsonl > heard.jsonl     windows and events as JSON lines
"""
_STOP_TIMEOUT_S = 10.0
"""How long the end waits for a slow model to finish its window."""


@dataclass(frozen=True, slots=True)
class ListenOptions:
    """What `listen` was asked to do."""

    model: ModelOptions
    """Which model, and how it runs."""
    input: str | None = None
    """A device's name, a file's path or "demo"; None for the default microphone."""
    seconds: float | None = None
    """When to stop; None for at the end of the input."""
    hop_s: float | None = None
    """From window to window; None for what suits the model."""
    pace: str = AUTO
    """AUTO, FINEST, FASTEST or a setting's place."""
    format: str = "table"
    """A key of FORMATS."""
    top_k: int | None = 5
    """Labels per window."""
    parents: bool = False
    """Also show detected labels, and events, that a more specific one implies."""
    fast: bool = False
    """Run a file as fast as the machine can, skipping no window, instead of in real time."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of `listen`."""
    parser.epilog = EXAMPLES
    source = "device name, file, or 'demo' (default: the microphone)"
    parser.add_argument("--input", metavar="NAME|FILE", help=source)
    parser.add_argument("--seconds", type=positive_number, metavar="N", help="stop after this long")
    parser.add_argument("--fast", action="store_true", help="run a file at full speed, as if it were live")
    pace = "what the model runs in: auto (default) follows what this computer can hold; or a setting, 1 for the finest"
    parser.add_argument("--pace", type=pace_word, default=AUTO, metavar="auto|finest|fastest|N", help=pace)
    hop = "from window to window, 0.01 to 10.24 (default: the model's own, or longer on a slow computer)"
    parser.add_argument("--hop-s", type=positive_number, metavar="S", help=hop)
    parser.add_argument("--format", choices=("table", "jsonl"), default="table", help="default: table")
    parser.add_argument("--parents", action="store_true", help=PARENTS_HELP)
    add_model_options(parser)


def run(namespace: argparse.Namespace) -> int:
    """Run `listen` with the options of `add_options`."""
    options = ListenOptions(
        model=ModelOptions.of(namespace, namespace.model),
        input=namespace.input,
        seconds=namespace.seconds,
        hop_s=namespace.hop_s,
        pace=namespace.pace,
        format=namespace.format,
        parents=namespace.parents,
        fast=namespace.fast,
    )
    return run_listen(options)


def run_listen(options: ListenOptions) -> int:
    """Tag until the time is up, the file ends or Ctrl+C is pressed; 0. Raises UserError, also when listening fails."""
    from core.inference.listener import Listener
    from core.inference.live_view import check_hop

    check_hop(options.hop_s)
    if options.fast and options.pace != AUTO:
        raise UsageError("At full speed there is no pace to keep.", "Leave --pace or --fast out.")
    source = _fast_source(options) if options.fast else choose_source(options.input)
    tagger = options.model.load_tagger()  # after the source: an unknown name is reported before the model loads
    report = _Report(source, tagger, options)
    pace = None if options.fast else PaceWish(options.pace)
    listener = Listener(source, tagger=tagger, hop_s=options.hop_s, skips=not options.fast, pace=pace)
    listener.start()
    for shape in tagger.live_shapes:
        tagger.load_graph(shape)  # while the first window's sound arrives
    # At full speed the source itself ends after so many seconds of the stream.
    deadline = None if options.seconds is None or options.fast else time.monotonic() + options.seconds
    try:
        while not report.is_over and (deadline is None or time.monotonic() < deadline):
            update = listener.wait_update(0.2)
            if update is not None:
                report.announce(f"{tagger.name} ({tagger.summary})")
                report.write(update)
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
    finally:
        listener.stop(timeout_s=_STOP_TIMEOUT_S)
    while (update := listener.take_update()) is not None:
        report.write(update)
    report.summarise()
    if report.failure is not None:
        raise report.failure
    return 0


class _Report:
    """Writes updates as they come and counts for the summary."""

    def __init__(self, source: Source, tagger: Tagger, options: ListenOptions) -> None:
        self._source, self._tagger, self._options = source, tagger, options
        self._writer: ResultWriter = FORMATS[options.format](sys.stdout, tagger.labels, options.top_k)
        self._specific = SpecificEvents(tagger.labels)
        self._n_windows = 0
        self._status = LiveStatus()
        self._trouble = ""
        self._pace: tuple[Place, bool] | None = None
        self._is_announced = False
        self.is_over = False
        self.failure: UserError | None = None

    def announce(self, model: str) -> None:
        """Say once what the input is, as soon as it is open and knows its name."""
        if not self._is_announced:
            self._is_announced = True
            print_error(f"Listening to {self._source.name} with {model}. Ctrl+C stops.")

    def write(self, update: LiveUpdate) -> None:
        """Write windows and events to standard output, new trouble to standard error.

        Events come after the window that they became known with, however many windows an update holds.
        """
        events = deque(update.events if self._options.parents else self._specific.started(update.events))
        for scores in update.scores:
            latency_ms = None if self._options.fast else scores.latency_ms
            implied = self._implied(scores)
            self._writer.window(TaggedWindow(self._source.name, self._n_windows, scores, latency_ms, implied))
            self._n_windows += 1
            while events and events[0].at_s <= scores.end_s:
                self._writer.event(events.popleft())
        for change in events:
            self._writer.event(change)
        trouble = str(update.trouble or "")
        if trouble and trouble != self._trouble:
            print_error(trouble)
        self._trouble, self._status = trouble, update.status
        if update.pace is not None:
            self._write_pace(update.pace)
        self.failure = update.failure or self.failure
        self.is_over = update.has_ended or self.failure is not None

    def _write_pace(self, state: PaceState) -> None:
        """Write each change, and the first pace once it is known, or forecast, what it takes; or that it is not yet the
        chosen one."""
        pace = state.place, state.is_behind
        is_known = state.share is not None or state.reason == "preparing"
        if pace != self._pace and (self._pace is not None or is_known):
            self._pace = pace
            print_error(pace_sentence(state))
            self._writer.pace(state)

    def _implied(self, scores: TagScores) -> NDArray[np.bool_] | None:
        tagger = self._tagger
        return None if self._options.parents else implied_labels(scores, tagger.labels, tagger.live_thresholds)

    def summarise(self) -> None:
        """Write the summary line."""
        self._writer.summary(
            {
                "windows": self._n_windows,
                "skipped_windows": self._status.skipped_windows,
                "dropped_blocks": self._status.dropped_blocks,
                "real_time_factor": round(self._status.real_time_factor, 2),
            }
        )


def _fast_source(options: ListenOptions) -> Source:
    """The file of --input, which ends after --seconds of its own time."""
    from core.audio.sources.file_source import FileSource

    path = None if options.input is None else Path(options.input).expanduser()
    if path is None or not path.is_file():
        raise UsageError("Only a file can be run at full speed.", "Give one: --input FILE --fast.")
    return FileSource(path, speed=math.inf, length_s=math.inf if options.seconds is None else options.seconds)


def choose_source(wanted: str | None) -> Source:
    """Choose the source for --input: a file that exists, a device's name, or by default the microphone; without any
    input device the demo scene, as standard error then says."""
    if wanted is not None and Path(wanted).expanduser().is_file():
        return SOURCES["file"](str(Path(wanted).expanduser()))
    if wanted is not None and wanted.casefold() == "demo":
        return SOURCES["demo"](None)
    from core.audio.sources.input_devices import list_inputs

    if wanted is not None:
        names = [name for device in list_inputs() for name in (device.name, device.full_name)]
        if wanted not in names:
            known = ", ".join(names[::2]) or "none"
            raise UsageError(f"There is no input {wanted!r}.", f"Give a file that exists, or an input device: {known}.")
        return SOURCES["microphone"](wanted)
    try:
        inputs = list_inputs()
    except UserError as error:
        print_error(error)
        inputs = ()
    if inputs:
        return SOURCES["microphone"](None)
    print("No input device was found: playing the built-in demo scene instead.", file=sys.stderr, flush=True)
    return SOURCES["demo"](None)
