"""`soundmark models list | download | import | convert | export`."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.cli.argument_types import stride_pair, whole_count
from core.cli.model_options import MODEL_HELP, ModelOptions, add_model_options
from core.errors import UserError
from core.model.checkpoints.published import PUBLISHED_MODELS, PublishedModel, find_published
from core.model.store.folder import find_kept, kept_models
from core.model.variants import MODEL_VARIANTS
from core.terminal_text import shown

_STATES = {
    "shipped": "ships with Soundmark",
    "here": "installed",
    "absent": "soundmark models download",
    "by hand": "manual download",
}


@dataclass(frozen=True, slots=True)
class ListedModel:
    """A line of `models list`."""

    name: str
    """What --model calls it."""
    title: str
    """What people call it."""
    summary: str
    """What it is good for."""
    state: str
    """A key of _STATES."""
    path: str = ""
    """Its folder; "" where it is not installed."""
    published: PublishedModel | None = None
    """Its published figures, where there are some."""

    def to_dict(self) -> dict[str, Any]:
        """The line as a JSON object."""
        values = {"name": self.name, "title": self.title, "summary": self.summary, "state": self.state}
        row = self.published
        return {
            **values,
            "path": self.path,
            "data_set": row.data_set if row else "",
            "metric": row.metric if row else "",
            "score": row.score if row else None,
            "strides": list(row.strides) if row else None,
            "window_s": row.frames / 100 if row else None,
            "licence": row.licence if row else "",
            "repository": row.repository if row else "",
        }


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """What `models import` was asked to do; None and "" leave it to the file."""

    path: Path
    """A checkpoint's file or folder."""
    name: str = ""
    """What --model will call it."""
    labels: Path | None = None
    """A CSV file of its labels."""
    strides: tuple[int, int] | None = None
    """Its patch strides (mels, frames)."""
    frames: int | None = None
    """Length of its window."""
    as_json: bool = False
    """Print one JSON object."""


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """What `models export` was asked to do."""

    model: str | None
    layout: str
    out: Path
    as_json: bool = False


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the five actions of `models` and their options."""
    actions = parser.add_subparsers(dest="action", metavar="list | download | import | convert | export", required=True)

    listing = actions.add_parser("list", help="the installed models, and the published ones to download")
    _add_json(listing, "print a JSON list")
    listing.set_defaults(run_action=_run_list)

    _add_download(actions.add_parser("download", help="download a published model; an interrupted download resumes"))
    _add_download(actions.add_parser("get"))  # its former name, which the help leaves out
    _add_import(actions.add_parser("import", help="install a checkpoint of AST's authors, of Hugging Face or of ours"))
    _add_convert(actions.add_parser("convert", help="make a model's graphs, with which this computer runs it faster"))
    _add_export(actions.add_parser("export", help="write a model for other programs"))


def run(namespace: argparse.Namespace) -> int:
    """Run the action that `add_options` chose."""
    return namespace.run_action(namespace)


def _run_list(namespace: argparse.Namespace) -> int:
    return run_list(namespace.json)


def _add_download(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="as `models list` shows it")
    _add_json(parser, "print progress and result as JSON lines")

    def run_action(namespace: argparse.Namespace) -> int:
        return run_download(namespace.name, namespace.json)

    parser.set_defaults(run_action=run_action)


def _add_import(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", type=Path, metavar="PATH", help="a .pth or .safetensors file, or a folder")
    parser.add_argument("--name", default="", metavar="NAME", help="its name for --model (default: the file's)")
    labels = "its labels: a CSV file as AudioSet's class_labels_indices.csv (index, mid, display_name)"
    parser.add_argument("--labels", type=Path, metavar="CSV", help=labels)
    strides = "its patch strides, if the file does not say: 10x10"
    parser.add_argument("--stride", type=stride_pair, metavar="MELSxFRAMES", help=strides)
    frames = "frames of its window, if the file does not say: 1024"
    parser.add_argument("--frames", type=whole_count, metavar="N", help=frames)
    _add_json(parser, "print one JSON object")

    def run_action(namespace: argparse.Namespace) -> int:
        options = ImportOptions(
            path=namespace.path,
            name=namespace.name,
            labels=namespace.labels,
            strides=namespace.stride,
            frames=namespace.frames,
            as_json=namespace.json,
        )
        return run_import(options)

    parser.set_defaults(run_action=run_action)


def _add_export(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", metavar="M", help=MODEL_HELP)
    layouts = "hf: for Hugging Face's transformers; soundmark: our own"
    parser.add_argument("--layout", choices=("hf", "soundmark"), required=True, help=layouts)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="a new or empty folder")
    _add_json(parser, "print one JSON object")

    def run_action(namespace: argparse.Namespace) -> int:
        return run_export(ExportOptions(namespace.model, namespace.layout, namespace.out, namespace.json))

    parser.set_defaults(run_action=run_action)


def _add_convert(parser: argparse.ArgumentParser) -> None:
    add_model_options(parser)
    readings = "what is read of a window: one answer, or one for each column (default: what tagging and listening need)"
    parser.add_argument("--reading", choices=("clip", "columns"), help=readings)
    parser.add_argument("--frames", type=whole_count, metavar="N", help="frames of a window (default: as above)")
    parser.add_argument("--background", action="store_true", help="leave the processor to other programs")
    calibrate = "recordings like those to be tagged: with --precision int8, the ranges of its numbers are theirs too"
    parser.add_argument("--calibrate", type=Path, nargs="+", metavar="FILE", help=calibrate)
    parser.set_defaults(run_action=_run_convert)


def _run_convert(namespace: argparse.Namespace) -> int:
    from core.cli.graphs import ConvertOptions, run_convert

    return run_convert(
        ConvertOptions(
            model=ModelOptions.of(namespace, namespace.model),
            reading=namespace.reading,
            frames=namespace.frames,
            is_background=namespace.background,
            recordings=None if namespace.calibrate is None else tuple(namespace.calibrate),
        )
    )


def _add_json(parser: argparse.ArgumentParser, words: str) -> None:
    parser.add_argument("--json", action="store_true", help=words)


def run_list(as_json: bool) -> int:
    """Print the installed models and those that can be downloaded."""
    rows = listed_models()
    if as_json:
        print(json.dumps([row.to_dict() for row in rows], ensure_ascii=False, indent=1))
        return 0
    width = max(len(row.name) for row in rows)
    for row in rows:
        facts = f"{_facts(row.published)}; " if row.published else ""
        print(shown(f"{row.name:{width}}   {_STATES[row.state]:23}   {facts}{row.summary}"))
    return 0


def _facts(model: PublishedModel) -> str:
    """The published score, strides, window and licence."""
    strides, window_s = "x".join(map(str, model.strides)), model.frames / 100
    return f"{model.metric} {model.score:.4f}, strides {strides}, {window_s:.2f} s, {model.licence}"


def listed_models() -> list[ListedModel]:
    """List what ships, what is installed and what can be downloaded; an installed model keeps its published figures."""
    published = {row.name: row for row in PUBLISHED_MODELS}
    shipped = [row for row in MODEL_VARIANTS.values() if row.weights is not None and row.weights.exists()]
    kept = kept_models()
    installed = {model.name for model in kept}
    return [
        *(ListedModel(row.name, row.title, row.summary, "shipped", str(row.weights)) for row in shipped),
        *(
            ListedModel(model.name, model.title, model.summary, "here", str(model.path), published.get(model.name))
            for model in kept
        ),
        *(
            ListedModel(row.name, row.title, row.summary, _state_of(row), published=row)
            for row in PUBLISHED_MODELS
            if row.name not in installed
        ),
    ]


def run_download(name: str, as_json: bool) -> int:
    """Download a published model, unless it is installed. Raises UserError."""
    from core.cli.download_progress import JsonProgress, ProgressBar
    from core.model.store.download import download_model

    row = find_published(name)
    was_installed = find_kept(name) is not None
    progress = JsonProgress() if as_json else ProgressBar()
    try:
        path = download_model(row, None, progress.show, lambda: False)
    finally:
        progress.end()
    if not as_json and was_installed:
        print(shown(f"{name} is already installed: {path}"))
        return 0
    return _report(path, as_json, f"Use it with --model {path.name}.")


def run_import(options: ImportOptions) -> int:
    """Convert and install a local checkpoint. Raises UserError."""
    from core.model.checkpoints.import_choices import ImportChoices
    from core.model.checkpoints.known_data_sets import read_label_file
    from core.model.store.importing import import_model

    labels = None if options.labels is None else read_label_file(options.labels)
    choices = ImportChoices(strides=options.strides, frames=options.frames, labels=labels, name=options.name)
    path = import_model(options.path, choices)
    return _report(path, options.as_json, f"Use it with --model {path.name}.")


def run_export(options: ExportOptions) -> int:
    """Write a model in another layout. Raises UserError."""
    from core.model.checkpoints.checkpoint import CARD_NAME, save_checkpoint
    from core.model.checkpoints.hugging_face_export import export_hugging_face
    from core.model.checkpoints.loading import load_checkpoint
    from core.model.store.find import find_weights
    from core.model.store.importing import lossless_dtype

    if options.out.is_file() or (options.out.is_dir() and any(options.out.iterdir())):
        raise UserError(f"{options.out} is not empty.", "Choose a new or empty folder for --out.")
    source = find_weights(options.model)
    checkpoint = load_checkpoint(source)
    card_file = source / CARD_NAME
    card = card_file.read_text(encoding="utf-8", errors="replace") if card_file.is_file() else ""
    try:
        if options.layout == "hf":
            export_hugging_face(checkpoint, options.out, card)
        else:
            save_checkpoint(checkpoint, options.out, card=card, dtype=lossless_dtype(checkpoint))
    except OSError as error:
        raise UserError(
            f"{options.out} cannot be written ({error.strerror or error}).", "Choose another folder for --out."
        ) from error
    return _report(options.out, options.as_json, "")


def _report(path: Path, as_json: bool, what_next: str) -> int:
    if as_json:
        print(json.dumps({"type": "model", "name": path.name, "path": str(path)}, ensure_ascii=False))
    else:
        print(f"{shown(path)}\n{shown(what_next)}".rstrip())
    sys.stdout.flush()
    return 0


def _state_of(row: PublishedModel) -> str:
    return "absent" if row.can_be_downloaded else "by hand"
