"""Reads a folder in which Hugging Face's transformers saved an AST. Does not need transformers and runs no code.

`config.json` describes the architecture, `preprocessor_config.json` the front end; `hugging_face_export` is the inverse
and explains the entry "soundmark".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

from safetensors import SafetensorError
from torch import Tensor

from core.audio.log_mel import LogMelConfig
from core.errors import UserError
from core.foreign_text import as_object, parse_json
from core.labels import Label, LabelSet, readable
from core.model.architecture import TransformerConfig
from core.model.checkpoints.checkpoint import Checkpoint, CheckpointConfig
from core.model.checkpoints.hugging_face_names import own_from_hugging_face
from core.model.checkpoints.import_choices import ImportChoices, fitting_labels
from core.model.checkpoints.known_data_sets import AUDIOSET, KnownDataSet, data_set_with, unnamed_labels
from core.model.checkpoints.published_pth import ratio_of, variant_of
from core.model.checkpoints.tensor_files import read_pickled, read_safetensors
from core.model.format.file_kind import describe_foreign
from core.model.merging.schedule import MergeSchedule

MODEL_TYPE = "audio-spectrogram-transformer"
EXTRACTOR_TYPE = "ASTFeatureExtractor"
CONFIG_NAME, EXTRACTOR_NAME = "config.json", "preprocessor_config.json"
WEIGHTS_NAME, PICKLED_NAME = "model.safetensors", "pytorch_model.bin"
OWN_ENTRY = "soundmark"
_SAMPLE_RATE = 16_000
_REMEDY = "Choose an AST for audio classification, or a model from `soundmark models list`."
_AGAIN = "Copy or download the folder again, with all of its files."


@dataclass(frozen=True, slots=True)
class _Folder:
    """The two JSON files. own: what Soundmark added when it exported the model."""

    name: str
    config: Mapping[str, Any]
    extractor: Mapping[str, Any]

    @property
    def own(self) -> Mapping[str, Any]:
        """Empty where the labels have changed since: somebody has trained the model further."""
        own = as_object(self.config.get(OWN_ENTRY))
        if own is None or "labels" not in own:
            return {}
        shown = shown_names(LabelSet.from_dicts(own["labels"]))
        return own if [self.config["id2label"].get(str(i)) for i in range(_n_labels(self.config))] == shown else {}


def shown_names(labels: LabelSet) -> list[str]:
    """The names in id2label: those of the labels, or the ids of labels that share a name, as label2id needs unique
    keys."""
    n_each = Counter(labels.names)
    return [label.name if n_each[label.name] == 1 else label.id for label in labels]


def read_hugging_face(path: Path, choices: ImportChoices | None = None) -> Checkpoint:
    """The checkpoint in a folder written by transformers 4 or 5. Raises UserError for other models and for variants of
    AST that Soundmark does not support."""
    choices = choices or ImportChoices()
    folder = _Folder(path.name, _read_json(path / CONFIG_NAME), {})
    _refuse_other_models(folder)
    folder = _Folder(path.name, folder.config, _read_json(path / EXTRACTOR_NAME))
    try:
        model, log_mel = _architecture(folder), _front_end(folder)
        labels = fitting_labels(choices.labels, model.n_labels) or _labels(folder, model.n_labels)
        data_set = _data_set_of(labels)
        config = CheckpointConfig(
            name=choices.name or str(folder.own.get("name") or path.name),
            variant=str(folder.own.get("variant") or variant_of(model)),
            model=model,
            log_mel=log_mel,
            labels=labels,
            thresholds=_thresholds(folder, data_set, model.n_labels),
            merge=_merge(folder),
            pad_to_window=bool(folder.own.get("pad_to_window", True)),
            activation=_activation(folder, data_set, model.n_labels),
            calibration=tuple((float(scale), float(offset)) for scale, offset in folder.own.get("calibration", ())),
            provenance=dict(folder.own.get("provenance", {"source": path.name, "thresholds_from": "none"})),
        )
    except KeyError as error:
        raise UserError(f"A config of {path.name} has no entry {error}.", _AGAIN) from error
    except (TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise UserError(f"A config of {path.name} is damaged ({error}).", _AGAIN) from error
    weights = own_from_hugging_face(_read_weights(path), model.embed_dim)
    if "mlp_head.1.weight" not in weights:
        raise UserError(f"{path.name} has no classification layer: it was saved without labels.", _REMEDY)
    return Checkpoint(config, weights)


def _refuse_other_models(folder: _Folder) -> None:
    kind = folder.config.get("model_type")
    if kind != MODEL_TYPE:
        raise UserError(f"{folder.name} is a Hugging Face model of the type {kind}, not an {MODEL_TYPE}.", _REMEDY)
    activation = folder.config.get("hidden_act", "gelu")
    if activation != "gelu":
        raise UserError(f"The layers of {folder.name} use {activation}; AST uses gelu.", _REMEDY)


def _architecture(folder: _Folder) -> TransformerConfig:
    """The architecture, with transformers' defaults for what the file leaves out."""
    raw = folder.config
    patch = _patch_size(folder)
    width, eps = int(raw.get("hidden_size", 768)), float(raw.get("layer_norm_eps", 1e-12))
    return TransformerConfig(
        n_labels=_n_labels(raw),
        n_mels=int(raw.get("num_mel_bins", 128)),
        max_frames=int(raw.get("max_length", 1024)),
        patch_mels=patch,
        patch_frames=patch,
        stride_frames=int(raw.get("time_stride", 10)),
        stride_mels=int(raw.get("frequency_stride", 10)),
        embed_dim=width,
        depth=int(raw.get("num_hidden_layers", 12)),
        num_heads=int(raw.get("num_attention_heads", 12)),
        mlp_ratio=ratio_of(int(raw.get("intermediate_size", 3072)), width),
        norm_eps=eps,
        head_norm_eps=eps,
        positions=folder.own.get("positions", "bilinear"),
    )


