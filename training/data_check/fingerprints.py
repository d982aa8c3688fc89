"""Computes fingerprints of sounds, and finds pairs of clips whose fingerprints match.

After Haitsma and Kalker, "A highly robust audio fingerprinting system" (ISMIR 2002): bit b of frame t is the sign of
E(t, b) - E(t, b+1) - [E(t-5, b) - E(t-5, b+1)], with E the energy of a narrow band, here in dB. A gain, a filter and
steady noise cancel out; two unrelated recordings agree in half of the bits. Unlike there, bits of sound that is much
softer than the clip's loudest are left out, so that silence matches nothing, and only clear differences count when
two clips are compared: those hardly ever flip in a duplicate, however it was encoded.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.audio.mel_scale import hz_from_mel, mel_from_hz

SAMPLE_RATE = 16_000
HOP = 256
"""Samples from one frame of a fingerprint to the next: 16 ms."""

_FRAME = 512
_SUMMED_FRAMES = 8  # 144 ms: a shift by half a hop changes little
_FRAMES_BETWEEN = 5  # 80 ms: what is compared with what came before
_N_BANDS = 33
_LOWEST_HZ, _HIGHEST_HZ = 150.0, 7000.0
_COMPARED_DB, _INDEXED_DB = 30.0, 40.0  # under the loudest band of the clip
_FLOOR_DB = -55.0  # a little above the dither of 16-bit sound, in the units of _band_levels
_CLEAR_DB = 1.0
_FRAMES_A_CALL = 8192

_GROUP_BITS, _N_GROUPS = 8, 4
_WORD_FRAMES = (0, 3, 6, 9)
_NEIGHBOURS = 4

_LARGEST_ERROR_RATE = 0.15
_SMALLEST_SHARE = 0.25
_FEWEST_BITS = 64
_BITS_SET = np.array([bin(i).count("1") for i in range(1 << 16)], np.uint8)


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """32 bits for each frame of one clip."""

    rising: NDArray[np.uint32]
    """`(frames,)`: the signs."""
    clear: NDArray[np.uint32]
    """`(frames,)`: which of them count."""
    audible: NDArray[np.bool_]
    """`(frames, 4)`: which groups of eight bands have sound."""

    @property
    def n_clear(self) -> int:
        """Bits that can be compared at all."""
        return _count(self.clear)


@dataclass(frozen=True, slots=True)
class Match:
    """Two clips whose fingerprints agree where they overlap."""

    first: int
    """Index of one clip."""
    second: int
    """Index of the other clip, higher than `first`."""
    shift: int
    """Frames by which the sound comes later in the first clip than in the second."""
    n_bits: int
    """Number of bits compared."""
    error_rate: float
    """Share of them that differ."""


def fingerprint(samples: NDArray[np.float32]) -> Fingerprint:
    """The fingerprint of float32 `(n,)` at 16 kHz; it has no frames when the sound is shorter than 0.24 s."""
    levels = _band_levels(samples)
    if len(levels) <= _FRAMES_BETWEEN:
        nothing = np.zeros(0, np.uint32)
        return Fingerprint(nothing, nothing, np.zeros((0, _N_GROUPS), bool))
    loudest = levels.max()
    steps = levels[:, :-1] - levels[:, 1:]
    change = steps[_FRAMES_BETWEEN:] - steps[:-_FRAMES_BETWEEN]
    has_sound = levels > max(loudest - _COMPARED_DB, _FLOOR_DB)
    both_have = has_sound[:, :-1] & has_sound[:, 1:]
    counts = both_have[_FRAMES_BETWEEN:] & both_have[:-_FRAMES_BETWEEN] & (np.abs(change) > _CLEAR_DB)
    loud = levels[:, :-1].reshape(-1, _N_GROUPS, _GROUP_BITS).max(axis=2) > max(loudest - _INDEXED_DB, _FLOOR_DB)
    return Fingerprint(_packed(change > 0), _packed(counts), loud[_FRAMES_BETWEEN:] | loud[:-_FRAMES_BETWEEN])


def find_matches(fingerprints: Sequence[Fingerprint]) -> list[Match]:
    """Pairs whose sounds agree over more than about half of the shorter one, each once, at its best shift.

    The work grows with the number of clips, not with its square: see `_candidates`.
    """
    n_clear = [clip.n_clear for clip in fingerprints]
    best: dict[tuple[int, int], Match] = {}
    for first, second, shift in _candidates(fingerprints):
        found = _compare(fingerprints, first, second, shift)
        is_enough = found.n_bits >= max(_FEWEST_BITS, _SMALLEST_SHARE * min(n_clear[first], n_clear[second]))
        if is_enough and found.error_rate <= _LARGEST_ERROR_RATE:
            known = best.get((first, second))
            if known is None or found.error_rate < known.error_rate:
                best[first, second] = found
    return sorted(best.values(), key=lambda match: (match.first, match.second))


def _band_levels(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Energy of each band over 144 ms, dB, `(frames, bands)`."""
    n_frames = 1 + (len(samples) - _FRAME) // HOP
    if n_frames < _SUMMED_FRAMES:
        return np.zeros((0, _N_BANDS), np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(samples, _FRAME)[::HOP]
    window, edges = np.hanning(_FRAME).astype(np.float32), _band_edges()
    energies = []
    for begin in range(0, n_frames, _FRAMES_A_CALL):
        spectrum = np.fft.rfft(frames[begin : begin + _FRAMES_A_CALL] * window, axis=1)
        power = spectrum.real**2 + spectrum.imag**2
        energies.append(np.add.reduceat(power[:, : edges[-1]], edges[:-1], axis=1))
    so_far = np.cumsum(np.concatenate([np.zeros((1, _N_BANDS)), *energies]), axis=0)
    summed = so_far[_SUMMED_FRAMES:] - so_far[:-_SUMMED_FRAMES]
    return (10 * np.log10(np.maximum(summed, 1e-7))).astype(np.float32)


def _band_edges() -> NDArray[np.int64]:
    """Bins of the spectrum where the bands begin, and the last one's end: equal steps in mel, at least a bin each."""
    mels = np.linspace(mel_from_hz(_LOWEST_HZ), mel_from_hz(_HIGHEST_HZ), _N_BANDS + 1)
    edges = np.round(hz_from_mel(mels) / SAMPLE_RATE * _FRAME).astype(np.int64)
    for i in range(1, len(edges)):
        edges[i] = max(edges[i], edges[i - 1] + 1)
    return edges


def _packed(bits: NDArray[np.bool_]) -> NDArray[np.uint32]:
    return np.ascontiguousarray(np.packbits(bits, axis=1, bitorder="little")).view("<u4")[:, 0].astype(np.uint32)


def _count(words: NDArray[np.uint32]) -> int:
    return int(_BITS_SET[words.view(np.uint16)].sum(dtype=np.int64))


def _candidates(fingerprints: Sequence[Fingerprint]) -> Iterator[tuple[int, int, int]]:
    """(first, second, shift) with first < second, each once, of clips that have an indexed word in common.

    All words of all clips are sorted, so that equal words lie side by side. Each is then compared with the next
    `_NEIGHBOURS` words of that order alone: n clips with one word in common give at most 4 n pairs, not n². A group of
    duplicates is still found: each one is paired with the next, and `duplicates` joins the chain.
    """
    found = [np.zeros((0, 3), np.int64)]
    for group in range(_N_GROUPS):
        parts = [_words(clip, group) for clip in fingerprints]
        words = np.concatenate([np.zeros(0, np.uint32), *(words for words, _ in parts)])
        frames = np.concatenate([np.zeros(0, np.int64), *(frames for _, frames in parts)])
        clips = np.repeat(np.arange(len(parts)), [len(words) for words, _ in parts])
        # A stable sort leaves equal words in the order of the clips: the chain goes through all of them.
        order = np.argsort(words, kind="stable")
        words, frames, clips = words[order], frames[order], clips[order]
        for apart in range(1, _NEIGHBOURS + 1):
            # Row k of `words` against row k + apart, for all k at once; a clip is not compared with itself.
            same = np.flatnonzero((words[apart:] == words[:-apart]) & (clips[apart:] != clips[:-apart]))
            # Equal words at frames f of one clip and g of another: the sound comes f - g frames later in the first.
            pairs = (clips[same], clips[same + apart], frames[same] - frames[same + apart])
            found.append(np.unique(np.stack(pairs, axis=1), axis=0))
    yield from map(tuple, np.unique(np.concatenate(found), axis=0).tolist())


def _words(clip: Fingerprint, group: int) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """Words of 32 bits, eight neighbouring bands at four times, where they have sound; and the frames they begin at."""
    n_words = max(0, len(clip.rising) - _WORD_FRAMES[-1])
    bits = (clip.rising >> np.uint32(group * _GROUP_BITS)) & np.uint32(0xFF)
    words, audible = np.zeros(n_words, np.uint32), np.ones(n_words, bool)
    for place, later in enumerate(_WORD_FRAMES):
        words |= bits[later : later + n_words] << np.uint32(place * _GROUP_BITS)
        audible &= clip.audible[later : later + n_words, group]
    frames = np.flatnonzero(audible)
    return words[frames], frames


def _compare(fingerprints: Sequence[Fingerprint], first: int, second: int, shift: int) -> Match:
    a, b = fingerprints[first], fingerprints[second]
    a_begin, b_begin = max(0, shift), max(0, -shift)
    n = min(len(a.rising) - a_begin, len(b.rising) - b_begin)
    both = a.clear[a_begin : a_begin + n] & b.clear[b_begin : b_begin + n]
    differ = (a.rising[a_begin : a_begin + n] ^ b.rising[b_begin : b_begin + n]) & both
    n_bits = _count(both)
    return Match(first, second, shift, n_bits, _count(differ) / max(1, n_bits))
