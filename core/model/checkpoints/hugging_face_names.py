"""Translates between Hugging Face's names of AST's weights and Soundmark's.

transformers 5 still writes the names of version 4 (`encoder.layer.0.attention.attention.query`), though its modules
have new ones (`layers.0.attention.q_proj`); both occur in files.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import torch
from torch import Tensor

from core.errors import UserError

_PREFIX = "audio_spectrogram_transformer."
_OUTSIDE = {
    "embeddings.cls_token": "cls_token",
    "embeddings.distillation_token": "dist_token",
    "embeddings.position_embeddings": "pos_embed",
    "embeddings.patch_embeddings.projection": "patch_embed.proj",
    "layernorm": "norm",
    "classifier.layernorm": "mlp_head.0",
    "classifier.dense": "mlp_head.1",
}
_IN_LAYER = {
    "layernorm_before": "norm1",
    "attention.output.dense": "attn.proj",
    "layernorm_after": "norm2",
    "intermediate.dense": "mlp.fc1",
    "output.dense": "mlp.fc2",
}
_IN_LAYER_OF_5 = {"attention.o_proj": "attn.proj", "mlp.fc1": "mlp.fc1", "mlp.fc2": "mlp.fc2"}
_PARTS = ("query", "key", "value")
_PARTS_OF_5 = {"q_proj": "query", "k_proj": "key", "v_proj": "value"}
_LAYER = re.compile(r"(?:encoder\.layers?|layers?)\.(\d+)\.(.+)")
_BLOCK = re.compile(r"blocks\.(\d+)\.(.+)\.(weight|bias)")
_PART = re.compile(r"attention\.(?:attention\.)?(query|key|value|q_proj|k_proj|v_proj)")


def own_from_hugging_face(weights: Mapping[str, Tensor], width: int) -> dict[str, Tensor]:
    """Weights by Soundmark's names; query, key and value become one tensor, missing biases become zeros.

    Unknown names are kept, so that an error can list them. Raises UserError where query, key and value are incomplete
    or differ in shape.
    """
    own = dict[str, Tensor]()
    parts = dict[str, dict[str, Tensor]]()
    for name, tensor in weights.items():
        stem, _, kind = name.rpartition(".")
        layer = _LAYER.fullmatch(stem.removeprefix(_PREFIX))
        part = _PART.fullmatch(layer[2]) if layer else None
        if layer and part:
            fused = f"blocks.{layer[1]}.attn.qkv.{kind}"
            parts.setdefault(fused, {})[_PARTS_OF_5.get(part[1], part[1])] = tensor
        elif layer:
            inner = {**_IN_LAYER, **_IN_LAYER_OF_5}.get(layer[2])
            own[f"blocks.{layer[1]}.{inner}.{kind}" if inner else name] = tensor
        else:
            own[_own_name_outside_layers(name)] = tensor
    for fused, three in parts.items():
        if set(three) != set(_PARTS):
            raise UserError(f"The weights of {fused} are incomplete.", "Copy or download the model again.")
        if len({three[part].shape for part in _PARTS}) > 1 or not three["query"].ndim:
            raise UserError(f"The parts of {fused} have different shapes.", "Copy or download the model again.")
        own[fused] = torch.cat([three[part] for part in _PARTS])
        if fused.endswith("weight"):
            own.setdefault(fused.removesuffix("weight") + "bias", torch.zeros(3 * width))
    return own


def hugging_face_from_own(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weights by names that both transformers 4 and 5 read."""
    outside = {ours: theirs for theirs, ours in _OUTSIDE.items()}
    inside = {ours: theirs for theirs, ours in _IN_LAYER.items()}
    theirs = dict[str, Tensor]()
    for name, tensor in weights.items():
        block = _BLOCK.fullmatch(name)
        if block is None:
            stem, _, kind = name.rpartition(".")
            found = outside[name] if name in outside else f"{outside[stem]}.{kind}"
            theirs[found if found.startswith("classifier.") else _PREFIX + found] = tensor
            continue
        layer, inner, kind = f"{_PREFIX}encoder.layer.{block[1]}", block[2], block[3]
        if inner == "attn.qkv":
            for part, chunk in zip(_PARTS, tensor.chunk(3), strict=True):
                theirs[f"{layer}.attention.attention.{part}.{kind}"] = chunk.contiguous()
        else:
            theirs[f"{layer}.{inside[inner]}.{kind}"] = tensor
    return theirs


def _own_name_outside_layers(name: str) -> str:
    plain = name.removeprefix(_PREFIX)
    if plain in _OUTSIDE:
        return _OUTSIDE[plain]
    stem, _, kind = plain.rpartition(".")
    return f"{_OUTSIDE[stem]}.{kind}" if stem in _OUTSIDE else name
