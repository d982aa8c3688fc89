"""Builds the network of an architecture. A new kind of network is added here."""

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
    backbone that is not a plain CNN.
    """
    if isinstance(config, TransformerConfig):
        return AudioSpectrogramTransformer(config, drop_path=drop_path, patchout=patchout)
    return ConvolutionalTagger(config, drop_path=drop_path)


def last_layer(network: Network) -> nn.Linear:
    """The layer from features to logits; its `in_features` is the number of features."""
    layer = network.mlp_head[1]
    assert isinstance(layer, nn.Linear)
    return layer
