"""`statistics` prints three ways of counting, the levels, and which figures belong in a recipe."""

from __future__ import annotations

import argparse
import io
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from training.cli.statistics import add_options, advice, print_statistics
from training.data_check.log_mel_statistics import DataStatistics, LevelRange, MeanAndStd, audioset_real

pytestmark = pytest.mark.slow

REAL = audioset_real()
FOUND = DataStatistics(
    name="birds",
    n_clips=7,
    n_unreadable=1,
    frames=512,
    real=REAL,
    padded=MeanAndStd(-6.25, 4.5),
    masked=MeanAndStd(-5.75, 4.25),
    levels=(LevelRange("wren", 4, -40.0, -30.0, -20.5),),
)


def test_the_options_have_the_window_of_audioset_by_default() -> None:
    parser = argparse.ArgumentParser()
    add_options(parser)
    namespace = parser.parse_args(["--data", "d"])
    assert (namespace.data, namespace.frames, namespace.collection, namespace.json) == (Path("d"), 1024, "", False)


def test_every_figure_is_printed() -> None:
    file = io.StringIO()
    print_statistics(FOUND, Console(file=file, width=120))
    output = file.getvalue()
    assert all(figure in output for figure in ("birds: 7 clips", f"{REAL.mean:.4f}", "-6.2500", "4.2500", "512"))
    assert all(figure in output for figure in ("wren", "-40.0", "-30.0", "-20.5"))


def test_levels_far_from_audioset_get_a_warning() -> None:
    assert len(advice(FOUND)) == 2
    *_, warning = advice(replace(FOUND, real=MeanAndStd(REAL.mean - 10, REAL.std)))
    assert warning.startswith("Warning")
    assert "AudioSet" in warning
