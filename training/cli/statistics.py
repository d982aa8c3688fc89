"""`main.py statistics`: prints mean, deviation and levels of the clips, and which of it belongs into a recipe."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from core.cli.terminal.console import PlainConsole, plain
from training.cli.check import progress_bar
from training.data_check.log_mel_statistics import AUDIOSET, DataStatistics, MeanAndStd, audioset_real, measure
from training.text import count


@dataclass(frozen=True, slots=True)
class StatisticsOptions:
    """data: folder or list of labelled clips. frames: the length that the padded figures are for."""

    data: Path
    collection: str = ""
    frames: int = 1024
    as_json: bool = False


def run_statistics(options: StatisticsOptions) -> int:
    """Measure and print; 0. Raises UserError."""
    with progress_bar() as report:
        found = measure(options.data, options.collection, options.frames, np.random.default_rng(0), report)
    if options.as_json:
        print(found.to_json())
    else:
        print_statistics(found, PlainConsole())
    return 0


def print_statistics(found: DataStatistics, console: Console) -> None:
    """The three ways of counting, the levels by class, and what to do with them."""
    left_out = f", {found.n_unreadable} of them unreadable and left out" if found.n_unreadable else ""
    console.print(plain(f"{found.name}: {count(found.n_clips, 'clip', 'clips')}{left_out}"))
    ways = Table("raw log-mel", "mean", "std")
    for words, one in (
        ("real frames alone", found.real),
        (f"cut or padded with zeros to {found.frames} frames", found.padded),
        ("the same, SpecAugment's masks on (as AST's code measures)", found.masked),
        ("AudioSet as published (padded, masks on)", MeanAndStd(*AUDIOSET)),
        ("AudioSet, its real frames (derived)", audioset_real()),
    ):
        ways.add_row(words, f"{one.mean:.4f}", f"{one.std:.4f}")
    levels = Table("class", "clips", "quietest", "median", "loudest", caption="RMS level, dBFS")
    for table in (ways, levels):
        for column in table.columns[1:]:
            column.justify = "right"
    for one in found.levels:
        figures = (one.lowest_db, one.median_db, one.highest_db)
        levels.add_row(plain(one.label), str(one.n_clips), *(f"{figure:.1f}" for figure in figures))
    console.print(ways)
    console.print(levels)
    for sentence in advice(found):
        console.print(plain(sentence), soft_wrap=True)


def advice(found: DataStatistics) -> list[str]:
    """Which figures belong into a recipe, in sentences."""
    sentences = [
        f"Into a recipe here: mean = {found.real.mean}, std = {found.real.std}, since no clip is padded. A recipe "
        "without them measures its training clips by itself; one that starts from a checkpoint keeps that one's.",
        f"For code that pads to {found.frames} frames, as AST's does: mean = {found.padded.mean}, "
        f"std = {found.padded.std}; with its masks left on, {found.masked.mean} and {found.masked.std}.",
    ]
    if found.is_far_from_audioset():
        sentences.append(
            "Warning: the level or the spread of these sounds lies far from AudioSet's. Weights from AudioSet need "
            "these figures in place of their own, and some training on such sounds."
        )
    return sentences