def _patch_size(folder: _Folder) -> int:
    """The side of a patch, which the file may give as one number or for both directions."""
    given = folder.config.get("patch_size", 16)
    sizes = cast("list[Any]", given) if isinstance(given, list) else [given]
    if len(set(sizes)) != 1:
        raise UserError(f"The patches of {folder.name} are not square.", _REMEDY)
    return int(sizes[0])


def _front_end(folder: _Folder) -> LogMelConfig:
    raw = folder.extractor
    wanted = {
        "feature_extractor_type": EXTRACTOR_TYPE,
        "sampling_rate": _SAMPLE_RATE,
        "num_mel_bins": int(folder.config.get("num_mel_bins", 128)),
        "max_length": int(folder.config.get("max_length", 1024)),
        "padding_value": 0.0,
        "return_attention_mask": False,
    }
    for key, value in wanted.items():
        if raw.get(key, value) != value:
            raise UserError(
                f"The front end of {folder.name} has {key} {raw[key]}; Soundmark supports only {value}.", _REMEDY
            )
    n_mels = int(wanted["num_mel_bins"])
    if not raw.get("do_normalize", True):
        return LogMelConfig(n_mels=n_mels, mean=0.0, std=0.5)  # (x - 0) / (2 * 0.5)
    audioset = LogMelConfig()
    mean, std = float(raw.get("mean", audioset.mean)), float(raw.get("std", audioset.std))
    return LogMelConfig(n_mels=n_mels, mean=mean, std=std)


def _n_labels(raw: Mapping[str, Any]) -> int:
    names = raw.get("id2label")
    return len(names) if names else int(raw.get("num_labels", 2))


def _labels(folder: _Folder, n_labels: int) -> LabelSet:
    """The labels that the config names. If they are those of a known data set, or unnamed, its label set is used."""
    if folder.own:
        return LabelSet.from_dicts(folder.own["labels"])
    given: dict[str, Any] = folder.config.get("id2label") or {}
    if given and given.keys() != {str(i) for i in range(n_labels)}:
        raise UserError(f"id2label of {folder.name} does not number the labels from 0 to {n_labels - 1}.", _AGAIN)
    names = [str(given.get(str(i), f"LABEL_{i}")) for i in range(n_labels)]
    known = data_set_with(n_labels)
    has_names = names != [f"LABEL_{i}" for i in range(n_labels)]
    if known is not None and (not has_names or _is_named(known.labels(), names)):
        return known.labels()
    return LabelSet(tuple(map(_label, range(n_labels), names))) if has_names else unnamed_labels(n_labels)


def _label(index: int, name: str) -> Label:
    """A name that was written for people stays; `crying_baby` becomes `Crying baby`."""
    is_written = name != name.lower() or " " in name
    return Label(index, name, name if is_written else readable(name))


def _is_named(labels: LabelSet, names: list[str]) -> bool:
    return all(name.casefold() in (label.name.casefold(), label.id) for label, name in zip(labels, names, strict=True))


def _data_set_of(labels: LabelSet) -> KnownDataSet | None:
    known = data_set_with(len(labels))
    return known if known is not None and known.labels() == labels else None


def _activation(folder: _Folder, data_set: KnownDataSet | None, n_labels: int) -> Literal["sigmoid", "softmax"]:
    """The config's own; else sigmoid for AudioSet and Speech Commands, on which AST was trained with BCE; else what
    transformers' pipeline would use."""
    kind = folder.config.get("problem_type")
    if kind == "regression":
        raise UserError(f"{folder.name} was trained for regression, not for classification.", _REMEDY)
    if kind is not None:
        return "softmax" if kind == "single_label_classification" else "sigmoid"
    is_bce = n_labels == AUDIOSET.n_labels or (data_set is not None and data_set.has_bce)
    return "sigmoid" if is_bce or n_labels == 1 else "softmax"


def _thresholds(folder: _Folder, data_set: KnownDataSet | None, n_labels: int) -> tuple[float, ...]:
    own = folder.own.get("thresholds")
    if own is not None:
        return tuple(map(float, own))
    return ((data_set.threshold if data_set else 0.5),) * n_labels


def _merge(folder: _Folder) -> MergeSchedule:
    return MergeSchedule.from_dict(folder.own.get("merge", {}))


def _read_json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise UserError(f"The folder {path.parent.name} has no {path.name}.", _AGAIN)
    try:
        raw = as_object(parse_json(path.read_text(encoding="utf-8")))
    except ValueError as error:
        raise UserError(f"{path.name} is not valid JSON ({error}).", _AGAIN) from error
    if raw is None:
        raise UserError(f"{path.name} does not contain a JSON object.", _AGAIN)
    return raw


def _read_weights(path: Path) -> dict[str, Tensor]:
    weights = path / WEIGHTS_NAME
    if not weights.is_file():
        if not (path / PICKLED_NAME).is_file():
            raise UserError(f"The folder {path.name} has neither {WEIGHTS_NAME} nor {PICKLED_NAME}.", _AGAIN)
        return read_pickled(path / PICKLED_NAME, _AGAIN)
    try:
        return read_safetensors(weights)[0]
    except (SafetensorError, OSError) as error:
        raise UserError(describe_foreign(weights, None), f"{_AGAIN} ({error})") from error
