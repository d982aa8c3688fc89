"""The Audio Spectrogram Transformer, with token merging as an argument of its forward pass. Knows no files.

AST: Gong, Chung, Glass, arXiv:2104.01778. Attention, MLP and dropouts are timm's parts, and parameters
carry the names of the released checkpoints (`cls_token`, `blocks.0.attn.qkv.weight`, `mlp_head.1.bias`).
Letters: B batch, T frames, N tokens, D embed_dim.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from timm.layers.attention import Attention
from timm.layers.drop import DropPath
from timm.layers.mlp import Mlp
from timm.layers.patch_dropout import PatchDropout
from torch import Tensor, nn

from core.model.architecture import TransformerConfig
from core.model.positions import fit_positions
from core.model.stems import STEMS
from core.model.token_merging import (
    MergeSchedule,
    follow,
    match_tokens,
    merge_tokens,
    most_removable,
    tokens_after_layers,
)

N_PREFIX_TOKENS = 2
"""Class and distillation token (DeiT); both stand in front of the patches and never merge."""


@dataclass(frozen=True, slots=True)
class TokenState:
    """Tokens between blocks: x `(B, N, D)`; once merged also size `(B, N)`, patches a token stands for, and
    places `(B, N0)`, where each input token went."""

    x: Tensor
    size: Tensor | None = None
    places: Tensor | None = None


class SizedAttention(Attention):
    """timm's attention that also counts token sizes and hands out its keys."""

    def attend(self, x: Tensor, size: Tensor | None) -> tuple[Tensor, Tensor]:
        """Proportional attention (ToMe, eq. 1): a token of size s draws as much attention as s equal tokens.

        x `(B, N, D)`, size `(B, N)` or None. Returns the output `(B, N, D)` and the keys averaged over the
        heads `(B, N, D / heads)`. ln(size) enters as an additive mask, so the fused kernels stay in use.
        """
        n_batch, n_tokens, _ = x.shape
        qkv = self.qkv(x).reshape(n_batch, n_tokens, 3, self.num_heads, self.head_dim).permute(2, 0, 3, 1, 4)
        q, k, v = qkv.unbind(0)  # each (B, heads, N, D / heads)
        bias = None if size is None else size.float().log().to(q.dtype)[:, None, None, :]  # (B, 1, 1, N)
        dropout = self.attn_drop.p if self.training else 0.0
        out = F.scaled_dot_product_attention(q, k, v, attn_mask=bias, dropout_p=dropout)
        return self.proj_drop(self.proj(out.transpose(1, 2).flatten(2))), k.mean(dim=1)


class Block(nn.Module):
    """Pre-norm transformer block; merges r tokens between attention and MLP (ToMe, §3.1)."""

    def __init__(self, config: TransformerConfig, drop_path: float) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(config.embed_dim, eps=config.norm_eps)
        self.attn = SizedAttention(config.embed_dim, num_heads=config.num_heads, qkv_bias=True)
        self.norm2 = nn.LayerNorm(config.embed_dim, eps=config.norm_eps)
        self.mlp = Mlp(config.embed_dim, int(config.embed_dim * config.mlp_ratio))
        self.drop_path = DropPath(drop_path)

    def forward(self, tokens: TokenState, r: int) -> TokenState:
        """Attention, merge, MLP."""
        attended, keys = self.attn.attend(self.norm1(tokens.x), tokens.size)
        tokens = TokenState(tokens.x + self.drop_path(attended), tokens.size, tokens.places)
        if r and most_removable(tokens.x.shape[1], N_PREFIX_TOKENS):
            tokens = _merge(tokens, keys, r)
        x = tokens.x + self.drop_path(self.mlp(self.norm2(tokens.x)))
        return TokenState(x, tokens.size, tokens.places)


def _merge(tokens: TokenState, keys: Tensor, r: int) -> TokenState:
    n_batch, n_tokens, _ = tokens.x.shape
    matching = match_tokens(keys, r, N_PREFIX_TOKENS)
    size = tokens.x.new_ones(n_batch, n_tokens, dtype=torch.float32) if tokens.size is None else tokens.size
    x, size = merge_tokens(tokens.x, size, matching)
    places = matching.places if tokens.places is None else follow(tokens.places, matching)
    return TokenState(x, size, places)


