"""Keeps foreign and own checkpoints as models of this machine: converted, in a folder that bears the model's name."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

import torch

from core.errors import UserError
from core.model.checkpoints.checkpoint import CARD_NAME, Checkpoint, CheckpointConfig, save_checkpoint
from core.model.checkpoints.import_choices import ImportChoices, fitting_labels
from core.model.checkpoints.loading import load_checkpoint, load_foreign
from core.model.checkpoints.published import PUBLISHED_MODELS, PublishedModel
from core.model.checkpoints.released_weights import fits_row, published_provenance, row_of
from core.model.store.folder import check_name, is_checkpoint, is_taken, models_folder
from core.model.variants import MODEL_VARIANTS

_THRESHOLDS = {
    "validation": "Each label's threshold was fitted to validation clips.",
    "test": "The threshold, the same for all labels, was fitted to held-out clips.",
    "kept": "The thresholds are those of the checkpoint that it went on from.",
    "none": "Thresholds were not fitted; they are a guess.",
}
"""By what provenance has as "thresholds_from"."""
_OTHER_NAME = "Rename the file or folder, or give another name with --name on the command line"
"""For the window too, which takes the name that it has."""


def import_model(path: Path, choices: ImportChoices | None = None, folder: Path | None = None) -> Path:
    """Convert the checkpoint at `path` and keep it; returns its folder, which bears its name.

    path: whatever `load_checkpoint` reads. folder: where models are kept, None for `models_folder()`. choices: what
    the user knows better; without a name it is called as the published model that it is, or as its file.
    Raises UserError: no model, choices that do not fit, a name that is taken, no room.
    """
    choices, folder = choices or ImportChoices(), models_folder() if folder is None else folder
    if choices.name:
        _refuse_taken(check_name(choices.name), folder)  # before gigabytes are read
    checkpoint = _load(path, choices)
    row = row_of(path.name, checkpoint.config.model)
    name = choices.name or (row.name if row else _name_for(path))
    _refuse_taken(name, folder)
    _refuse_published(name, checkpoint.config)
    card_file = path / CARD_NAME
    card = card_file.read_text(encoding="utf-8", errors="replace") if card_file.is_file() else import_card(checkpoint)
    try:
        return _keep(checkpoint, folder / name, card)
    except OSError as error:
        raise UserError(
            f"The model cannot be kept in {folder} ({error.strerror or error}).",
            "Make room there, or set SOUNDMARK_MODELS to another folder.",
        ) from error


def keep_published(row: PublishedModel, arrived: Path, folder: Path) -> Path:
    """Convert the files of a published model that lie in `arrived`, and keep it by its name. Raises UserError for
    files of another kind, OSError of the disk, also where something bears that name already."""
    checkpoint = load_foreign(arrived, ImportChoices(name=row.title))
    if not fits_row(row, checkpoint.config.model):
        problem = f"What came from {row.repository} is an AST, but not the published {row.name}."
        raise UserError(problem, "Try again later, or without HF_ENDPOINT where that is set.")
    provenance = {"source": f"https://huggingface.co/{row.repository}", **published_provenance(row)}
    # Whatever the hub's config leaves open: all of them were trained with binary cross-entropy.
    config = replace(checkpoint.config, provenance=provenance, activation="sigmoid")
    checkpoint = Checkpoint(config, checkpoint.weights)
    return _keep(checkpoint, folder / row.name, published_card(row, checkpoint))


def import_card(checkpoint: Checkpoint) -> str:
    """The model card of an imported checkpoint that brought none."""
    config = checkpoint.config
    facts = "".join(
        f"{word}: {config.provenance[key]}.\n"
        for word, key in (("Source", "source"), ("Licence", "licence"), ("Trained on", "data"), ("Paper", "paper"))
        if config.provenance.get(key)
    )
    return f"""# {config.name}

Variant `{config.variant}`, {len(config.labels)} labels, imported into Soundmark.
{facts}
## Probabilities and thresholds

