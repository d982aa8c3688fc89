"""The options of `main.py models list | get | import | export`. Loads no torch."""

from __future__ import annotations

import argparse
from pathlib import Path

from core.cli.argument_types import stride_pair, whole_count


def add_models_options(parser: argparse.ArgumentParser) -> None:
    """Give the verb its four deeds; each one's `run` is set."""
    deeds = parser.add_subparsers(dest="deed", metavar="list | get | import | export", required=True)

    listing = deeds.add_parser("list", help="the models that are here, and the published ones that can be had")
    _add_json(listing, "as a JSON list")
    listing.set_defaults(run=_list)

    get = deeds.add_parser("get", help="fetch a published model; a broken download goes on where it was")
    get.add_argument("name", metavar="NAME", help="as `models list` has it")
    _add_json(get, "progress and result as JSON lines")
    get.set_defaults(run=_get)

    bring = deeds.add_parser("import", help="keep a checkpoint of AST's authors, of Hugging Face or of ours")
    bring.add_argument("path", type=Path, metavar="PATH", help="a .pth or .safetensors file, or a folder")
    bring.add_argument("--name", default="", metavar="NAME", help="what --model shall call it (default: as the file)")
    labels = "its labels: class_labels_indices.csv, with index, mid, display name"
    bring.add_argument("--labels", type=Path, metavar="CSV", help=labels)
    strides = "of its patches, where the file does not tell: 10x10"
    bring.add_argument("--stride", type=stride_pair, metavar="MELSxFRAMES", help=strides)
    frames = "of its window, where the file does not tell: 1024"
    bring.add_argument("--frames", type=whole_count, metavar="N", help=frames)
    _add_json(bring, "as one JSON object")
    bring.set_defaults(run=_import)

    export = deeds.add_parser("export", help="write a model for other programs")
    models = "a variant's or a kept model's name, a checkpoint folder or file (default: starter)"
    export.add_argument("--model", metavar="M", help=models)
    layouts = "hf: for Hugging Face's transformers; soundmark: our own"
    export.add_argument("--layout", choices=("hf", "soundmark"), required=True, help=layouts)
    export.add_argument("--out", type=Path, required=True, metavar="DIR", help="a new or empty folder")
    _add_json(export, "as one JSON object")
    export.set_defaults(run=_export)


def _add_json(parser: argparse.ArgumentParser, words: str) -> None:
    parser.add_argument("--json", action="store_true", help=words)


def _list(options: argparse.Namespace) -> int:
    from core.cli.models import run_list

    return run_list(options.json)


def _get(options: argparse.Namespace) -> int:
    from core.cli.models import run_get

    return run_get(options.name, options.json)


def _import(options: argparse.Namespace) -> int:
    from core.cli.models import ImportOptions, run_import

    return run_import(
        ImportOptions(options.path, options.name, options.labels, options.stride, options.frames, options.json)
    )


def _export(options: argparse.Namespace) -> int:
    from core.cli.models import ExportOptions, run_export

    return run_export(ExportOptions(options.model, options.layout, options.out, options.json))
