"""The options that say which labelled clips; the same for check, statistics and evaluate."""

from __future__ import annotations

import argparse
from pathlib import Path

DATA_HELP = "folder or list of labelled clips"


def add_data_options(parser: argparse.ArgumentParser) -> None:
    """Add --data, --collection and --json."""
    parser.add_argument("--data", required=True, type=Path, metavar="PATH", help=DATA_HELP)
    parser.add_argument("--collection", default="", metavar="C", help="a list in training/collections that joins sets")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
