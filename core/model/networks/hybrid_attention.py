"""HAM-AST's hybrid attention: Conformer blocks, then channel attention, behind the transformer's own blocks.

The hybrid attention module adds to AST's global view a local one, the convolution, and weights for the channels; the
Conformer block is Gulati et al.'s (arXiv:2005.08100). All of it starts as the identity, so that a model that begins
with an AST's weights begins with that AST's outputs. Patches lie on a grid, class tokens do not.

Letters: B batch, N tokens (class tokens first), C class tokens, K patches, D width.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from timm.layers.mlp import Mlp
from torch import Tensor, nn

from core.errors import UserError
from core.model.architecture import HybridConfig, TransformerConfig
from core.model.networks.attention import SizedAttention

DROPOUT = 0.1
"""In the Conformers' branches while training (arXiv:2005.08100, §3.2)."""


@dataclass(frozen=True, slots=True)
class PatchGrid:
    """Where the patches of a batch lie.

    rows: of frequency; columns: of time. kept: `(B, K)`, the cell (row * columns + column) of each patch that is there,
    None where all are, in order. While training some patches are left out, and those that stay come in any order.
    """

    rows: int
    columns: int
    kept: Tensor | None = None

    def lay_out(self, patches: Tensor) -> Tensor:
        """`(B, K, D)` to a picture `(B, D, rows, columns)`; a patch that was left out is zero, like those beyond the
        edges, where a convolution pads with zeros."""
        if self.kept is not None:
            cells = patches.new_zeros(len(patches), self.rows * self.columns, patches.shape[2])
            patches = cells.scatter(1, self.kept.unsqueeze(-1).expand_as(patches), patches)
        picture = torch.unflatten(patches, 1, (self.rows, self.columns))
        return picture.permute(0, 3, 1, 2)  # no copy: channels stay last

    def take_from(self, picture: Tensor) -> Tensor:
        """The inverse of `lay_out`: `(B, D, rows, columns)` to the patches that are there `(B, K, D)`."""
        cells = picture.permute(0, 2, 3, 1).flatten(1, 2)
        return cells if self.kept is None else cells.take_along_dim(self.kept.unsqueeze(-1), dim=1)

    def as_sequence(self, n_class_tokens: int) -> PatchGrid:
        """All tokens on one line, class tokens first, then row after row: the sequence that the transformer reads."""
        kept = self.kept
        if kept is not None:
            first = torch.arange(n_class_tokens, device=kept.device).expand(len(kept), -1)
            kept = torch.cat([first, kept + n_class_tokens], dim=1)
        return PatchGrid(1, n_class_tokens + self.rows * self.columns, kept)


