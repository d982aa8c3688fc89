"""Self-attention that counts how many patches each token stands for.

Letters: B batch, N tokens, D embed_dim.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from timm.layers.attention import Attention
from torch import Tensor


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
        attention = _explicit_attention if _is_faster_explicitly(q) else F.scaled_dot_product_attention
        out = attention(q, k, v, attn_mask=bias, dropout_p=dropout)
        return self.proj_drop(self.proj(out.transpose(1, 2).flatten(2))), k.mean(dim=1)


def _is_faster_explicitly(q: Tensor) -> bool:
    """The fused kernel's backward pass in bf16 on a CPU takes 1.4 (602 tokens) to 2.5 times (117) as long as matrix
    products; in fp32, without gradients and on a GPU it is the faster one."""
    return q.requires_grad and q.dtype == torch.bfloat16 and q.device.type == "cpu"


def _explicit_attention(q: Tensor, k: Tensor, v: Tensor, attn_mask: Tensor | None, dropout_p: float) -> Tensor:
    """`F.scaled_dot_product_attention` as its definition says; q, k, v and the result `(B, heads, N, D / heads)`."""
    weights = (q * q.shape[-1] ** -0.5) @ k.transpose(-2, -1)
    if attn_mask is not None:
        weights = weights + attn_mask
    return F.dropout(weights.softmax(dim=-1), dropout_p) @ v
