"""The Audio Spectrogram Transformer, with token merging as an argument of its forward pass.

AST: Gong, Chung, Glass, arXiv:2104.01778. Attention, MLP and dropouts are timm's parts, and parameters
carry the names of the released checkpoints (`cls_token`, `blocks.0.attn.qkv.weight`, `mlp_head.1.bias`).
Letters: B batch, T frames, N tokens, D embed_dim.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from timm.layers.drop import DropPath
from timm.layers.mlp import Mlp
from torch import Tensor, nn

from core.errors import UserError
from core.model.architecture import TransformerConfig
from core.model.merging.bipartite import Matching, follow, match_tokens, merge_tokens, unmerge_tokens
from core.model.merging.energy import match_by_energy
from core.model.merging.schedule import NO_MERGING, Matcher, MergeSchedule, most_removable
from core.model.networks.attention import SizedAttention
from core.model.networks.frame_head import FrameHead
from core.model.networks.hybrid_attention import HybridAttention, PatchGrid
from core.model.networks.patchout import NOTHING, Patchout, Shares
from core.model.networks.positions import fit_positions
from core.model.networks.stems import STEMS
from core.model.networks.token_grid import N_PREFIX_TOKENS, tokens_per_layer

MATCHERS: dict[Matcher, Callable[[Tensor, int, int], Matching]] = {
    "bipartite": match_tokens,
    "energy": match_by_energy,
}
"""The ways to choose which tokens join which, by MergeSchedule.matcher: (keys, r, protected tokens) to Matching."""


@dataclass(frozen=True, slots=True)
class TokenState:
    """Tokens between blocks: x `(B, N, D)`; once merged also size `(B, N)`, patches a token stands for, and
    places `(B, N0)`, where each input token went."""

    x: Tensor
    size: Tensor | None = None
    places: Tensor | None = None


class Block(nn.Module):
    """Pre-norm transformer block; merges r tokens between attention and MLP (ToMe, §3.1)."""

    def __init__(self, config: TransformerConfig, drop_path: float) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(config.embed_dim, eps=config.norm_eps)
        self.attn = SizedAttention(config.embed_dim, num_heads=config.num_heads, qkv_bias=True)
        self.norm2 = nn.LayerNorm(config.embed_dim, eps=config.norm_eps)
        self.mlp = Mlp(config.embed_dim, int(config.embed_dim * config.mlp_ratio))
        self.drop_path = DropPath(drop_path)

    def forward(self, tokens: TokenState, r: int, matcher: Matcher) -> TokenState:
        """Attention, merge, MLP."""
        attended, keys = self.attn.attend(self.norm1(tokens.x), tokens.size)
        tokens = TokenState(tokens.x + self.drop_path(attended), tokens.size, tokens.places)
        if r and most_removable(tokens.x.shape[1], N_PREFIX_TOKENS):
            tokens = _merge(tokens, keys, r, matcher)
        x = tokens.x + self.drop_path(self.mlp(self.norm2(tokens.x)))
        return TokenState(x, tokens.size, tokens.places)


def _merge(tokens: TokenState, keys: Tensor, r: int, matcher: Matcher) -> TokenState:
    n_batch, n_tokens, _ = tokens.x.shape
    matching = MATCHERS[matcher](keys, r, N_PREFIX_TOKENS)
    size = tokens.x.new_ones(n_batch, n_tokens, dtype=torch.float32) if tokens.size is None else tokens.size
    x, size = merge_tokens(tokens.x, size, matching)
    places = matching.places if tokens.places is None else follow(tokens.places, matching)
    return TokenState(x, size, places)


class AudioSpectrogramTransformer(nn.Module):
    """Log-mel frames in, one logit per label out.

    drop_path, patchout: regularisation while training: stochastic depth, dropped patches.
    """

    def __init__(self, config: TransformerConfig, *, drop_path: float = 0.0, patchout: Shares = NOTHING) -> None:
        super().__init__()
        self.config = config
        rows, columns = config.grid(config.max_frames)
        self.patch_embed = STEMS[config.stem](config)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, config.embed_dim))
        self.dist_token = nn.Parameter(torch.zeros(1, 1, config.embed_dim))
        self.pos_embed = nn.Parameter(torch.zeros(1, N_PREFIX_TOKENS + rows * columns, config.embed_dim))
        self.patchout = Patchout(N_PREFIX_TOKENS, patchout)
        rates = [drop_path * i / max(1, config.depth - 1) for i in range(config.depth)]
        self.blocks = nn.ModuleList(Block(config, rate) for rate in rates)
        self.norm = nn.LayerNorm(config.embed_dim, eps=config.norm_eps)
        head_norm = nn.LayerNorm(config.embed_dim, eps=config.head_norm_eps) if config.head_norm else nn.Identity()
        self.mlp_head = nn.Sequential(head_norm, nn.Linear(config.embed_dim, config.n_labels))
        self.frame_head = FrameHead(config) if config.frame_head else None
        self._initialise()
        # Last, so that with the same seed all other parts are initialised like an AST's.
        self.hybrid = HybridAttention(config, N_PREFIX_TOKENS) if config.hybrid else None

    def _initialise(self) -> None:
        """As DeiT: truncated normal 0.02 and zero biases; the head keeps PyTorch's default, as released."""
        for token in (self.cls_token, self.dist_token, self.pos_embed):
            nn.init.trunc_normal_(token, std=0.02)
        for module in self.blocks.modules():
            if isinstance(module, nn.Linear):
                nn.init.trunc_normal_(module.weight, std=0.02)
                nn.init.zeros_(module.bias)

    def forward(self, log_mel: Tensor, *, merge: MergeSchedule = NO_MERGING, first_column: int | None = None) -> Tensor:
        """Logits `(B, labels)` of normalised log-mel `(B, T, mels)`; if T is shorter than a patch, the last
        frame is repeated.

        merge: tokens to remove. first_column: where on the position grid the input starts;
        None puts it in the centre, as published.
        """
        return self.mlp_head(self.embed(log_mel, merge=merge, first_column=first_column))

    def clip_and_frame_logits(
        self, log_mel: Tensor, *, merge: MergeSchedule = NO_MERGING, first_column: int | None = None
    ) -> tuple[Tensor, Tensor]:
        """`forward`'s logits `(B, labels)`, and from the same pass those of each column of patches,
        `(B, columns, labels)`; `column_times_s` gives the times of columns. Raises UserError without a frame head."""
        if self.frame_head is None:
            raise UserError("The model has no frame head.", "Train one with the recipe frame-head.")
        pooled, columns = self.clip_and_columns(log_mel, merge=merge, first_column=first_column)
        return self.mlp_head(pooled), self.frame_head(columns)

    def clip_and_columns(
        self, log_mel: Tensor, *, merge: MergeSchedule = NO_MERGING, first_column: int | None = None
    ) -> tuple[Tensor, Tensor]:
        """What the head reads, the pooled tokens `(B, D)`, and from the same pass what a frame head reads: the tokens
        of each column of patches, averaged over its rows, `(B, columns, D)`."""
        tokens = self.tokens(log_mel, merge=merge, first_column=first_column)
        on_grid = tokens.x if tokens.places is None else unmerge_tokens(tokens.x, tokens.places)
        grid = self.config.grid(max(log_mel.shape[1], self.config.patch_frames))
        patches = torch.unflatten(on_grid[:, N_PREFIX_TOKENS:], 1, grid)  # (B, rows, columns, D)
        return self._pool(tokens), patches.mean(dim=1)

    def frame_logits(
        self, log_mel: Tensor, *, merge: MergeSchedule = NO_MERGING, first_column: int | None = None
    ) -> Tensor:
        """The second part of `clip_and_frame_logits`."""
        return self.clip_and_frame_logits(log_mel, merge=merge, first_column=first_column)[1]

    def embed(self, log_mel: Tensor, *, merge: MergeSchedule = NO_MERGING, first_column: int | None = None) -> Tensor:
        """What the head reads: the pooled tokens `(B, D)`, before its norm."""
        return self._pool(self.tokens(log_mel, merge=merge, first_column=first_column))

    def tokens(
        self, log_mel: Tensor, *, merge: MergeSchedule = NO_MERGING, first_column: int | None = None
    ) -> TokenState:
        """The tokens after the last norm; `unmerge_tokens` brings merged ones back to the grid. After hybrid attention,
        which needs the grid itself, they are on it already: size and places are None."""
        if self.config.level == "window":
            log_mel = log_mel - log_mel.mean(dim=(1, 2), keepdim=True)
        missing = self.config.patch_frames - log_mel.shape[1]
        if missing > 0:  # too short for a single patch
            log_mel = torch.cat([log_mel, log_mel[:, -1:].expand(-1, missing, -1)], dim=1)
        image = log_mel.transpose(1, 2).unsqueeze(1)  # (B, 1, mels, T)
        if self.config.stem != "patch":
            image = image.contiguous(memory_format=torch.channels_last)  # convolutions run faster on it
        patches = self.patch_embed(image)  # (B, D, rows, columns)
        rows, columns = patches.shape[2:]
        x = patches.flatten(2).transpose(1, 2)  # (B, N, D), frequency-major, time fastest
        prefix = torch.cat([self.cls_token, self.dist_token], dim=1).expand(x.shape[0], -1, -1)
        x = torch.cat([prefix, x], dim=1) + self._positions(rows, columns, first_column)
        x, kept = self.patchout(x, rows, columns)
        tokens = TokenState(x)
        per_layer = merge.per_layer(self.config.depth, rows * columns)
        for block, r in zip(self.blocks, per_layer, strict=True):
            tokens = block(tokens, r, merge.matcher)
        if self.hybrid is not None:  # its convolutions need the grid
            x = tokens.x if tokens.places is None else unmerge_tokens(tokens.x, tokens.places)
            tokens = TokenState(self.hybrid(x, PatchGrid(rows, columns, kept)))
        return TokenState(self.norm(tokens.x), tokens.size, tokens.places)

    def tokens_per_layer(self, n_frames: int, merge: MergeSchedule) -> tuple[int, ...]:
        """Tokens entering the first block, then tokens leaving each block."""
        return tokens_per_layer(self.config, n_frames, merge)

    def _positions(self, rows: int, columns: int, first_column: int | None) -> Tensor:
        grid_rows, grid_columns = self.config.grid(self.config.max_frames)
        if (rows, columns) == (grid_rows, grid_columns):
            return self.pos_embed
        grid = self.pos_embed[0, N_PREFIX_TOKENS:].reshape(grid_rows, grid_columns, -1)
        fitted = fit_positions(grid, rows, columns, first_column, self.config.positions).flatten(0, 1)
        return torch.cat([self.pos_embed[:, :N_PREFIX_TOKENS], fitted.unsqueeze(0)], dim=1)

    def _pool(self, tokens: TokenState) -> Tensor:
        if self.config.pooling == "class_tokens":
            return (tokens.x[:, 0] + tokens.x[:, 1]) / 2
        if self.config.pooling == "class":
            return tokens.x[:, 0]
        patches = tokens.x[:, N_PREFIX_TOKENS:]
        if tokens.size is None:
            return patches.mean(dim=1)
        weight = tokens.size[:, N_PREFIX_TOKENS:, None]
        return ((patches * weight).sum(dim=1) / weight.sum(dim=1)).to(patches.dtype)
