"""Attention with tokens of several sizes: the fused kernel, and the numbers of the plain form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from core.model.networks.attention import SizedAttention


class Operations(TorchDispatchMode):
    """Notes the names of what is computed."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def __torch_dispatch__(
        self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        del types
        self.names.add(str(func))
        return func(*args, **(kwargs or {}))


@pytest.fixture
def attention() -> SizedAttention:
    torch.manual_seed(0)
    return SizedAttention(48, num_heads=3, qkv_bias=True).eval()


def plain(attention: SizedAttention, x: Tensor, size: Tensor) -> Tensor:
    """ToMe, eq. 1: softmax(Q Kᵀ / √d + log s) V, head by head."""
    out: list[Tensor] = []
    q, k, v = (part.split(attention.head_dim, dim=-1) for part in attention.qkv(x).chunk(3, dim=-1))
    for head in range(attention.num_heads):
        scores = q[head] @ k[head].transpose(1, 2) / attention.head_dim**0.5 + size.log().unsqueeze(1)
        weights = scores.exp() / scores.exp().sum(dim=-1, keepdim=True)
        out.append(weights @ v[head])
    return attention.proj(torch.cat(out, dim=-1))


@pytest.mark.parametrize(("dtype", "most"), [(torch.float32, 1e-5), (torch.bfloat16, 0.02)])
@pytest.mark.parametrize("is_merged", [False, True])
def test_attention_is_fused_and_equals_the_plain_form(
    attention: SizedAttention, dtype: torch.dtype, most: float, is_merged: bool
) -> None:
    x, size = torch.randn(2, 30, 48), torch.randint(1, 6, (2, 30)).float()
    with torch.no_grad():
        wanted = plain(attention, x, size if is_merged else torch.ones_like(size))
        with Operations() as operations:
            found, _ = attention.to(dtype).attend(x.to(dtype), size if is_merged else None)
    assert found.dtype == dtype
    torch.testing.assert_close(found.float(), wanted, atol=most, rtol=most)
    assert any("scaled_dot_product_flash_attention" in name for name in operations.names), operations.names
    assert not any("softmax" in name for name in operations.names)
