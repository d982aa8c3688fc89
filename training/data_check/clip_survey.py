"""Measures what a check of data needs to know of one clip: length, level, clipping, and what identifies its sound."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.audio.decoding.open import open_media, sound_track
from core.audio.resample import MODEL_SAMPLE_RATE, StreamResampler
from core.errors import UserError
from core.unforeseen import unforeseen
from training.data.layouts.clip_parts import WHOLE, Part, cut
from training.data_check.fingerprints import SAMPLE_RATE, Fingerprint, fingerprint

SILENT_DB = -60.0
"""A clip whose peak is lower, in dBFS, counts as silent."""

MOST_COMPARED_S = 300.0
"""Duplicates are looked for in so much of a clip's beginning."""

_FULL_SCALE = 0.985  # the largest positive value of 8-bit sound is 0.992
_SHORTEST_FLAT_TOP = 3
_FINE_STEP, _COARSE_STEP = 2.0**-15, 2.0**-7


@dataclass(frozen=True, slots=True)
class ClipSurvey:
    """What was measured of a clip."""

    duration_s: float
    """Length of the whole clip."""
    peak: float
    """Largest absolute sample; 1 is full scale."""
    n_flat_tops: int
    """How often a wave is cut off at full scale, see `flat_tops`."""
    digest: str
    """Equal for equal sound, whatever digital silence is around it; "" for a silent clip."""
    fingerprint: Fingerprint
    """Has no frames where the clip is silent."""

    @property
    def is_silent(self) -> bool:
        """Whether nothing in it reaches SILENT_DB."""
        return self.peak < 10 ** (SILENT_DB / 20)


@dataclass(frozen=True)
class DecodedClip:
    """The mean of the channels at the file's own rate, the first MOST_COMPARED_S, and the whole file's length."""

    samples: NDArray[np.float32]
    sample_rate: int
    duration_s: float

    @cached_property
    def resampled(self) -> NDArray[np.float32]:
        """At 16 kHz, float32 `(n,)`."""
        resampler = StreamResampler(self.sample_rate, SAMPLE_RATE)
        return np.concatenate([resampler.push(self.samples), resampler.flush()])


def decode(path: Path, part: Part = WHOLE) -> DecodedClip:
    """Decode a file or a part of it, and keep its beginning. Raises UserError for what cannot be read to its end."""
    (_, clip), *_ = decode_parts(path, [part])
    return clip


def decode_parts(path: Path, parts: Sequence[Part]) -> Iterator[tuple[int, DecodedClip]]:
    """Each part, by its index, in one pass over the file. Raises UserError."""
    with open_media(path) as container:
        rate = sound_track(container).rate or MODEL_SAMPLE_RATE
    for piece in cut(path, rate, [part.span(rate) for part in parts], round(MOST_COMPARED_S * rate)):
        yield piece.index, DecodedClip(piece.samples, rate, piece.n_samples / rate)


def survey_parts(path: Path, parts: Sequence[Part]) -> list[ClipSurvey | UserError]:
    """Survey parts of one file; a UserError in place of each that cannot be read."""
    done: dict[int, ClipSurvey] = {}
    try:
        for i, clip in decode_parts(path, parts):
            done[i] = _survey(clip)
    except UserError as error:
        why = error
    except Exception as error:  # one broken file does not stop the check of the others
        why = unforeseen(path, "read", error)
    else:
        return [done[i] for i in range(len(parts))]
    return [done.get(i, why) for i in range(len(parts))]


def survey(path: Path) -> ClipSurvey | UserError:
    """Survey one file, or return why it cannot be read."""
    [surveyed] = survey_parts(path, [WHOLE])
    return surveyed


def _survey(clip: DecodedClip) -> ClipSurvey:
    peak = float(np.abs(clip.samples).max(initial=0.0))
    surveyed = ClipSurvey(clip.duration_s, peak, 0, "", fingerprint(np.zeros(0, np.float32)))
    if surveyed.is_silent:
        return surveyed
    sound = clip.resampled
    return ClipSurvey(clip.duration_s, peak, flat_tops(clip.samples), _digest(sound), fingerprint(sound))


def flat_tops(samples: NDArray[np.float32]) -> int:
    """How often a wave is cut off at full scale.

    A flat top is a run of three or more equal samples at full scale, whose shoulders are so steep that a parabola
    through them would have risen above the run by more than two steps of the sound's resolution. A wave that only just
    reaches full scale (peak-normalised, or 8-bit with its coarse steps) does not count. Clipping is not found after
    lossy encoding, nor after the level was turned down.
    """
    if not len(samples):
        return 0
    step = _COARSE_STEP if _is_coarse(samples) else _FINE_STEP
    level = np.abs(samples)
    is_flat = (np.abs(np.diff(samples)) <= step / 2) & (level[1:] >= _FULL_SCALE) & (level[:-1] >= _FULL_SCALE)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], is_flat, [False]]).astype(np.int8)))
    first, last = edges[::2], edges[1::2]  # samples first to last, both included, are equal
    inside = (first > 0) & (last < len(samples) - 1) & (last - first + 1 >= _SHORTEST_FLAT_TOP)
    first, last = first[inside], last[inside]
    sign, n = np.sign(samples[first]), last - first + 1
    drop = level[first] - (sign * samples[first - 1] + sign * samples[last + 1]) / 2
    # Rounding may turn next to nothing into a whole step.
    would_have_risen = (drop - step) * n**2 / (4 * (n + 1))
    return int((would_have_risen > 2 * step).sum())


def _is_coarse(samples: NDArray[np.float32]) -> bool:
    """Whether all values are those of 8-bit sound."""
    steps = samples / np.float32(_COARSE_STEP)
    return bool((steps == np.round(steps)).all())


def _digest(samples: NDArray[np.float32]) -> str:
    sounding = np.flatnonzero(samples)
    return hashlib.sha256(samples[sounding[0] : sounding[-1] + 1].tobytes()).hexdigest() if len(sounding) else ""


def waveform_agreement(a: NDArray[np.float32], b: NDArray[np.float32], shift: int, slack: int) -> float:
    """The largest correlation (0 to 1, either polarity) of two sounds of which `a` lags by `shift` samples, give or
    take `slack`, over the 8 s of their overlap in which the softer one is loudest."""
    a, b = a[max(0, shift) :], b[max(0, -shift) :]
    n = min(len(a), len(b))
    begin, end = _loudest_stretch((a[:n], b[:n]), 8 * SAMPLE_RATE)
    x, y = a[begin:end].astype(np.float64), b[begin:end].astype(np.float64)
    size = 1 << (len(x) + slack).bit_length()
    correlation = np.fft.irfft(np.fft.rfft(x, size) * np.conj(np.fft.rfft(y, size)), size)
    near = np.concatenate([correlation[: slack + 1], correlation[-slack:]])
    power = float(np.sqrt(np.vdot(x, x) * np.vdot(y, y)))
    return float(np.abs(near).max()) / power if power > 0 else 0.0


def _loudest_stretch(sounds: Sequence[NDArray[np.float32]], length: int) -> tuple[int, int]:
    n = len(sounds[0])
    if n <= length:
        return 0, n
    softer = np.minimum(*(np.square(sound, dtype=np.float64) for sound in sounds))
    so_far = np.concatenate([[0.0], np.cumsum(softer)])
    begin = int(np.argmax(so_far[length:] - so_far[:-length]))
    return begin, begin + length
