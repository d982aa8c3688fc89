"""The network of an architecture, whichever kind it is. A new kind of network is one row here."""

from __future__ import annotations

from torch import nn

from core.model.architecture import ModelConfig, TransformerConfig
from core.model.networks.convolutional import ConvolutionalTagger
from core.model.networks.patchout import NOTHING, Shares
from core.model.networks.spectrogram_transformer import AudioSpectrogramTransformer

Network = AudioSpectrogramTransformer | ConvolutionalTagger
"""Normalised log-mel `(B, T, mels)` in, logits `(B, labels)` out; `embed` gives what `mlp_head` reads."""


def build_network(config: ModelConfig, *, drop_path: float = 0.0, patchout: Shares = NOTHING) -> Network:
    """The network that `config` describes, with random weights.

    drop_path, patchout: regularisation while training; a CNN has no patches to drop. Raises UserError for a
    backbone that does not suit.
    """
    if isinstance(config, TransformerConfig):
        return AudioSpectrogramTransformer(config, drop_path=drop_path, patchout=patchout)
    return ConvolutionalTagger(config, drop_path=drop_path)


def last_layer(network: Network) -> nn.Linear:
    """The layer that makes logits of features; its `in_features` is their number."""
    layer = network.mlp_head[1]
    assert isinstance(layer, nn.Linear)
    return layer
