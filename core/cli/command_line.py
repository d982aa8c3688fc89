"""Builds the command line from a table of verbs. Imports the file of the verb that was asked for, and no other."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from core.cli.argument_types import PlainParser
from core.cli.terminal.leaving import EXIT_STATUS
from core.errors import UsageError
from core.version import NAME, version

PROGRAM = NAME.lower()
DESCRIPTION = (
    "Soundmark tags sounds. Without a verb it opens the window and tags the files named, if any; --demo listens to "
    "the built-in demo scene, --settings keeps the window's settings in an INI file."
)


@dataclass(frozen=True, slots=True)
class Verb:
    """A verb of the command line."""

    name: str
    summary: str
    """For the help."""
    module: str
    """Has its `add_options(parser)` and `run(namespace) -> int`."""


def is_for_the_window(verbs: Sequence[Verb], argv: Sequence[str]) -> bool:
    """Whether no verb is meant: nothing, an option of the window, or a file comes first.

    Raises UsageError for a verb after an option of the window, which would take it for a file.
    """
    names = {verb.name for verb in verbs}
    if not argv or not argv[0].startswith(("--demo", "--settings")):
        return not argv or (argv[0] not in names and os.path.exists(argv[0]))
    words = [word for before, word in zip(("", *argv), argv, strict=False) if before != "--settings"]
    first = next((word for word in words if not word.startswith("-")), "")
    if first in names and not os.path.exists(first):
        problem = f"{argv[0]} is an option of the window, and {first} is a command."
        raise UsageError(problem, f"Write {first} first, without {argv[0]}.")
    return True


def parse(verbs: Sequence[Verb], argv: Sequence[str]) -> argparse.Namespace:
    """Parse the options of one verb; its `run` is among them. Wrong usage exits with 2."""
    parser = build_parser(verbs, argv[0])
    if argv[0] not in {verb.name for verb in verbs} and Path(argv[0]).suffix:
        parser.error(f"there is no file {argv[0]}")
    namespace, rest = parser.parse_known_args(argv)
    # argparse does not accept KEY=VALUE behind --data and --out.
    settings = [word for word in rest if not word.startswith("-")]
    if rest and (len(settings) < len(rest) or "settings" not in namespace):
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    if settings:
        namespace.settings = [*namespace.settings, *settings]
    return namespace


def build_parser(verbs: Sequence[Verb], chosen: str) -> argparse.ArgumentParser:
    """Build a parser that knows every verb by its summary, and the chosen one with its options."""
    names = [verb.name for verb in verbs]
    parser = PlainParser(
        prog=PROGRAM,
        usage=f"{PROGRAM} [--settings FILE] [--demo] [FILE ...]\n       {PROGRAM} {{{','.join(names)}}} ...",
        description=DESCRIPTION,
        epilog=EXIT_STATUS,
    )
    parser.add_argument("--version", action="version", version=f"{NAME} {version()}", help="print the version and exit")
    group = parser.add_subparsers(dest="verb", prog=PROGRAM, metavar=" | ".join(names), required=True)
    for verb in verbs:
        verb_parser = group.add_parser(
            verb.name,
            help=verb.summary,
            description=f"{verb.summary[:1].upper()}{verb.summary[1:]}.",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        if verb.name == chosen:
            module: Any = import_module(verb.module)
            module.add_options(verb_parser)
            verb_parser.set_defaults(run=module.run)
    return parser
