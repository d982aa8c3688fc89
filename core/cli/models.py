"""`main.py models`: list what there is, get and import models, export them. Knows no window."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import UserError
from core.model.checkpoints.published import PUBLISHED_MODELS, PublishedModel, find_published
from core.model.store.folder import find_kept, kept_models
from core.model.variants import MODEL_VARIANTS
from core.terminal_text import shown

if TYPE_CHECKING:
    from core.model.store.download import DownloadProgress

_REPORT_EVERY_S = 0.5
_STATES = {"shipped": "ships with Soundmark", "here": "here", "absent": "main.py models get", "by hand": "by hand"}


@dataclass(frozen=True, slots=True)
class ListedModel:
    """A line of `models list`. state: a key of _STATES. path: where it is, "" where it is not."""

    name: str
    title: str
    summary: str
    state: str
    path: str = ""
    published: PublishedModel | None = None

    def to_dict(self) -> dict[str, Any]:
        """For JSON; the published figures where there are some."""
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
    """What `models import` was asked for; None and "" leave it to the file."""

    path: Path
    name: str = ""
    labels: Path | None = None
    strides: tuple[int, int] | None = None
    frames: int | None = None
    as_json: bool = False


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """What `models export` was asked for."""

    model: str | None
    layout: str
    out: Path
    as_json: bool = False


def run_list(as_json: bool) -> int:
    """Print the models that are here and those that can be had."""
    rows = listed_models()
    if as_json:
        print(json.dumps([row.to_dict() for row in rows], ensure_ascii=False, indent=1))
        return 0
    width = max(len(row.name) for row in rows)
    for row in rows:
        facts = f"{_facts(row.published)}; " if row.published else ""
        print(shown(f"{row.name:{width}}   {_STATES[row.state]:20}   {facts}{row.summary}"))
    return 0


def _facts(model: PublishedModel) -> str:
    """Score as published, strides, window and licence."""
    strides, window_s = "x".join(map(str, model.strides)), model.frames / 100
    return f"{model.metric} {model.score:.4f}, strides {strides}, {window_s:.2f} s, {model.licence}"


def listed_models() -> list[ListedModel]:
    """What ships, what is kept here, what can be got; a published model that is here keeps its figures."""
    published = {row.name: row for row in PUBLISHED_MODELS}
    shipped = [row for row in MODEL_VARIANTS.values() if row.weights is not None and row.weights.exists()]
    kept = kept_models()
    here = {one.name for one in kept}
    return [
        *(ListedModel(row.name, row.title, row.summary, "shipped", str(row.weights)) for row in shipped),
        *(
            ListedModel(one.name, one.title, one.summary, "here", str(one.path), published.get(one.name))
            for one in kept
        ),
        *(
            ListedModel(row.name, row.title, row.summary, _state_of(row), published=row)
            for row in PUBLISHED_MODELS
            if row.name not in here
        ),
    ]


def run_get(name: str, as_json: bool) -> int:
    """Fetch a published model, unless it is here. Raises UserError."""
    from core.model.store.download import download_model

    row = find_published(name)
    was_here = find_kept(name) is not None
    progress = _JsonProgress() if as_json else _TerminalProgress()
    try:
        path = download_model(row, None, progress.show, lambda: False)
    finally:
        progress.end()
    if not as_json and was_here:
        print(shown(f"{name} is here already: {path}"))
        return 0
    return _tell(path, as_json, f"Use it with --model {path.name}.")


def run_import(options: ImportOptions) -> int:
    """Keep a local checkpoint, converted. Raises UserError."""
    from core.model.checkpoints.known_data_sets import read_label_file
    from core.model.checkpoints.released_weights import ImportChoices
    from core.model.store.importing import import_model

    labels = None if options.labels is None else read_label_file(options.labels)
    path = import_model(options.path, ImportChoices(options.strides, options.frames, labels, options.name))
    return _tell(path, options.as_json, f"Use it with --model {path.name}.")


def run_export(options: ExportOptions) -> int:
    """Write a model in another layout. Raises UserError."""
    from core.inference.tagger import find_weights
    from core.model.checkpoints.checkpoint import CARD_NAME, load_checkpoint, save_checkpoint
    from core.model.checkpoints.hugging_face_export import export_hugging_face
    from core.model.store.importing import lossless_dtype

    if options.out.is_file() or (options.out.is_dir() and any(options.out.iterdir())):
        raise UserError(f"{options.out} is not empty.", "Give --out a folder that is new or empty.")
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
    return _tell(options.out, options.as_json, "")


class _TerminalProgress:
    """One line that is written over; nothing where stderr is no terminal."""

    def __init__(self) -> None:
        from rich.progress import DownloadColumn, TimeRemainingColumn

        from core.cli.terminal.console import progress_bar

        self._bar = progress_bar(DownloadColumn(), TimeRemainingColumn(), shows_always=True)
        self._task = self._bar.add_task("", total=None)

    def show(self, progress: DownloadProgress) -> None:
        self._bar.start()
        done, total = progress.done_bytes, progress.total_bytes
        self._bar.update(self._task, description=shown(progress.file), completed=done, total=total)

    def end(self) -> None:
        self._bar.stop()


class _JsonProgress:
    """A line now and then, and the last one."""

    def __init__(self) -> None:
        self._last_s = 0.0

    def show(self, progress: DownloadProgress) -> None:
        now = time.monotonic()
        if now - self._last_s >= _REPORT_EVERY_S or progress.done_bytes == progress.total_bytes:
            self._last_s = now
            sizes = {"done_bytes": progress.done_bytes, "total_bytes": progress.total_bytes}
            line = {"type": "progress", "name": progress.name, "file": progress.file, **sizes}
            print(json.dumps(line, ensure_ascii=False), flush=True)

    def end(self) -> None:
        """Nothing is left open."""


def _tell(path: Path, as_json: bool, what_next: str) -> int:
    if as_json:
        print(json.dumps({"type": "model", "name": path.name, "path": str(path)}, ensure_ascii=False))
    else:
        print(f"{shown(path)}\n{shown(what_next)}".rstrip())
    sys.stdout.flush()
    return 0


def _state_of(row: PublishedModel) -> str:
    return "absent" if row.can_be_downloaded else "by hand"