class AudioSpectrogramTransformer(nn.Module):
    """Log-mel frames in, one logit a label out.

    drop_path, patch_drop: regularisation while training (stochastic depth; share of patches left out).
    """

    def __init__(self, config: TransformerConfig, *, drop_path: float = 0.0, patch_drop: float = 0.0) -> None:
        super().__init__()
        self.config = config
        rows, columns = config.grid(config.max_frames)
        self.patch_embed = STEMS[config.stem](config)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, config.embed_dim))
        self.dist_token = nn.Parameter(torch.zeros(1, 1, config.embed_dim))
        self.pos_embed = nn.Parameter(torch.zeros(1, N_PREFIX_TOKENS + rows * columns, config.embed_dim))
        self.patch_drop = PatchDropout(patch_drop, num_prefix_tokens=N_PREFIX_TOKENS)
        rates = [drop_path * i / max(1, config.depth - 1) for i in range(config.depth)]
        self.blocks = nn.ModuleList(Block(config, rate) for rate in rates)
        self.norm = nn.LayerNorm(config.embed_dim, eps=config.norm_eps)
        self.mlp_head = nn.Sequential(
            nn.LayerNorm(config.embed_dim, eps=config.head_norm_eps), nn.Linear(config.embed_dim, config.n_labels)
        )
        self._initialise()

    def _initialise(self) -> None:
        """DeiT's start: truncated normal 0.02 and zero biases; the head keeps PyTorch's default, as released."""
        for token in (self.cls_token, self.dist_token, self.pos_embed):
            nn.init.trunc_normal_(token, std=0.02)
        for module in self.blocks.modules():
            if isinstance(module, nn.Linear):
                nn.init.trunc_normal_(module.weight, std=0.02)
                nn.init.zeros_(module.bias)

    def forward(
        self, log_mel: Tensor, *, merge: MergeSchedule | None = None, first_column: int | None = None
    ) -> Tensor:
        """Logits `(B, labels)` of normalised log-mel `(B, T, mels)`; T under one patch is lengthened by its last frame.

        merge: tokens to remove; None removes none. first_column: where on the position grid the input starts;
        None means its centre, as published.
        """
        return self.mlp_head(self.embed(log_mel, merge=merge, first_column=first_column))

    def embed(self, log_mel: Tensor, *, merge: MergeSchedule | None = None, first_column: int | None = None) -> Tensor:
        """What the head reads: the pooled tokens `(B, D)`, before its norm."""
        return self._pool(self.tokens(log_mel, merge=merge, first_column=first_column))

    def tokens(
        self, log_mel: Tensor, *, merge: MergeSchedule | None = None, first_column: int | None = None
    ) -> TokenState:
        """The tokens after the last norm; see `unmerge_tokens` for bringing merged ones back to the grid."""
        if self.config.level == "window":
            log_mel = log_mel - log_mel.mean(dim=(1, 2), keepdim=True)
        missing = self.config.patch_size - log_mel.shape[1]
        if missing > 0:  # no patch could be cut from it
            log_mel = torch.cat([log_mel, log_mel[:, -1:].expand(-1, missing, -1)], dim=1)
        image = log_mel.transpose(1, 2).unsqueeze(1)  # (B, 1, mels, T)
        if self.config.stem != "patch":
            image = image.contiguous(memory_format=torch.channels_last)  # convolutions run faster on it
        patches = self.patch_embed(image)  # (B, D, rows, columns)
        rows, columns = patches.shape[2:]
        x = patches.flatten(2).transpose(1, 2)  # (B, N, D), frequency-major, time fastest
        prefix = torch.cat([self.cls_token, self.dist_token], dim=1).expand(x.shape[0], -1, -1)
        x = torch.cat([prefix, x], dim=1) + self._positions(rows, columns, first_column)
        tokens = TokenState(self.patch_drop(x))
        per_layer = merge.per_layer(self.config.depth, rows * columns) if merge else [0] * self.config.depth
        for block, r in zip(self.blocks, per_layer, strict=True):
            tokens = block(tokens, r)
        return TokenState(self.norm(tokens.x), tokens.size, tokens.places)

    def tokens_per_layer(self, n_frames: int, merge: MergeSchedule | None) -> tuple[int, ...]:
        """Tokens entering the first block, then tokens leaving each block."""
        n_patches = self.config.n_patches(n_frames)
        n_tokens = N_PREFIX_TOKENS + n_patches
        per_layer = merge.per_layer(self.config.depth, n_patches) if merge else (0,) * self.config.depth
        return n_tokens, *tokens_after_layers(n_tokens, per_layer, N_PREFIX_TOKENS)

    def _positions(self, rows: int, columns: int, first_column: int | None) -> Tensor:
        grid_rows, grid_columns = self.config.grid(self.config.max_frames)
        if (rows, columns) == (grid_rows, grid_columns):
            return self.pos_embed
        grid = self.pos_embed[0, N_PREFIX_TOKENS:].reshape(grid_rows, grid_columns, -1)
        fitted = fit_positions(grid, rows, columns, first_column).flatten(0, 1)
        return torch.cat([self.pos_embed[:, :N_PREFIX_TOKENS], fitted.unsqueeze(0)], dim=1)

    def _pool(self, tokens: TokenState) -> Tensor:
        if self.config.pooling == "class_tokens":
            return (tokens.x[:, 0] + tokens.x[:, 1]) / 2
        patches = tokens.x[:, N_PREFIX_TOKENS:]
        if tokens.size is None:
            return patches.mean(dim=1)
        weight = tokens.size[:, N_PREFIX_TOKENS:, None]
        return ((patches * weight).sum(dim=1) / weight.sum(dim=1)).to(patches.dtype)
