"""Chooses each label's threshold for the live view, on scenes mixed of validation clips."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from core.audio.frame_rate import FRAMES_PER_SECOND
from core.audio.log_mel import LogMel, LogMelConfig
from core.inference.events import Event, find_events, rules_for_rows
from core.inference.frame_rows import resample_columns, rows_of
from core.inference.live_view import LiveView
from core.model.networks.spectrogram_transformer import AudioSpectrogramTransformer
from core.model.networks.token_grid import column_times_s
from training.batches.seeding import seed_of
from training.config.augmentation import AugmentationSettings
from training.config.scenes import SceneSettings
from training.scenes.activity import SILENT, SOUNDING, UNSURE
from training.scenes.batches import SceneClips, label_states
from training.scenes.mixing import Scene
from training.scenes.patch_scores import HEARD_FROM
from training.scenes.yamnet import HOP_S, PATCH_S, Yamnet

GRID = (*np.arange(0.1, 0.95, 0.05).round(2).tolist(), 0.95, 0.97, 0.99)
"""Thresholds that are tried."""
SCENE_S, N_SCENES = 40.0, 90
ROOM = SceneSettings(
    scenes=N_SCENES,
    sounds_per_10s=1.2,
    single_share=0.0,
    empty_share=0.2,
    highest_peak_db=-6.0,
    lowest_peak_db=-30.0,
    highest_floor_db=-45.0,
    lowest_floor_db=-75.0,
    reverb_share=0.3,
)
"""A room: now and then a sound over a quiet floor, and every fifth scene nothing."""
FLOOR = replace(ROOM, empty_share=0.999, highest_floor_db=-40.0, lowest_floor_db=-75.0)
N_FLOORS = 45
"""Scenes of nothing but a floor, up to that of a noisy room."""
_PRIOR_SOUNDS = 30.0
"""See `choose_thresholds`."""
_MOST_ALARMS_AN_HOUR = 1.0
"""Of one label; a threshold that gives more is raised."""
_PRECISION_COUNTS = 2.0
"""Precision counts so many times as much as recall (beta² = 1 / 2): a wrong tag is worse than a missed one. On scenes
of validation clips that the thresholds were not fitted on, this makes 85 % of the starter's tags right."""
_SLACK_S = 0.5
"""An event may begin so long before its sound and end so long after it."""
_IN_TIME_S = 2.0
"""A sound is found if its label reaches the threshold so soon after the onset: who listens live waits no longer."""
_DOUBTED_FROM = 0.1
"""From this score on a teacher does not say that a class is absent."""
_WINDOWS_A_BATCH = 32


@dataclass(frozen=True, slots=True)
class LiveCounts:
    """What came of each threshold of GRID for each label, `(thresholds, labels)` each, and of the scenes themselves."""

    right: NDArray[np.int64]
    """Events during which the label sounds."""
    wrong: NDArray[np.int64]
    """Events during which it is silent; where nobody knows, an event counts as neither."""
    found: NDArray[np.int64]
    """Sounds whose label reaches the threshold in time."""
    n_sounds: NDArray[np.int64]
    """`(labels,)`."""
    on_floor: NDArray[np.int64]
    """Events in scenes of nothing but a floor."""
    hours: float
    """Of scenes with sounds."""


def choose_thresholds(counts: LiveCounts) -> NDArray[np.float32]:
    """A threshold for each label, `(labels,)`: the one of best F score, raised where it gives more than one false alarm
    an hour, or any on a floor.

    A label's own figures count beside those of all labels, as if it had had _PRIOR_SOUNDS more sounds that went like
    theirs: a few sounds say little, and a label without any gets the threshold that is best for all.
    """
    grid = np.asarray(GRID, np.float32)
    right, wrong, found, n_sounds = counts.right, counts.wrong, counts.found, counts.n_sounds
    share = _PRIOR_SOUNDS / max(1, int(n_sounds.sum()))
    right, wrong, found = (part + share * part.sum(axis=1, keepdims=True) for part in (right, wrong, found))
    sounds = n_sounds.astype(np.float64) + _PRIOR_SOUNDS
    chosen = _f_scores(right, wrong, found, sounds).argmax(axis=0)
    is_quiet = (counts.wrong <= _MOST_ALARMS_AN_HOUR * counts.hours) & (counts.on_floor == 0)
    first_quiet = np.where(is_quiet.any(axis=0), is_quiet.argmax(axis=0), len(grid) - 1)
    return grid[np.maximum(chosen, first_quiet)]


def _f_scores(
    right: NDArray[np.float64], wrong: NDArray[np.float64], found: NDArray[np.float64], n_sounds: NDArray[np.float64]
) -> NDArray[np.float64]:
    precision = right / np.maximum(1e-9, right + wrong)
    recall = found / n_sounds
    share = 1 / _PRECISION_COUNTS
    return (1 + share) * precision * recall / np.maximum(1e-9, share * precision + recall)


