"""`main.py listen`: a microphone, a file or the demo scene through the live pipeline. Knows no window."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path

from core.audio import SOURCES
from core.audio.sources.source import Source
from core.cli.tag import ModelOptions, load_as_asked
from core.cli.terminal.streams import print_error
from core.cli.window_output import FORMATS, ResultWriter, TaggedWindow
from core.errors import UsageError, UserError
from core.inference.results import LiveStatus, LiveUpdate

_LONGEST_WINDOW_S = 10.0
"""How long the end waits for a slow model to finish its window."""


@dataclass(frozen=True, slots=True)
class ListenOptions:
    """What `listen` was asked for. input: a device's name, a file's path, or None for the default microphone."""

    model: ModelOptions
    input: str | None = None
    seconds: float | None = None
    hop_s: float = 0.5
    format: str = "table"
    top_k: int | None = 5


def run_listen(options: ListenOptions) -> int:
    """Tag until the time is up, the file ends or Ctrl+C; 1 when listening failed. Raises UserError."""
    from core.inference.listener import Listener

    source = choose_source(options.input)  # first: a name that is not there is told before the model loads
    tagger = load_as_asked(options.model)
    report = _Report(source, FORMATS[options.format](sys.stdout, tagger.labels, options.top_k))
    listener = Listener(source, tagger=tagger, hop_s=options.hop_s)
    listener.start()
    deadline = None if options.seconds is None else time.monotonic() + options.seconds
    try:
        while not report.is_over and (deadline is None or time.monotonic() < deadline):
            update = listener.wait_update(0.2)
            if update is not None:
                report.greet(f"{tagger.name} ({tagger.summary})")
                report.take(update)
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
    finally:
        listener.stop(timeout_s=_LONGEST_WINDOW_S)
    while (update := listener.take_update()) is not None:
        report.take(update)
    report.sum_up()
    if report.failure is not None:
        raise report.failure
    return 0


class _Report:
    """Writes updates as they come and remembers what the last line needs."""

    def __init__(self, source: Source, writer: ResultWriter) -> None:
        self._source, self._writer = source, writer
        self._n_windows = 0
        self._status = LiveStatus()
        self._trouble = ""
        self._has_greeted = False
        self.is_over = False
        self.failure: UserError | None = None

    def greet(self, model: str) -> None:
        """Say what is listened to, once it is open and so knows its name."""
        if not self._has_greeted:
            self._has_greeted = True
            print_error(f"Listening to {self._source.name} with {model}. Ctrl+C ends.")

    def take(self, update: LiveUpdate) -> None:
        """Windows to stdout, new trouble to stderr."""
        for scores in update.scores:
            self._writer.window(TaggedWindow(self._source.name, self._n_windows, scores, scores.latency_ms))
            self._n_windows += 1
        trouble = str(update.trouble or "")
        if trouble and trouble != self._trouble:
            print_error(trouble)
        self._trouble, self._status = trouble, update.status
        self.failure = update.failure or self.failure
        self.is_over = update.has_ended or self.failure is not None

    def sum_up(self) -> None:
        """The summary line."""
        self._writer.summary(
            {
                "windows": self._n_windows,
                "skipped_windows": self._status.skipped_windows,
                "dropped_blocks": self._status.dropped_blocks,
                "real_time_factor": round(self._status.real_time_factor, 2),
            }
        )


def choose_source(wanted: str | None) -> Source:
    """The source for `--input`: a file that exists, a device's name, or by default the microphone; where there is
    no input device at all, the demo scene, and stderr says so."""
    if wanted is not None and Path(wanted).expanduser().is_file():
        return SOURCES["file"](str(Path(wanted).expanduser()))
    if wanted is not None and wanted.casefold() == "demo":
        return SOURCES["demo"](None)
    from core.audio.sources.input_devices import list_inputs

    if wanted is not None:
        names = [name for one in list_inputs() for name in (one.name, one.full_name)]
        if wanted not in names:
            there = ", ".join(names[::2]) or "none"
            raise UsageError(f"There is no input {wanted!r}.", f"Give a file that exists, or an input: {there}.")
        return SOURCES["microphone"](wanted)
    try:
        inputs = list_inputs()
    except UserError as error:
        print_error(error)
        inputs = ()
    if inputs:
        return SOURCES["microphone"](None)
    print("No input device was found: playing the synthesised demo scene instead.", file=sys.stderr, flush=True)
    return SOURCES["demo"](None)
