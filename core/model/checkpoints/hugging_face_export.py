"""Writes a checkpoint as a folder that Hugging Face's transformers can load as an AST.

What transformers has no field for (calibration, thresholds, token merging, label names beside their ids) goes into the
entry "soundmark" of config.json, which transformers keeps and `hugging_face_import` reads back.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from safetensors.torch import save
from torch import Tensor

from core.atomic_write import atomic_write
from core.errors import UserError
from core.model.architecture import TransformerConfig
from core.model.checkpoints.checkpoint import CARD_NAME, Checkpoint, CheckpointConfig
from core.model.checkpoints.hugging_face_import import (
    CONFIG_NAME,
    EXTRACTOR_NAME,
    EXTRACTOR_TYPE,
    MODEL_TYPE,
    OWN_ENTRY,
    WEIGHTS_NAME,
    shown_names,
)
from core.model.checkpoints.hugging_face_names import hugging_face_from_own

_PROBLEMS = {"softmax": "single_label_classification", "sigmoid": "multi_label_classification"}
_REMEDY = "Export it with --layout soundmark."


def export_hugging_face(checkpoint: Checkpoint, folder: Path, card: str = "") -> None:
    """Write config.json, preprocessor_config.json, model.safetensors and the card into `folder`.

    Raises UserError, before anything is written, for a model that transformers' AST cannot represent.
    """
    model = representable(checkpoint.config)
    weights = hugging_face_from_own(_with_one_eps(checkpoint.weights, model))
    folder.mkdir(parents=True, exist_ok=True)
    atomic_write(folder / WEIGHTS_NAME, save(weights, metadata={"format": "pt"}))
    atomic_write(folder / EXTRACTOR_NAME, _json(_extractor(checkpoint.config)))
    atomic_write(folder / CONFIG_NAME, _json(_config(checkpoint.config, model)))
    if card:
        atomic_write(folder / CARD_NAME, card.encode())


def representable(config: CheckpointConfig) -> TransformerConfig:
    """The architecture, if transformers' AST can represent it. Raises UserError that lists what it cannot."""
    model, log_mel = config.model, config.log_mel
    if not isinstance(model, TransformerConfig):
        raise UserError(f"Hugging Face's AST cannot represent {config.name}: it is a CNN.", _REMEDY)
    differences = {
        f"its stem is made of {model.stem} blocks, not of patches": model.stem != "patch",
        "its patches are not square": model.patch_mels != model.patch_frames,
        f"it pools by {model.pooling}, not by both class tokens": model.pooling != "class_tokens",
        "its head has no norm": not model.head_norm,
        "it subtracts each window's level": model.level != "absolute",
        "it has hybrid attention": model.hybrid is not None,
        "it has a frame head": model.frame_head,
        f"its front end uses a {log_mel.window} window": log_mel.window != "hanning",
        f"its front end runs at {log_mel.sample_rate} Hz": log_mel.sample_rate != 16_000,
    }
    reasons = [reason for reason, applies in differences.items() if applies]
    if reasons:
        raise UserError(f"Hugging Face's AST cannot represent {config.name}: {'; '.join(reasons)}.", _REMEDY)
    return model


def _with_one_eps(weights: Mapping[str, Tensor], model: TransformerConfig) -> dict[str, Tensor]:
    """Float32 weights that give the same output when every norm uses the backbone's eps.

    LN(c x; c^2 eps) = LN(x; eps): scaling what the head's norm reads, hence the last norm's weight and bias, by
    c = sqrt(norm_eps / head_norm_eps) turns the head's eps into the backbone's.
    """
    same = {name: tensor.float().contiguous() for name, tensor in weights.items()}
    scale = math.sqrt(model.norm_eps / model.head_norm_eps)
    return {name: w * scale if name in ("norm.weight", "norm.bias") else w for name, w in same.items()}


def _config(config: CheckpointConfig, model: TransformerConfig) -> dict[str, Any]:
    shown = shown_names(config.labels)
    return {
        "architectures": ["ASTForAudioClassification"],
        "model_type": MODEL_TYPE,
        "hidden_size": model.embed_dim,
        "num_hidden_layers": model.depth,
        "num_attention_heads": model.num_heads,
        "intermediate_size": int(model.embed_dim * model.mlp_ratio),
        "hidden_act": "gelu",
        "hidden_dropout_prob": 0.0,
        "attention_probs_dropout_prob": 0.0,
        "initializer_range": 0.02,
        "layer_norm_eps": model.norm_eps,
        "patch_size": model.patch_mels,
        "qkv_bias": True,
        "frequency_stride": model.stride_mels,
        "time_stride": model.stride_frames,
        "max_length": model.max_frames,
        "num_mel_bins": model.n_mels,
        "problem_type": _PROBLEMS[config.activation],
        "id2label": {str(i): name for i, name in enumerate(shown)},
        "label2id": {name: i for i, name in enumerate(shown)},
        "dtype": "float32",
        OWN_ENTRY: {
            "name": config.name,
            "variant": config.variant,
            "labels": config.labels.to_dicts(),
            "thresholds": list(config.thresholds),
            "calibration": [list(pair) for pair in config.calibration],
            "merge": asdict(config.merge),
            "pad_to_window": config.pad_to_window,
            "positions": model.positions,
            "provenance": config.provenance,
        },
    }


def _extractor(config: CheckpointConfig) -> dict[str, Any]:
    return {
        "feature_extractor_type": EXTRACTOR_TYPE,
        "feature_size": 1,
        "sampling_rate": config.log_mel.sample_rate,
        "num_mel_bins": config.log_mel.n_mels,
        "max_length": config.model.max_frames,
        "padding_value": 0.0,
        "padding_side": "right",
        "do_normalize": True,
        "mean": config.log_mel.mean,
        "std": config.log_mel.std,
        "return_attention_mask": False,
    }


def _json(values: dict[str, Any]) -> bytes:
    return (json.dumps(values, indent=1, ensure_ascii=False) + "\n").encode()
