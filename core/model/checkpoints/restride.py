"""A checkpoint's model at other patch strides: coarser for speed, finer for detail, without training. Reads no files.

Weights do not depend on the strides but for the positions, of which each patch has one. A new patch takes what the old
ones have at its own place (see `positions.restride_positions`); AST's rule for other lengths, the cut in the centre,
would misplace nearly all of them.
"""

from __future__ import annotations

from dataclasses import replace

import torch

from core.errors import UsageError
from core.model.architecture import TransformerConfig
from core.model.checkpoints.checkpoint import Checkpoint
from core.model.merging.schedule import MergeSchedule
from core.model.networks.positions import restride_positions
from core.model.networks.spectrogram_transformer import N_PREFIX_TOKENS


def with_strides(checkpoint: Checkpoint, mels: int, frames: int) -> Checkpoint:
    """The checkpoint with patches every `mels` bins and `frames` frames; itself where it has them so.

    Its merge schedule takes the same share of the tokens as before. Raises UsageError for a model that does not cut
    patches, and for strides under 1.
    """
    config = checkpoint.config
    if not isinstance(config.model, TransformerConfig) or config.model.stem != "patch":
        raise UsageError(
            f"{config.name} has no patch strides: a stack of convolutions stands in front of its tokens, or all of it "
            "is one.",
            "Leave --stride out, or take a model that cuts the spectrogram into patches, as the published ones do "
            "(soundmark models list).",
        )
    if min(mels, frames) < 1:
        raise UsageError(f"Patches cannot be {mels} x {frames} apart.", "Use strides from 1 on, such as 16x16.")
    old = config.model
    if (old.stride_mels, old.stride_frames) == (mels, frames):
        return checkpoint
    new = replace(old, stride_mels=mels, stride_frames=frames)
    merge = _of_another_grid(config.merge, old.n_patches(old.max_frames), new.n_patches(new.max_frames))
    provenance = {**config.provenance, "restrided_from": [old.stride_mels, old.stride_frames]}
    described = replace(
        config, name=f"{config.name}, strides {mels} x {frames}", model=new, merge=merge, provenance=provenance
    )
    positions = _restrided(checkpoint.weights["pos_embed"], old, new)
    return Checkpoint(described, {**checkpoint.weights, "pos_embed": positions})


def _restrided(positions: torch.Tensor, old: TransformerConfig, new: TransformerConfig) -> torch.Tensor:
    """`(1, 2 + patches, D)`, the class tokens' positions as they are."""
    grid = positions[0, N_PREFIX_TOKENS:].float().unflatten(0, old.grid(old.max_frames))
    rows, columns = new.grid(new.max_frames)
    factors = new.stride_mels / old.stride_mels, new.stride_frames / old.stride_frames
    moved = restride_positions(grid, rows, columns, factors, old.positions).flatten(0, 1).to(positions.dtype)
    return torch.cat([positions[:, :N_PREFIX_TOKENS], moved[None]], dim=1)


def _of_another_grid(merge: MergeSchedule, old_patches: int, new_patches: int) -> MergeSchedule:
    if not merge.reference_patches:
        return merge
    share = new_patches / old_patches
    return replace(
        merge,
        r=round(merge.r * share),
        listed=tuple(round(r * share) for r in merge.listed),
        reference_patches=max(1, round(merge.reference_patches * share)),
    )
