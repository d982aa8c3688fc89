"""Finds duplicates among many clips: the same sound, or the same recording in another form.

Fingerprints propose pairs, waveforms decide: two takes of one word may have similar fingerprints, but their waveforms
never agree for long. Duplicates are found after lossy encoding, resampling, a change of level or polarity, with some
noise, and cut elsewhere with more than about half in common; not at another speed or pitch.
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
from training.data_check.fingerprints import HOP, Match, find_matches

# Fewer bits prove less: short voiced sounds of one speaker agree by accident. (bits compared, agreement required)
_REQUIRED_AGREEMENT = ((400, 0.6), (100, 0.85), (0, 0.97))
_SLACK_SAMPLES = 2 * HOP
_CLIPS_IN_MEMORY = 16


@dataclass(frozen=True, slots=True)
class DuplicateGroup:
    """Clips that are the same sound."""

    clips: tuple[int, ...]
    """Their indices, ascending."""
    is_exact: bool
    """Whether they have the same samples; otherwise they are from the same recording."""


def find_duplicates(
    paths: Sequence[Path],
    surveys: Sequence[ClipSurvey | None],
    report: Callable[[int, int], None],
    parts: Sequence[Part] = (),
) -> list[DuplicateGroup]:
    """All groups of duplicates among the clips, exact ones first. A survey is None where a clip could not be read.

    Of exact duplicates the first one stands for all when recordings are compared; a group of one recording has its
    exact duplicates too. report: called with the number of candidate pairs done and of all. parts: of the files, none
    for whole ones.
    """
    by_digest: dict[str, list[int]] = {}
    for i, survey in enumerate(surveys):
        if survey is not None and survey.digest:
            by_digest.setdefault(survey.digest, []).append(i)
    exact = [DuplicateGroup(tuple(clips), is_exact=True) for clips in by_digest.values() if len(clips) > 1]
    exact_duplicates = {clips[0]: clips for clips in by_digest.values()}
    sounds = list(zip(paths, parts or [WHOLE] * len(paths), strict=True))
    pairs = _pairs_of_one_recording(sounds, surveys, list(exact_duplicates), report)
    recordings = [sorted(i for first in group for i in exact_duplicates[first]) for group in _connected(pairs)]
    return exact + [DuplicateGroup(tuple(clips), is_exact=False) for clips in recordings]


def _pairs_of_one_recording(
    sounds: Sequence[tuple[Path, Part]],
    surveys: Sequence[ClipSurvey | None],
    different: Sequence[int],
    report: Callable[[int, int], None],
) -> Iterator[tuple[int, int]]:
    fingerprints = [survey.fingerprint for i in different if (survey := surveys[i]) is not None]
    found = find_matches(fingerprints)
    sound_of = lru_cache(_CLIPS_IN_MEMORY)(lambda i: decode(*sounds[different[i]]).resampled)

    def is_one_recording(pair: Match) -> bool:
        try:
            first, second = sound_of(pair.first), sound_of(pair.second)
        except UserError:
            return False  # the file vanished after the survey
        except Exception as error:
            unforeseen(sounds[different[pair.first]][0], "compared", error)
            return False
        required = next(agreement for bits, agreement in _REQUIRED_AGREEMENT if pair.n_bits >= bits)
        return waveform_agreement(first, second, pair.shift * HOP, _SLACK_SAMPLES) >= required

    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for done, (pair, is_confirmed) in enumerate(zip(found, pool.map(is_one_recording, found), strict=True), 1):
            report(done, len(found))
            if is_confirmed:
                yield different[pair.first], different[pair.second]


def _connected(pairs: Iterable[tuple[int, int]]) -> list[list[int]]:
    """The connected components of a graph, each ascending, in the order of their first members."""
    leader: dict[int, int] = {}
    for pair in pairs:
        low, high = sorted(_root(leader, clip) for clip in pair)
        leader[high] = low
    members: dict[int, list[int]] = {}
    for i in sorted(leader.keys() | set(leader.values())):
        members.setdefault(_root(leader, i), []).append(i)
    return [members[root] for root in sorted(members)]


def _root(leader: Mapping[int, int], i: int) -> int:
    while leader.get(i, i) != i:
        i = leader[i]
    return i
