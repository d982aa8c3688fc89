"""`soundmark statistics` prints the mean, deviation and levels of clips, and which figures belong in a recipe."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from core.cli.argument_types import whole_count
from core.cli.terminal.console import PlainConsole, plain
from training.cli.data_options import add_data_options
from training.cli.reporters import preparation_bar
from training.text import count

if TYPE_CHECKING:
    from training.data_check.log_mel_statistics import DataStatistics


@dataclass(frozen=True, slots=True)
class StatisticsOptions:
    """What `statistics` was asked to do."""

    data: Path
    collection: str = ""
    """Of --collection; "" for none."""
    frames: int = 1024
    """The length that the padded figures are for."""
    as_json: bool = False


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of `statistics`."""
    add_data_options(parser)
    frames = "frames that padded figures are for: AudioSet 1024 (default), ESC-50 512, Speech Commands 128"
    parser.add_argument("--frames", type=whole_count, default=1024, metavar="N", help=frames)


def run(namespace: argparse.Namespace) -> int:
    """Run `statistics` with the options of `add_options`."""
    options = StatisticsOptions(
        data=namespace.data, collection=namespace.collection, frames=namespace.frames, as_json=namespace.json
    )
    return run_statistics(options)


def run_statistics(options: StatisticsOptions) -> int:
    """Measure and print; 0. Raises UserError."""
    import numpy as np

    from training.data_check.log_mel_statistics import measure

    with preparation_bar("Reading the list") as report:
        found = measure(options.data, options.collection, options.frames, np.random.default_rng(0), report)
    if options.as_json:
        print(found.to_json())
    else:
        print_statistics(found, PlainConsole())
    return 0


def print_statistics(found: DataStatistics, console: Console) -> None:
    """Print the three ways of counting, the levels by class, and what to do with them."""
    from training.data_check.log_mel_statistics import AUDIOSET, MeanAndStd, audioset_real

    left_out = f", {found.n_unreadable} of them unreadable and left out" if found.n_unreadable else ""
    console.print(plain(f"{found.name}: {count(found.n_clips, 'clip', 'clips')}{left_out}"))
    ways = Table("raw log-mel", "mean", "std")
    for words, figures in (
        ("real frames alone", found.real),
        (f"cut or padded with zeros to {found.frames} frames", found.padded),
        ("the same, SpecAugment's masks on (as AST's code measures)", found.masked),
        ("AudioSet as published (padded, masks on)", MeanAndStd(mean=AUDIOSET[0], std=AUDIOSET[1])),
        ("AudioSet, its real frames (derived)", audioset_real()),
    ):
        ways.add_row(words, f"{figures.mean:.4f}", f"{figures.std:.4f}")
    levels = Table("class", "clips", "quietest", "median", "loudest", caption="RMS level, dBFS")
    for table in (ways, levels):
        for column in table.columns[1:]:
            column.justify = "right"
    for level in found.levels:
        decibels = (level.lowest_db, level.median_db, level.highest_db)
        levels.add_row(plain(level.label), str(level.n_clips), *(f"{figure:.1f}" for figure in decibels))
    console.print(ways)
    console.print(levels)
    for sentence in advice(found):
        console.print(plain(sentence), soft_wrap=True)


def advice(found: DataStatistics) -> list[str]:
    """Say which figures belong in a recipe."""
    sentences = [
        f"For a recipe here: mean = {found.real.mean}, std = {found.real.std}, since no clip is padded. A recipe "
        "without them measures its training clips; one that starts from a checkpoint keeps the checkpoint's.",
        f"For code that pads to {found.frames} frames, as AST's does: mean = {found.padded.mean}, "
        f"std = {found.padded.std}; with its masks left on, {found.masked.mean} and {found.masked.std}.",
    ]
    if found.is_far_from_audioset():
        sentences.append(
            "Warning: the level or the spread of these sounds is far from AudioSet's. Weights from AudioSet need these "
            "figures instead of their own, and some training on such sounds."
        )
    return sentences
