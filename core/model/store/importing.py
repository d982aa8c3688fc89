"""Imports checkpoints into the models folder: converted to Soundmark's format, in a folder with the model's name."""

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
from core.model.checkpoints.published_pth import fits_row, published_provenance, row_of
from core.model.store.folder import check_name, is_checkpoint, is_taken, models_folder
from core.model.variants import MODEL_VARIANTS

_THRESHOLDS = {
    "validation": "Each label's threshold was fitted to validation clips.",
    "test": "One threshold for all labels was fitted to held-out clips.",
    "kept": "The thresholds are those of the checkpoint that training started from.",
    "none": "The thresholds were not fitted; they are a guess.",
}
"""Sentences for the model card, by the provenance's "thresholds_from"."""
_OTHER_NAME = "Rename the file or folder, or choose another name with --name on the command line"
"""The window shows it too; there, the model gets the name of its file."""


def import_model(path: Path, choices: ImportChoices | None = None, folder: Path | None = None) -> Path:
    """Convert the checkpoint at `path` and store it; returns its folder, whose name is the model's.

    path: whatever `load_checkpoint` reads. folder: where models are stored, None for `models_folder()`. choices: what
    the user says about it; without a name it is named after the published model that it is, or after its file.
    Raises UserError: not a model, choices that do not fit, name taken, disk full.
    """
    choices, folder = choices or ImportChoices(), models_folder() if folder is None else folder
    if choices.name:
        _check_free(check_name(choices.name), folder)  # before gigabytes are read
    checkpoint = _load(path, choices)
    row = row_of(path.name, checkpoint.config.model)
    name = choices.name or (row.name if row else _name_for(path))
    _check_free(name, folder)
    _check_published(name, checkpoint.config)
    card_file = path / CARD_NAME
    card = card_file.read_text(encoding="utf-8", errors="replace") if card_file.is_file() else import_card(checkpoint)
    try:
        return _keep(checkpoint, folder / name, card)
    except OSError as error:
        raise UserError(
            f"The model cannot be stored in {folder} ({error.strerror or error}).",
            "Free some space there, or set SOUNDMARK_MODELS to another folder.",
        ) from error


def keep_published(row: PublishedModel, arrived: Path, folder: Path) -> Path:
    """Convert the downloaded files of a published model in `arrived`, and store it under its name. Raises UserError for
    files of another model, OSError for the disk, also if the name is taken."""
    checkpoint = load_foreign(arrived, ImportChoices(name=row.title))
    if not fits_row(row, checkpoint.config.model):
        problem = f"The files of {row.repository} are an AST, but not the published {row.name}."
        raise UserError(problem, "Try again later, or without HF_ENDPOINT where that is set.")
    provenance = {"source": f"https://huggingface.co/{row.repository}", **published_provenance(row)}
    # The hub's configs do not always say so, but all of them were trained with binary cross-entropy.
    config = replace(checkpoint.config, provenance=provenance, activation="sigmoid")
    checkpoint = Checkpoint(config, checkpoint.weights)
    return _keep(checkpoint, folder / row.name, published_card(row, checkpoint))


def import_card(checkpoint: Checkpoint) -> str:
    """The model card of an imported checkpoint that has none."""
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

Activation: {config.activation}, {"calibrated" if config.calibration else "not calibrated"}. {_thresholds_from(config)}
"""


def published_card(row: PublishedModel, checkpoint: Checkpoint) -> str:
    """The model card of a published model: source, authors, licence, published result."""
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

Input shorter than {row.frames} frames ({row.frames / 100:g} s) is padded with zeros, as in training.
Activation: {checkpoint.config.activation}, not calibrated. The thresholds were not fitted; they are a guess.
"""


def lossless_dtype(checkpoint: Checkpoint) -> torch.dtype:
    """The type that stores all weights without loss: float16 if all floating weights have it, else float32."""
    dtypes = {tensor.dtype for tensor in checkpoint.weights.values() if tensor.is_floating_point()}
    return torch.float16 if dtypes <= {torch.float16} else torch.float32


def _load(path: Path, choices: ImportChoices) -> Checkpoint:
    """The checkpoint with the choices applied; labels apply to a Soundmark checkpoint too."""
    checkpoint = load_checkpoint(path, choices)
    config = checkpoint.config
    labels = fitting_labels(choices.labels, config.model.n_labels) or config.labels
    return Checkpoint(replace(config, labels=labels), checkpoint.weights)


def _keep(checkpoint: Checkpoint, target: Path, card: str) -> Path:
    """Write beside `target`, then rename, so that a model is complete or absent, and nothing is replaced."""
    new = target.with_name(f".{target.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    try:
        save_checkpoint(checkpoint, new, card=card, dtype=lossless_dtype(checkpoint))
        new.rename(target)
    except OSError:
        shutil.rmtree(new, ignore_errors=True)
        raise
    return target


def _thresholds_from(config: CheckpointConfig) -> str:
    origin = str(config.provenance.get("thresholds_from", ""))
    return _THRESHOLDS.get(origin, "It is not known what the thresholds were fitted to.")


def _check_free(name: str, folder: Path) -> None:
    if name in MODEL_VARIANTS:
        raise UserError(f"{name} is the name of a Soundmark variant.", f"{_OTHER_NAME}.")
    path = folder / name
    if is_taken(name, folder):
        raise UserError(
            f"There is already a model {name}." if is_checkpoint(path) else f"{path} exists, but is not a model.",
            f"{_OTHER_NAME}, or move {path} away first.",
        )


def _check_published(name: str, config: CheckpointConfig) -> None:
    """Raises UserError if the name is that of a published model, whose figures it implies, and this is another one."""
    row = next((row for row in PUBLISHED_MODELS if row.name == name), None)
    if row is not None and not (config.provenance.get("published") == name and fits_row(row, config.model)):
        raise UserError(
            f"{name} is the name of a published model, and this is not known to be that model.",
            f"{_OTHER_NAME}. To download that model: soundmark models download {name}"
            if row.can_be_downloaded
            else f"{_OTHER_NAME}. That model is in {row.file}.",
        )


def _name_for(path: Path) -> str:
    """The folder's or file's name, with only the characters that a model's name may have."""
    plain = path.resolve()
    stem = plain.name if plain.is_dir() else plain.stem
    if stem == "checkpoint":
        stem = plain.parent.name  # every training run's folder has that name
    return check_name(re.sub(r"[^A-Za-z0-9._+-]+", "-", stem).strip("-._+")[:100] or "model")
