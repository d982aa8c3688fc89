"""A network as a step of training calls it: tokens merged as the run wants, the frame head where that is trained.

Fabric looks for tensors in the arguments of what it runs, and in half precision refuses a frozen dataclass among them,
such as a merge schedule: it is kept here.
"""

from __future__ import annotations

from torch import Tensor, nn

from core.model.merging.schedule import MergeSchedule
from core.model.networks.build import Network
from core.model.networks.spectrogram_transformer import AudioSpectrogramTransformer


class Student(nn.Module):
    """network: what learns, with all the parameters there are. merge: tokens to remove, None for none. tells_when: its
    frame head learns too."""

    def __init__(self, network: Network, merge: MergeSchedule | None, *, tells_when: bool = False) -> None:
        super().__init__()
        self.network = network
        self._merge, self._tells_when = merge, tells_when

    def forward(self, log_mel: Tensor, first_column: int) -> tuple[Tensor, Tensor | None]:
        """Logits `(B, labels)` and, from the same pass, those of each column `(B, columns, labels)` or None.

        log_mel: normalised `(B, T, mels)`; first_column: where on the position grid it starts.
        """
        if self._tells_when:
            assert isinstance(self.network, AudioSpectrogramTransformer), "no other network has a frame head"
            return self.network.clip_and_frame_logits(log_mel, merge=self._merge, first_column=first_column)
        return self.network(log_mel, merge=self._merge, first_column=first_column), None