class ConvolutionModule(nn.Module):
    """Norm, gated pointwise layer, depthwise convolution, norm, SiLU, pointwise layer (arXiv:2005.08100, §2.2).

    The inner norm is LayerNorm where the paper has BatchNorm: a live window comes alone, small batches give poor
    statistics, and a token's own channels depend neither on the window's length nor on the patches left out.
    """

    def __init__(self, width: int, config: HybridConfig, n_class_tokens: int, eps: float) -> None:
        super().__init__()
        self.axis, self.n_class_tokens = config.axis, n_class_tokens
        kernel = (config.kernel if config.axis == "grid" else 1, config.kernel)
        self.norm = nn.LayerNorm(width, eps=eps)
        self.widen = nn.Linear(width, 2 * width)
        self.depthwise = nn.Conv2d(width, width, kernel, padding=(kernel[0] // 2, kernel[1] // 2), groups=width)
        self.inner_norm = nn.LayerNorm(width, eps=eps)
        self.leave = nn.Linear(width, width)
        self.dropout = nn.Dropout(DROPOUT)

    def forward(self, x: Tensor, grid: PatchGrid) -> Tensor:
        """What the block adds to x `(B, N, D)`: `(B, N, D)`."""
        gated = F.glu(self.widen(self.norm(x)), dim=-1)
        convolved = self._convolve(gated, grid)
        return self.dropout(self.leave(F.silu(self.inner_norm(convolved))))

    def _convolve(self, x: Tensor, grid: PatchGrid) -> Tensor:
        """Along the sequence with all tokens; along time or on the grid the class tokens, which have no place there,
        go around it."""
        if self.axis == "sequence":
            line = grid.as_sequence(self.n_class_tokens)
            return line.take_from(self.depthwise(line.lay_out(x)))
        patches = grid.take_from(self.depthwise(grid.lay_out(x[:, self.n_class_tokens :])))
        return torch.cat([x[:, : self.n_class_tokens], patches], dim=1)


class ConformerBlock(nn.Module):
    """Half a feed-forward module, attention, convolution, the other half, norm (arXiv:2005.08100, eq. 1).

    Positions are in the tokens already, so the attention is plain, not relative. The last norm gives each token the
    mean and deviation back that it came with: every module behind it begins with a norm of its own, to which both are
    nothing, and with branches that add nothing the block is the identity, whatever the tokens' scale.
    """

    def __init__(self, width: int, n_heads: int, config: HybridConfig, n_class_tokens: int, eps: float) -> None:
        super().__init__()
        self.feed_forward1 = _feed_forward(width, eps)
        self.attention_norm = nn.LayerNorm(width, eps=eps)
        self.attention = SizedAttention(width, num_heads=n_heads, qkv_bias=True, proj_drop=DROPOUT)
        self.convolution = ConvolutionModule(width, config, n_class_tokens, eps)
        self.feed_forward2 = _feed_forward(width, eps)
        self.norm = nn.LayerNorm(width, eps=eps)

    def forward(self, x: Tensor, grid: PatchGrid) -> Tensor:
        """`(B, N, D)` to `(B, N, D)`."""
        variance, mean = torch.var_mean(x.float(), dim=-1, correction=0, keepdim=True)
        deviation = (variance + self.norm.eps).sqrt()
        x = x + self.feed_forward1(x) / 2
        x = x + self.attention.attend(self.attention_norm(x), None)[0]
        x = x + self.convolution(x, grid)
        x = x + self.feed_forward2(x) / 2
        return (mean + deviation * self.norm(x)).to(x.dtype)

    def branch_ends(self) -> tuple[nn.Linear, ...]:
        """The last layer of each residual branch."""
        ends = (self.feed_forward1[1].fc2, self.attention.proj, self.convolution.leave, self.feed_forward2[1].fc2)
        return tuple(end for end in ends if isinstance(end, nn.Linear))


def _feed_forward(width: int, eps: float) -> nn.Sequential:
    return nn.Sequential(nn.LayerNorm(width, eps=eps), Mlp(width, 4 * width, act_layer=nn.SiLU, drop=DROPOUT))


class ChannelAttention(nn.Module):
    """A weight from 0 to 1 for each channel, from the maximum and the mean over all patches, added.

    Norm, D to D/2 to D, sigmoid; the weighted tokens are added to the tokens. The sum is scaled by 2/3, which the
    following norm undoes, so that it starts as the identity, with all weights 1/2.
    """

    def __init__(self, width: int, n_class_tokens: int, eps: float) -> None:
        super().__init__()
        self.n_class_tokens = n_class_tokens
        self.norm = nn.LayerNorm(width, eps=eps)
        self.narrow = nn.Linear(width, max(1, width // 2))
        self.widen = nn.Linear(max(1, width // 2), width)

    def forward(self, x: Tensor) -> Tensor:
        """`(B, N, D)` to `(B, N, D)`, class tokens too; they have no part in the pooling."""
        return (x + x * self.weights(x).unsqueeze(1)) * (2 / 3)

    def weights(self, x: Tensor) -> Tensor:
        """`(B, D)`, from tokens `(B, N, D)`."""
        patches = x[:, self.n_class_tokens :]
        pooled = patches.amax(dim=1) + patches.mean(dim=1)
        return self.widen(F.relu(self.narrow(self.norm(pooled)))).sigmoid()


class HybridAttention(nn.Module):
    """Conformer blocks, then channel attention; either may be absent.

    If they have their own width, the Conformers are in a bottleneck: a norm and a linear layer lead into it, a linear
    layer leads out and is added to the tokens. Then only that layer starts at zero: two zeros in a row never learn.
    """

    def __init__(self, config: TransformerConfig, n_class_tokens: int) -> None:
        super().__init__()
        hybrid, eps = config.hybrid or HybridConfig(), config.norm_eps
        outer, width = config.embed_dim, hybrid.width or config.embed_dim
        is_narrow = width != outer and hybrid.n_conformers > 0
        self.enter = nn.Sequential(nn.LayerNorm(outer, eps=eps), nn.Linear(outer, width)) if is_narrow else None
        self.conformers = nn.ModuleList(
            ConformerBlock(width, _n_heads(width, config), hybrid, n_class_tokens, eps)
            for _ in range(hybrid.n_conformers)
        )
        self.leave = nn.Linear(width, outer) if is_narrow else None
        self.channel_attention = ChannelAttention(outer, n_class_tokens, eps) if hybrid.channel_attention else None
        self._initialise()

    def _initialise(self) -> None:
        """Truncated normal 0.02 and zero biases, as the transformer's; then what makes all of it the identity."""
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.trunc_normal_(module.weight, std=0.02)
                nn.init.zeros_(module.bias)
        if self.leave is not None:
            ends = [self.leave]
        else:
            blocks = [block for block in self.conformers if isinstance(block, ConformerBlock)]
            ends = [end for block in blocks for end in block.branch_ends()]
        if self.channel_attention is not None:
            ends.append(self.channel_attention.widen)
        for end in ends:
            nn.init.zeros_(end.weight)

    def forward(self, x: Tensor, grid: PatchGrid) -> Tensor:
        """Tokens `(B, N, D)`, none of them merged, to tokens `(B, N, D)`."""
        inner = x if self.enter is None else self.enter(x)
        for block in self.conformers:
            inner = block(inner, grid)
        x = inner if self.leave is None else x + self.leave(inner)
        return x if self.channel_attention is None else self.channel_attention(x)


def _n_heads(width: int, config: TransformerConfig) -> int:
    """Heads as wide as the transformer's own, 64 in all published sizes."""
    head_width = config.embed_dim // config.num_heads
    if width % head_width:
        problem = f"Conformers of {width} channels cannot be split into attention heads of {head_width}."
        raise UserError(problem, f"Choose a width that is a multiple of {head_width}, or 0 for the transformer's own.")
    return width // head_width
