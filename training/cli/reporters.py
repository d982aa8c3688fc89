"""Reports a run's messages: as JSON lines, on a progress bar, to a log file, to TensorBoard.

Each reporter is a function of one message; the run calls them all.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from rich.progress import TextColumn, TimeRemainingColumn

from core.cli.terminal.console import plain, progress_bar
from core.errors import UserError
from core.run.messages import (
    TrainingEpoch,
    TrainingFailed,
    TrainingFinished,
    TrainingMessage,
    TrainingPaused,
    TrainingPreparing,
    TrainingStarted,
    TrainingStep,
    TrainingStopped,
    to_line,
)
from core.run.run_folder import LOG_NAME, TENSORBOARD_NAME
from core.terminal_text import shown

Reporter = Callable[[TrainingMessage], None]


def to_json_lines(message: TrainingMessage) -> None:
    """Print one JSON object a line."""
    with suppress(BrokenPipeError):  # the reader has gone; the run and its log continue
        print(to_line(message), flush=True)


def to_log(out: Path) -> tuple[Reporter, IO[str]]:
    """Append to OUT/log.jsonl, after the messages of earlier parts of the run. Raises UserError."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        log = (out / LOG_NAME).open("a", encoding="utf-8")
    except OSError as error:
        raise UserError(f"{out} cannot be used ({error.strerror}).", "Choose another folder with --out.") from error

    def report(message: TrainingMessage) -> None:
        # A full disk must not end the run because of its log.
        with suppress(OSError):
            print(to_line(message), file=log, flush=True)

    return report, log


def to_tensorboard(out: Path) -> Reporter:
    """Write scalars that `tensorboard --logdir OUT` draws."""
    from tensorboardX import SummaryWriter

    writer = SummaryWriter(str(out / TENSORBOARD_NAME))
    step = 0

    def report(message: TrainingMessage) -> None:
        nonlocal step
        with suppress(OSError):
            match message:
                case TrainingStep():
                    step = message.step
                    writer.add_scalar("loss/step", message.loss, step)
                    writer.add_scalar("learning_rate", message.learning_rate, step)
                    writer.add_scalar("clips_per_second", message.clips_per_second, step)
                case TrainingEpoch():
                    writer.add_scalar("loss/epoch", message.loss, step)
                    for name, value in message.metrics.items():
                        writer.add_scalar(f"held_out/{name}", value, step)
                case TrainingFinished() | TrainingFailed() | TrainingStopped():
                    writer.flush()

    return report


@contextmanager
def preparation_bar(task: str) -> Iterator[Callable[[TrainingPreparing], None]]:
    """Show a bar for what comes before a run; task: what it says at first. The reporter moves it."""
    with progress_bar() as bar:
        task_id = bar.add_task(task, total=None)

        def report(message: TrainingPreparing) -> None:
            bar.update(task_id, description=shown(message.what), completed=message.done, total=message.total)

        yield report


class ProgressBar:
    """Shows a bar over the whole run on a terminal, and a line for each epoch that was evaluated."""

    def __init__(self) -> None:
        words = (TextColumn(form, markup=False) for form in ("{task.percentage:>3.0f} %", "{task.fields[figures]}"))
        self._bar = progress_bar(*words, TimeRemainingColumn(), shows_always=True)
        self._has_shown_duration = False
        self._task = self._bar.add_task("Preparing", total=None, figures="")
        self._bar.start()

    def __call__(self, message: TrainingMessage) -> None:
        match message:
            case TrainingPreparing():
                what = shown(message.what)
                self._bar.update(self._task, description=what, completed=message.done, total=message.total)
            case TrainingStarted():
                self._print(
                    f"{message.n_clips} clips, {message.n_labels} labels, {message.n_epochs} epochs on {message.device}"
                    f" into {message.out}"
                )
                self._bar.reset(self._task, description=f"Epoch {message.first_epoch}", total=None, figures="")
                self._has_shown_duration = False
            case TrainingStep():
                if not self._has_shown_duration and message.seconds_left:
                    self._print(f"This will take about {max(1, round(message.seconds_left))} s.")
                    self._has_shown_duration = True
                figures = f"loss {message.loss:.3f}, {message.clips_per_second:.0f} clips/s"
                self._bar.update(
                    self._task, description=f"Epoch {message.epoch}", completed=message.step, total=message.n_steps,
                    figures=figures,
                )  # fmt: skip
            case TrainingEpoch() if message.metrics:
                figures = ", ".join(f"{name} {value:.3f}" for name, value in message.metrics.items())
                self._print(f"epoch {message.epoch}: loss {message.loss:.3f}, {figures}")
            case TrainingPaused():
                self._bar.update(self._task, description="Paused" if message.paused else "Resumed")
            case TrainingStopped():
                model = f" Model so far: {message.checkpoint}" if message.checkpoint else ""
                self._end(f"Stopped after step {message.step}. Resume with --resume.{model}")
            case TrainingFinished():
                figures = ", ".join(f"{name} {value:.3f}" for name, value in message.metrics.items())
                self._end(f"Done: {message.checkpoint}", figures)
            case TrainingFailed():
                self._end()
            case _:
                pass

    def _end(self, *lines: str) -> None:
        self._bar.stop()
        for line in lines:
            self._print(line)

    def _print(self, words: str) -> None:
        self._bar.console.print(plain(words), soft_wrap=True)


def stamp() -> str:
    """Date and time, for the name of a run's folder."""
    return time.strftime("%Y%m%d-%H%M%S")
