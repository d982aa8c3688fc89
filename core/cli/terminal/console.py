"""Prints text from anywhere with rich, and shows progress: names are neither markup nor control characters."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, TextColumn, TimeRemainingColumn
from rich.text import Text

from core.terminal_text import shown


class PlainConsole(Console):
    """Prints text as it is: a name such as `[red]` or `:car:` is neither a style nor an emoji."""

    def __init__(self, *, stderr: bool = False) -> None:
        super().__init__(stderr=stderr, markup=False, emoji=False, highlight=False)

    def on_broken_pipe(self) -> None:
        """Let `main` end every verb alike when the reader (`| head`) has gone; rich would exit with 1."""
        raise  # rich calls this while it handles the BrokenPipeError


def plain(text: object, style: str = "") -> Text:
    """Make a cell or a line that no console reads as markup, with control characters escaped."""
    return Text(shown(text), style)


def progress_bar(*columns: ProgressColumn, shows_always: bool = False) -> Progress:
    """A bar on standard error if that is a terminal, else nothing. columns: after the description and the bar."""
    console = PlainConsole(stderr=True)
    ends = columns or (TextColumn("{task.percentage:>3.0f} %", markup=False), TimeRemainingColumn())
    return Progress(
        TextColumn("{task.description}", markup=False), BarColumn(), *ends, console=console,
        transient=not shows_always, disable=not console.is_terminal,
    )  # fmt: skip


def track(places: range, task: str) -> Iterator[int]:
    """Pass on the places of a range while a bar shows how far it is; task: what is being done."""
    with progress_bar(shows_always=True) as bar:
        yield from bar.track(places, description=shown(task))
