"""Keeps count of what of a media file could be decoded, and says so in words. Decodes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from av import Packet

from core.audio.decoding.declared_length import last_mp3_frame_is_cut
from core.errors import UserError

# Streams taken from a broadcast begin within a frame; that is no damage.
_FREE_LEADING_PACKETS = 3
# libav marks the last packet of these when the file holds less of it than promised.
_READS_TO_PROMISED_END = {"caf", "w64"}


@dataclass(slots=True)
class DecodingTally:
    """What was met on the way through one file.

    format_name: libav's name of the container. declared_s: what its header promises, None when it does not.
    tolerance_s: how much less than promised is still no loss (padding, rounding). counts_from_s: the timestamp from
    which declared_s counts. zero_s: the timestamp at which the file's clock, which places damage, shows 0.
    """

    path: Path
    format_name: str
    declared_s: float | None = None
    tolerance_s: float = 0.25
    counts_from_s: float = 0.0
    zero_s: float = 0.0
    decoded_s: float = 0.0
    reached_s: float = 0.0
    clock_s: float = 0.0
    bad_packets: int = 0
    bad_tail: int = 0
    first_bad_s: float = 0.0
    is_cut: bool = False

    def add_good(self, duration_s: float, end_s: float | None) -> None:
        """A frame was decoded; `end_s` is the timestamp of its end, if it has one."""
        if self.decoded_s == 0.0 and self.bad_packets <= _FREE_LEADING_PACKETS:
            self.bad_packets = 0
        self.bad_tail = 0
        self.decoded_s += duration_s
        # By the clock too: speech codecs leave pauses out.
        self.reached_s = max(self.reached_s, self.decoded_s, (end_s or 0.0) - self.counts_from_s)
        self.clock_s = self.clock_s + duration_s if end_s is None else end_s - self.zero_s

    def add_bad(self) -> None:
        """A packet could not be read or decoded."""
        if self.bad_packets == 0:
            self.first_bad_s = self.clock_s
        self.bad_packets += 1
        self.bad_tail += 1

    def look_at_packet(self, packet: Packet) -> None:
        """Judge the newest packet; the judgement that stands at the end is the last packet's."""
        if not packet.size:  # the empty one that ends a stream
            return
        if self.format_name == "mp3":
            self.is_cut = last_mp3_frame_is_cut(bytes(packet))
        elif self.format_name in _READS_TO_PROMISED_END:
            self.is_cut = packet.is_corrupt

    def raise_if_damaged(self) -> None:
        """Raise UserError when the file holds less than it should; call at its end."""
        name = self.path.name
        if self.decoded_s == 0.0:
            raise UserError(
                f"“{name}” has an audio track without a single readable sample.", "Record or export it again."
            )
        # Tags behind the last MP3 frame look like bad packets; a real cut there is seen by `is_cut`.
        bad = self.bad_packets - (self.bad_tail if self.format_name == "mp3" else 0)
        if bad > self.bad_tail:
            raise UserError(
                f"“{name}” is damaged: {bad} of its packets could not be decoded, "
                f"the first at {self.first_bad_s:.1f} s; {self._how_much()} could be read.",
                "Copy, download or export it again.",
            )
        if self._is_short() or self.is_cut or bad:
            raise UserError(
                f"“{name}” ends early: {self._how_much()} could be read.",
                "Copy, download or export it again to have the rest.",
            )

    def _is_short(self) -> bool:
        return self.declared_s is not None and self.reached_s < self.declared_s - self.tolerance_s

    def _how_much(self) -> str:
        if self.declared_s is None or not self._is_short():
            return f"{self.decoded_s:.1f} s"
        n_digits = next((n for n in (1, 2) if round(self.decoded_s, n) < round(self.declared_s, n)), 3)
        return f"{self.decoded_s:.{n_digits}f} s of {self.declared_s:.{n_digits}f} s"
