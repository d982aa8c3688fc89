"""Counts how much of a media file could be decoded, and reports damage."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from av import AudioStream, Packet

from core.audio.decoding.declared_length import last_mp3_frame_is_cut
from core.errors import UserError

# Recordings of a broadcast start within a frame; that is not damage.
_FREE_LEADING_PACKETS = 3
# libav marks the last packet of these when the file holds less of it than promised.
_READS_TO_PROMISED_END = {"caf", "w64"}


@dataclass(slots=True)
class DecodingTally:
    """What was found while reading a file."""

    path: Path
    """The file."""
    format_name: str
    """libav's name of the container."""
    declared_s: float | None = None
    """The length that the header declares; None if it does not."""
    tolerance_s: float = 0.25
    """How much shorter than declared is not yet a loss (padding, rounding)."""
    counts_from_s: float = 0.0
    """The timestamp that declared_s counts from."""
    zero_s: float = 0.0
    """The timestamp at which the file's clock, on which damage is reported, shows 0."""
    decoded_s: float = 0.0
    """Sound decoded so far."""
    reached_s: float = 0.0
    """The furthest point reached, counted like declared_s."""
    clock_s: float = 0.0
    """The current time on the file's clock."""
    bad_packets: int = 0
    """Packets that could not be read or decoded."""
    bad_tail: int = 0
    """How many of those there are since the last good frame."""
    first_bad_s: float = 0.0
    """Where the first of them was."""
    is_cut: bool = False
    """Whether the newest packet is incomplete."""

    def add_good(self, duration_s: float, end_s: float | None) -> None:
        """A frame was decoded; `end_s` is the timestamp of its end, if it has one."""
        if self.decoded_s == 0.0 and self.bad_packets <= _FREE_LEADING_PACKETS:
            self.bad_packets = 0
        self.bad_tail = 0
        self.decoded_s += duration_s
        # By timestamps too: speech codecs leave out pauses.
        self.reached_s = max(self.reached_s, self.decoded_s, (end_s or 0.0) - self.counts_from_s)
        self.clock_s = self.clock_s + duration_s if end_s is None else end_s - self.zero_s

    def add_bad(self) -> None:
        """A packet could not be read or decoded."""
        if self.bad_packets == 0:
            self.first_bad_s = self.clock_s
        self.bad_packets += 1
        self.bad_tail += 1

    def check_packet(self, packet: Packet[AudioStream]) -> None:
        """Check whether the newest packet is cut; at the end, the result is that of the last packet."""
        if not packet.size:  # the empty packet that ends a stream
            return
        if self.format_name == "mp3":
            self.is_cut = last_mp3_frame_is_cut(bytes(packet))
        elif self.format_name in _READS_TO_PROMISED_END:
            self.is_cut = packet.is_corrupt

    def raise_if_damaged(self) -> None:
        """Raise UserError if the file has less sound than it should; call it at the end."""
        name = self.path.name
        if self.decoded_s == 0.0:
            raise UserError(f"The audio track of “{name}” has no readable sample.", "Record or export it again.")
        # Tags after the last MP3 frame look like bad packets; a real cut there sets `is_cut`.
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
                "Copy, download or export it again to get the rest.",
            )

    def _is_short(self) -> bool:
        return self.declared_s is not None and self.reached_s < self.declared_s - self.tolerance_s

    def _how_much(self) -> str:
        if self.declared_s is None or not self._is_short():
            return f"{self.decoded_s:.1f} s"
        n_digits = next((n for n in (1, 2) if round(self.decoded_s, n) < round(self.declared_s, n)), 3)
        return f"{self.decoded_s:.{n_digits}f} s of {self.declared_s:.{n_digits}f} s"
