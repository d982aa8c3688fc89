"""Which of many clips are copies of each other: the same sound, or the same recording in another shape.

Fingerprints name the pairs; their waveforms decide. Two takes of one word may have the fingerprint of one recording,
their waveforms never agree for long. Found are copies that were encoded, resampled, turned up or down, inverted, mixed
with some noise, or cut elsewhere with more than about half in common; not those at another speed or pitch.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from core.errors import UserError
from core.unforeseen import unforeseen
from training.data.layouts.clip_parts import WHOLE, Part
from training.data_check.clip_survey import ClipSurvey, decode, waveform_agreement
from training.data_check.fingerprints import HOP, Likeness, likenesses

# Fewer bits prove less: short voiced sounds of one speaker agree by chance. (bits compared, agreement wanted)
_AGREEMENT_WANTED = ((400, 0.6), (100, 0.85), (0, 0.97))
_SLACK = 2 * HOP
_CLIPS_KEPT = 16


@dataclass(frozen=True, slots=True)
class Copies:
    """Clips (their indices, rising) that are one sound. is_exact: the same samples; else the same recording."""

    clips: tuple[int, ...]
    is_exact: bool


def find_copies(
    paths: Sequence[Path],
    surveys: Sequence[ClipSurvey | None],
    report: Callable[[int, int], None],
    parts: Sequence[Part] = (),
) -> list[Copies]:
    """All copies among clips, exact ones first. A survey is None where a clip could not be read.

    A clip with exact copies stands for them when others are compared with it; a recording's near copies are told once,
    with the exact ones among them. report: candidate pairs done and of all. parts: of the files, none for whole ones.
    """
    by_digest: dict[str, list[int]] = {}
    for i, one in enumerate(surveys):
        if one is not None and one.digest:
            by_digest.setdefault(one.digest, []).append(i)
    exact = [Copies(tuple(clips), is_exact=True) for clips in by_digest.values() if len(clips) > 1]
    same = {clips[0]: clips for clips in by_digest.values()}
    sounds = list(zip(paths, parts or [WHOLE] * len(paths), strict=True))
    alike = _near_pairs(sounds, surveys, list(same), report)
    return exact + [
        Copies(tuple(sorted(i for one in group for i in same[one])), is_exact=False) for group in _connected(alike)
    ]


def _near_pairs(
    sounds: Sequence[tuple[Path, Part]],
    surveys: Sequence[ClipSurvey | None],
    different: Sequence[int],
    report: Callable[[int, int], None],
) -> Iterator[tuple[int, int]]:
    fingerprints = [one.fingerprint for i in different if (one := surveys[i]) is not None]
    found = likenesses(fingerprints)
    sound_of = lru_cache(_CLIPS_KEPT)(lambda i: decode(*sounds[different[i]]).resampled)

    def is_copy(pair: Likeness) -> bool:
        try:
            one, other = sound_of(pair.first), sound_of(pair.second)
        except UserError:
            return False  # it went away after the survey
        except Exception as error:
            unforeseen(sounds[different[pair.first]][0], "compared", error)
            return False
        wanted = next(agreement for bits, agreement in _AGREEMENT_WANTED if pair.n_bits >= bits)
        return waveform_agreement(one, other, pair.shift * HOP, _SLACK) >= wanted

    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for done, (pair, copied) in enumerate(zip(found, pool.map(is_copy, found), strict=True), 1):
            report(done, len(found))
            if copied:
                yield different[pair.first], different[pair.second]


def _connected(pairs: Iterable[tuple[int, int]]) -> list[list[int]]:
    """The connected sets of a graph, each rising, in the order of their first members."""
    leader: dict[int, int] = {}
    for one, other in pairs:
        low, high = sorted((_root(leader, one), _root(leader, other)))
        leader[high] = low
    members: dict[int, list[int]] = {}
    for i in sorted(leader.keys() | set(leader.values())):
        members.setdefault(_root(leader, i), []).append(i)
    return [members[root] for root in sorted(members)]


def _root(leader: Mapping[int, int], i: int) -> int:
    while leader.get(i, i) != i:
        i = leader[i]
    return i
