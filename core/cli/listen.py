"""`main.py listen`: a microphone, a file or the demo scene through the live pipeline. Knows no window."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path

from core.audio import SOURCES
from core.audio.source import Source
from core.cli.output import FORMATS, TaggedWindow
from core.cli.tag import ModelOptions
from core.errors import UserError


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
    from core.inference.tagger import load_tagger

    model = options.model
    source = choose_source(options.input)  # first: a name that is not there is told before the model loads
    tagger = load_tagger(model.model, device=model.device, precision=model.precision, merge=model.merge)
    writer = FORMATS[options.format](sys.stdout, tagger.labels, options.top_k)
    listener = Listener(source, tagger=tagger, hop_s=options.hop_s)
    words = f"Listening to {source.name} with {tagger.name} ({tagger.summary}). Ctrl+C ends."
    print(words, file=sys.stderr, flush=True)
    listener.start()
    index, status, failure, trouble = 0, None, None, None
    deadline = None if options.seconds is None else time.monotonic() + options.seconds
    try:
        while deadline is None or time.monotonic() < deadline:
            update = listener.wait_update(0.2)
            if update is None:
                continue
            for scores in update.scores:
                writer.window(TaggedWindow(source.name, index, scores, scores.latency_ms))
                index += 1
            status, failure = update.status, update.failure or failure
            if update.trouble is not None and str(update.trouble) != str(trouble):
                print(update.trouble, file=sys.stderr, flush=True)
            trouble = update.trouble
            if update.has_ended or failure is not None:
                break
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
    listener.stop()
    while (update := listener.take_update()) is not None:
        for scores in update.scores:
            writer.window(TaggedWindow(source.name, index, scores, scores.latency_ms))
            index += 1
        status, failure = update.status, update.failure or failure
    writer.summary(
        {
            "windows": index,
            "skipped_windows": status.skipped_windows if status else 0,
            "dropped_blocks": status.dropped_blocks if status else 0,
            "real_time_factor": round(status.real_time_factor, 2) if status else 0.0,
        }
    )
    if failure is not None:
        raise failure
    return 0


def choose_source(wanted: str | None) -> Source:
    """The source for `--input`: a file that exists, a device's name, or by default the microphone; where there is
    no input device at all, the demo scene, and stderr says so."""
    if wanted is not None and Path(wanted).expanduser().is_file():
        return SOURCES["file"](str(Path(wanted).expanduser()))
    if wanted is not None and wanted.casefold() == "demo":
        return SOURCES["demo"](None)
    from core.audio.input_devices import list_inputs

    if wanted is not None:
        names = [name for one in list_inputs() for name in (one.name, one.full_name)]
        if wanted not in names:
            there = ", ".join(names[::2]) or "none"
            raise UserError(f"There is no input {wanted!r}.", f"Give a file that exists, or an input: {there}.")
        return SOURCES["microphone"](wanted)
    try:
        inputs = list_inputs()
    except UserError as error:
        print(f"{error.problem} {error.remedy}", file=sys.stderr)
        inputs = ()
    if inputs:
        return SOURCES["microphone"](None)
    print("No input device was found: playing the synthesised demo scene instead.", file=sys.stderr, flush=True)
    return SOURCES["demo"](None)
