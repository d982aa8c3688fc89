"""Wraps a network as a training step calls it: with the run's token merging, and what else is trained beside it.

Fabric searches the arguments of the module it runs for tensors, and in half precision rejects a frozen dataclass among
them, such as a merge schedule. The schedule is therefore kept in the module.
"""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor, nn

from core.model.merging.schedule import MergeSchedule
from core.model.networks.build import Network
from core.model.networks.spectrogram_transformer import AudioSpectrogramTransformer


class NetworkOutput(NamedTuple):
    """What one forward pass gives."""

    logits: Tensor
    """`(B, labels)`, of the whole windows."""
    columns: Tensor | None
    """The frame head's logits `(B, columns, labels)`."""
    embeddings: Tensor | None
    """The guesses at a teacher's embeddings `(B, columns, width)`."""


class TrainingNetwork(nn.Module):
    """The network that is trained and owns all parameters.

    merge: removes tokens. with_frame_head: returns the frame head's logits too. embedding_width: of the embeddings of a
    teacher, which a layer that is not published guesses from each column; 0 for none.
    """

    def __init__(
        self, network: Network, merge: MergeSchedule, *, with_frame_head: bool = False, embedding_width: int = 0
    ) -> None:
        super().__init__()
        self.network = network
        self._merge, self._with_frame_head = merge, with_frame_head
        self.embedding = None
        if embedding_width:
            assert isinstance(network, AudioSpectrogramTransformer), "no other network has columns"
            width = network.config.embed_dim
            self.embedding = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, embedding_width))

    def forward(self, log_mel: Tensor, first_column: int) -> NetworkOutput:
        """log_mel: normalised `(B, T, mels)`; first_column: where it starts on the position grid."""
        network = self.network
        if not self._with_frame_head:
            logits = network(log_mel, merge=self._merge, first_column=first_column)
            return NetworkOutput(logits, None, None)
        assert isinstance(network, AudioSpectrogramTransformer), "no other network has a frame head"
        assert network.frame_head is not None, "a recipe with a frame loss adds it"
        pooled, columns = network.clip_and_columns(log_mel, merge=self._merge, first_column=first_column)
        embeddings = None if self.embedding is None else self.embedding(columns)
        return NetworkOutput(network.mlp_head(pooled), network.frame_head(columns), embeddings)
