"""Changes the patch strides of a checkpoint without training: coarser for speed, finer for detail.

Only the position embeddings, one per patch, depend on the strides. A new patch takes what the old grid has at its own
place (see `positions.restride_positions`); AST's rule for other lengths, a cut in the centre, would misplace nearly
all of them.
"""

from __future__ import annotations

from dataclasses import replace

import torch

from core.errors import UsageError
from core.model.architecture import TransformerConfig
from core.model.checkpoints.checkpoint import Checkpoint
from core.model.merging.schedule import MergeSchedule
from core.model.networks.positions import restride_positions
from core.model.networks.token_grid import N_PREFIX_TOKENS


def with_strides(checkpoint: Checkpoint, mels: int, frames: int) -> Checkpoint:
    """The checkpoint with patches every `mels` bins and `frames` frames; itself if it has those strides.

    Its merge schedule removes the same share of the tokens as before. Raises UsageError for a model without patches,
    and for strides under 1.
    """
    config = checkpoint.config
    if not isinstance(config.model, TransformerConfig) or config.model.stem != "patch":
        raise UsageError(
            f"{config.name} has no patch strides: its tokens come from convolutions, or it is a CNN.",
            "Leave --stride out, or choose a model that cuts the spectrogram into patches, as the published ones do "
            "(soundmark models list).",
        )
    if min(mels, frames) < 1:
        raise UsageError(f"Patch strides cannot be {mels} x {frames}.", "Use strides of at least 1, such as 16x16.")
    old = config.model
    if (old.stride_mels, old.stride_frames) == (mels, frames):
        return checkpoint
    new = replace(old, stride_mels=mels, stride_frames=frames)
    merge = _scaled(config.merge, old.n_patches(old.max_frames), new.n_patches(new.max_frames))
    provenance = {**config.provenance, "restrided_from": [old.stride_mels, old.stride_frames]}
    described = replace(
        config, name=f"{config.name}, strides {mels} x {frames}", model=new, merge=merge, provenance=provenance
    )
    positions = _restrided_positions(checkpoint.weights["pos_embed"], old, new)
    return Checkpoint(described, {**checkpoint.weights, "pos_embed": positions})


def with_overrides(
    checkpoint: Checkpoint, strides: tuple[int, int] | None = None, *, no_pad: bool = False
) -> Checkpoint:
    """The checkpoint with the user's changes: other patch strides (mels, frames), or short input not padded to the
    window. Raises UserError."""
    if strides is not None:
        checkpoint = with_strides(checkpoint, *strides)
    return replace(checkpoint, config=replace(checkpoint.config, pad_to_window=False)) if no_pad else checkpoint


def _restrided_positions(positions: torch.Tensor, old: TransformerConfig, new: TransformerConfig) -> torch.Tensor:
    """`(1, 2 + patches, D)`, the class tokens' positions as they are."""
    grid = torch.unflatten(positions[0, N_PREFIX_TOKENS:].float(), 0, old.grid(old.max_frames))
    rows, columns = new.grid(new.max_frames)
    factors = new.stride_mels / old.stride_mels, new.stride_frames / old.stride_frames
    moved = restride_positions(grid, rows, columns, factors, old.positions).flatten(0, 1).to(positions.dtype)
    return torch.cat([positions[:, :N_PREFIX_TOKENS], moved[None]], dim=1)


def _scaled(merge: MergeSchedule, old_patches: int, new_patches: int) -> MergeSchedule:
    if not merge.reference_patches:
        return merge
    share = new_patches / old_patches
    return replace(
        merge,
        r=round(merge.r * share),
        listed=tuple(round(r * share) for r in merge.listed),
        reference_patches=max(1, round(merge.reference_patches * share)),
    )