Activation: {config.activation}, {"calibrated" if config.calibration else "not calibrated"}. {_threshold_words(config)}
"""


def published_card(row: PublishedModel, checkpoint: Checkpoint) -> str:
    """The model card of a published model: where it is from, whose it is, what it scored."""
    return f"""---
license: {row.licence.lower()}
pipeline_tag: audio-classification
base_model: {row.repository}
---
# {row.title}

{row.summary}.

Source: https://huggingface.co/{row.repository}, converted from the authors' `{row.file}`.
Authors: Yuan Gong, Yu-An Chung, James Glass (AST: Audio Spectrogram Transformer, Interspeech 2021, arXiv:2104.01778).
Licence: {row.licence}. Trained on {row.data_set}.

## Result

As published: {row.metric} **{row.score:.4f}** on the evaluation clips of {row.data_set}.

## Probabilities and thresholds

Input shorter than {row.frames} frames ({row.frames / 100:g} s) is padded with zeros, as in its training.
Activation: {checkpoint.config.activation}, not calibrated. Thresholds were not fitted; they are a guess.
"""


def lossless_dtype(checkpoint: Checkpoint) -> torch.dtype:
    """What all weights can be stored as: 16 bits where no more came, else 32."""
    floating = (one.dtype for one in checkpoint.weights.values() if one.is_floating_point())
    return torch.float16 if all(one == torch.float16 for one in floating) else torch.float32


def _load(path: Path, choices: ImportChoices) -> Checkpoint:
    """The checkpoint as the choices have it; labels hold for one of our own too."""
    checkpoint = load_checkpoint(path, choices)
    config = checkpoint.config
    labels = fitting_labels(choices.labels, config.model.n_labels) or config.labels
    return Checkpoint(replace(config, labels=labels), checkpoint.weights)


def _keep(checkpoint: Checkpoint, target: Path, card: str) -> Path:
    """Write beside `target`, then rename: a model is there whole or not at all, and replaces nothing."""
    new = target.with_name(f".{target.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    try:
        save_checkpoint(checkpoint, new, card=card, dtype=lossless_dtype(checkpoint))
        new.rename(target)
    except OSError:
        shutil.rmtree(new, ignore_errors=True)
        raise
    return target


def _threshold_words(config: CheckpointConfig) -> str:
    origin = str(config.provenance.get("thresholds_from", ""))
    return _THRESHOLDS.get(origin, "What the thresholds were fitted to is not known.")


def _refuse_taken(name: str, folder: Path) -> None:
    if name in MODEL_VARIANTS:
        raise UserError(f"{name} is the name of a variant of Soundmark's own.", f"{_OTHER_NAME}.")
    path = folder / name
    if is_taken(name, folder):
        raise UserError(
            f"There is a model {name} already." if is_checkpoint(path) else f"There is something else at {path}.",
            f"{_OTHER_NAME}, or move {path} away first.",
        )


def _refuse_published(name: str, config: CheckpointConfig) -> None:
    """A published model's name, which brings its figures with it, is for that model alone."""
    row = next((row for row in PUBLISHED_MODELS if row.name == name), None)
    if row is not None and not (config.provenance.get("published") == name and fits_row(row, config.model)):
        raise UserError(
            f"{name} is the name of a published model, and this is not known to be it.",
            f"{_OTHER_NAME}. For that model itself: soundmark models download {name}"
            if row.can_be_downloaded
            else f"{_OTHER_NAME}. That model itself is in {row.file}.",
        )


def _name_for(path: Path) -> str:
    """The folder's or file's name, of letters that a model's may have."""
    plain = path.resolve()
    stem = plain.name if plain.is_dir() else plain.stem
    if stem == "checkpoint":
        stem = plain.parent.name  # every run's is called so
    return check_name(re.sub(r"[^A-Za-z0-9._+-]+", "-", stem).strip("-._+")[:100] or "model")