def count_events(
    network: AudioSpectrogramTransformer,
    log_mel: LogMelConfig,
    clips: SceneClips,
    view: LiveView,
    taught: tuple[Yamnet, NDArray[np.int64], NDArray[np.int64]] | None,
    seed: int,
) -> LiveCounts:
    """Listen to N_SCENES scenes as the live view does, at every threshold of GRID.

    taught: a teacher that says what sounds where labels do not: itself, the labels that it knows, its classes for them.
    """
    n_labels = clips.targets.shape[1]
    shape = (len(GRID), n_labels)
    right, wrong, found = np.zeros(shape, np.int64), np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    n_sounds = np.zeros(n_labels, np.int64)
    on_floor = np.zeros(shape, np.int64)
    for scene in _scenes(clips, seed, FLOOR, N_FLOORS):
        for place, events in enumerate(_events(*live_curve(network, log_mel, scene.samples, view), view)):
            on_floor[place] += np.bincount([event.label for event in events], minlength=n_labels)
    for scene in _scenes(clips, seed, ROOM, N_SCENES):
        truth = _truth(scene, clips, taught)
        curve, stops_s = live_curve(network, log_mel, scene.samples, view)
        for place, events in enumerate(_events(curve, stops_s, view)):
            _judge(events, truth, (right[place], wrong[place]))
        # Of what began before the first window, nobody can say when it would have been found.
        for sound in (sound for sound in _sounds_in(truth) if sound.onset_s >= stops_s[0]):
            n_sounds[sound.label] += 1
            found[:, sound.label] += np.asarray(GRID) <= _peak_in_time(curve[:, sound.label], stops_s, sound)
    return LiveCounts(right, wrong, found, n_sounds, on_floor, N_SCENES * SCENE_S / 3600)


def _events(curve: NDArray[np.float32], stops_s: NDArray[np.float64], view: LiveView) -> Iterator[list[Event]]:
    """The events of a scene at each threshold of GRID."""
    for threshold in GRID:
        rules = replace(view, starts_from=threshold).rules(np.zeros(curve.shape[1], np.float32))
        yield find_events(curve, stops_s - view.hop_s, stops_s, rules)


def _scenes(clips: SceneClips, seed: int, room: SceneSettings, n_scenes: int) -> Iterator[Scene]:
    mixer = clips.mixer(room, AugmentationSettings(tilt_db=4.0, lowpass=0.1))
    for number in range(n_scenes):
        yield mixer.mix(
            round(SCENE_S * clips.sample_rate), np.random.default_rng(seed_of(seed, "live scene", n_scenes, number))
        )


@torch.inference_mode()
def live_curve(
    network: AudioSpectrogramTransformer, log_mel: LogMelConfig, samples: NDArray[np.float32], view: LiveView
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """What the live view shows, `(n, labels)`, and when, seconds `(n,)`: the maximum over the newest rows of windows
    that end every hop, from the first whole window on."""
    frames = log_mel.normalise(LogMel(log_mel)(samples))
    ends = np.arange(view.context, len(frames) + 1, view.hop)
    times_s = column_times_s(network.config, view.context)
    rows = rows_of(0, view.context)
    curve: list[NDArray[np.float32]] = []
    for first in range(0, len(ends), _WINDOWS_A_BATCH):
        windows = np.stack([frames[end - view.context : end] for end in ends[first : first + _WINDOWS_A_BATCH]])
        for columns in network.frame_logits(torch.from_numpy(windows)).sigmoid().numpy():
            scores = resample_columns(columns, times_s, rows)
            curve.append(view.newest_of(scores, view.context))
    return np.stack(curve), ends / FRAMES_PER_SECOND


def _truth(
    scene: Scene, clips: SceneClips, taught: tuple[Yamnet, NDArray[np.int64], NDArray[np.int64]] | None
) -> NDArray[np.int8]:
    """The state of every label every 100 ms, `(n, labels)`."""
    n = len(scene.samples) // (clips.sample_rate // 10)
    states = label_states(scene, clips, (np.arange(n) + 0.5) / 10, FRAMES_PER_SECOND // 10)
    if taught is None:
        return states
    teacher, labels, classes = taught
    scores = teacher.hear(scene.samples).scores[:, classes]
    highest = np.zeros((n, len(labels)), np.float32)
    for patch, row in enumerate(scores):
        inside = slice(round(10 * patch * HOP_S), round(10 * (patch * HOP_S + PATCH_S)))
        highest[inside] = np.maximum(highest[inside], row)
    theirs = np.full(highest.shape, UNSURE, np.int8)
    theirs[highest >= HEARD_FROM] = SOUNDING
    theirs[highest < _DOUBTED_FROM] = SILENT
    # What a clip is known to hold or to lack stays; only where nobody says does the teacher.
    states[:, labels] = np.where(states[:, labels] == UNSURE, theirs, states[:, labels])
    return states


def _sounds_in(truth: NDArray[np.int8]) -> list[Event]:
    """Every stretch of rows of 100 ms in which a label sounds."""
    starts_s = np.arange(len(truth), dtype=np.float64) / 10
    sounding = (truth == SOUNDING).astype(np.float32)
    return find_events(sounding, starts_s, starts_s + 0.1, rules_for_rows(truth.shape[1]))


def _judge(events: list[Event], truth: NDArray[np.int8], counts: tuple[NDArray[np.int64], NDArray[np.int64]]) -> None:
    right, wrong = counts
    for event in events:
        first = max(0, int(10 * (event.onset_s - _SLACK_S)))
        states = truth[first : int(10 * (event.offset_s + _SLACK_S)) + 1, event.label]
        if (states == SOUNDING).any():
            right[event.label] += 1
        elif (states == SILENT).all():
            wrong[event.label] += 1


def _peak_in_time(curve: NDArray[np.float32], stops_s: NDArray[np.float64], sound: Event) -> float:
    """The highest that a label's curve `(n,)` comes while its sound is new."""
    until_s = min(sound.offset_s + _SLACK_S, sound.onset_s + _IN_TIME_S)
    is_in_time = (stops_s > sound.onset_s - _SLACK_S) & (stops_s <= until_s)
    return float(curve[is_in_time].max(initial=0.0))
