"""Starts Soundmark: the window, or one of the terminal's verbs. See `soundmark --help`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from core.cli import command_line
from core.cli.command_line import Verb
from core.cli.terminal.display import has_display
from core.cli.terminal.leaving import run_and_leave
from core.cli.terminal.streams import print_error
from core.errors import UsageError, UserError

VERBS = (
    Verb("tag", "tag audio and video files, or folders of them", "core.cli.tag"),
    Verb("listen", "tag live sound from a microphone, in the terminal", "core.cli.listen"),
    Verb("export", "write what was heard live to a file of another program", "core.cli.export"),
    Verb("devices", "list the input devices", "core.cli.devices"),
    Verb("check", "report what is in a folder of labelled clips, and what is wrong with it", "training.cli.check"),
    Verb("statistics", "measure the clips' log-mel (mean and deviation) and their levels", "training.cli.statistics"),
    Verb("recipes", "list the training recipes", "training.cli.recipes"),
    Verb("train", "train a model by a recipe", "training.cli.train"),
    Verb("evaluate", "evaluate a model on labelled clips", "training.cli.evaluate"),
    Verb("study", "run or resume a grid of trainings", "training.cli.study"),
    Verb("bench", "measure how fast this machine tags", "core.cli.bench"),
    Verb("models", "list, download, import and export models", "core.cli.models"),
)


def main(argv: Sequence[str]) -> int:
    """Run one command; the exit status, as EXIT_STATUS has it."""
    try:
        if command_line.is_for_the_window(VERBS, argv):
            return _window(argv)
        namespace = parse(argv)
        return namespace.run(namespace)
    except UserError as error:
        print_error(error)
        return 2 if isinstance(error, UsageError) else 1
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        return 0  # the reader (`| head`) has gone, with all that it wanted


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Parse the options of one verb; wrong usage exits with 2."""
    return command_line.parse(VERBS, argv)


def _window(argv: Sequence[str]) -> int:
    if not has_display():
        print("There is no display: listening in the terminal instead.", file=sys.stderr, flush=True)
        return main(["listen"])
    from app.application import run

    return run([sys.argv[0], *argv])


if __name__ == "__main__":
    run_and_leave(main)
