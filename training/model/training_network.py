"""Wraps a network as a training step calls it: with the run's token merging, and the frame head where it is trained.

Fabric searches the arguments of the module it runs for tensors, and in half precision rejects a frozen dataclass among
them, such as a merge schedule. The schedule is therefore kept in the module.
"""

from __future__ import annotations

from torch import Tensor, nn

from core.model.merging.schedule import MergeSchedule
from core.model.networks.build import Network
from core.model.networks.spectrogram_transformer import AudioSpectrogramTransformer


class TrainingNetwork(nn.Module):
    """The network that is trained and owns all parameters.

    merge: removes tokens. with_frame_head: returns the frame head's logits too.
    """

    def __init__(self, network: Network, merge: MergeSchedule, *, with_frame_head: bool = False) -> None:
        super().__init__()
        self.network = network
        self._merge, self._with_frame_head = merge, with_frame_head

    def forward(self, log_mel: Tensor, first_column: int) -> tuple[Tensor, Tensor | None]:
        """Logits `(B, labels)` and, from the same pass, the frame head's `(B, columns, labels)`, or None.

        log_mel: normalised `(B, T, mels)`; first_column: where it starts on the position grid.
        """
        if self._with_frame_head:
            assert isinstance(self.network, AudioSpectrogramTransformer), "no other network has a frame head"
            return self.network.clip_and_frame_logits(log_mel, merge=self._merge, first_column=first_column)
        return self.network(log_mel, merge=self._merge, first_column=first_column), None
