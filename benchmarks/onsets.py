"""Measures how well a frame head finds onsets and offsets: held-out clips in soft noise at known times.

    uv run --no-sync benchmarks/onsets.py --data ESC-50 [--fold 5] [--model starter] [--merge auto] [--clips 120]

The part of a clip around its loudest moment, at most three seconds, starts at a random time in 15 s of pink noise that
is 25 dB softer. A sound is detected if an event of its label, as of `soundmark tag --frames`, overlaps it. The truth is
where the part was inserted: the audible onset of a sound that swells slowly is later.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from core.audio.decoding.decode import read_clip
from core.audio.demo.waveforms import shaped, unit_rms
from core.inference.events import Event, EventTracker, ended_events, rules_for_rows
from core.inference.frame_tagging import tag_file_frames
from core.inference.tagger import Tagger, load_tagger
from training.data.manifest import LabelledClip, read_manifest

SAMPLE_RATE = 16_000
SCENE_S, LONGEST_S, EARLIEST_S = 15.0, 3.0, 2.0
BED_DB = -25.0
FLOOR_DB = -30.0
"""Below the loudest 50 ms of a clip; what is softer does not count as sound."""
STEP = SAMPLE_RATE // 20


@dataclass(frozen=True, slots=True)
class Detection:
    """How one sound was detected."""

    onset_s: float | None
    """Seconds by which the onset is late; None if it was not detected."""
    offset_s: float | None
    """Seconds by which the offset is late; None if it was not detected."""
    n_others: int
    """Events with other labels or at other times."""


def main() -> None:
    """Measure, and print the figures."""
    options = _options()
    tagger = load_tagger(options.model, merge=options.merge)
    tagger.require_frame_head()
    manifest = read_manifest(options.data)
    known = {label.id: label.index for label in tagger.labels}
    place = {label.index: known[label.id] for label in manifest.labels if label.id in known}
    clips = [clip for clip in manifest.clips if clip.fold == options.fold and clip.labels[0] in place]
    rng = np.random.default_rng(options.seed)
    chosen = [clips[i] for i in rng.permutation(len(clips))]
    results = list(islice(_measure(chosen, tagger, place, rng), options.clips))
    detected = [result for result in results if result.onset_s is not None and result.offset_s is not None]
    onsets = np.array([detection.onset_s for detection in detected])
    offsets = np.array([detection.offset_s for detection in detected])
    figures = {
        "model": tagger.name,
        "merge": options.merge,
        "sounds": len(results),
        "detected": len(detected),
        "onset_error_s": _spread(onsets),
        "offset_error_s": _spread(offsets),
        "other_events_per_scene": round(sum(result.n_others for result in results) / len(results), 2),
    }
    print(json.dumps(figures, indent=1))


def _spread(errors_s: NDArray[np.float64]) -> dict[str, float]:
    if not len(errors_s):
        return {}
    quarters = np.percentile(errors_s, [25, 50, 75])
    size = float(np.median(np.abs(errors_s)))
    return dict(zip(("lower_quarter", "median", "upper_quarter"), quarters.round(2).tolist(), strict=True), size=size)


def _measure(
    clips: list[LabelledClip], tagger: Tagger, place: dict[int, int], rng: np.random.Generator
) -> Iterator[Detection]:
    """Yield a result for each clip that is not silent."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scene.wav"
        for clip in clips:
            sound = _loudest_part(read_clip(clip.path))
            if sound is None:
                continue
            start_s = float(rng.uniform(EARLIEST_S, SCENE_S - LONGEST_S - EARLIEST_S))
            soundfile.write(path, _scene(sound, start_s, rng), SAMPLE_RATE, subtype="FLOAT")
            tracker = EventTracker(rules_for_rows(len(tagger.labels)))
            changes = [change for rows in tag_file_frames(path, tagger) for change in tracker.push(rows)]
            yield _compare(
                ended_events(changes + tracker.finish()), place[clip.labels[0]], start_s, len(sound) / SAMPLE_RATE
            )


def _loudest_part(clip: NDArray[np.float32]) -> NDArray[np.float32] | None:
    """The sound around the loudest moment of a clip, from its beginning to its end, at most LONGEST_S; None for
    silence."""
    steps = clip[: len(clip) // STEP * STEP].reshape(-1, STEP)
    level = np.sqrt((steps.astype(np.float64) ** 2).mean(axis=1))
    if not len(level) or level.max() < 1e-4:
        return None
    sounds = level >= level.max() * 10 ** (FLOOR_DB / 20)
    loudest = int(level.argmax())
    silent = np.flatnonzero(~sounds)
    first = int(silent[silent < loudest].max(initial=-1)) + 1
    after = silent[silent > loudest]
    last = int(after.min()) if len(after) else len(sounds)
    return clip[first * STEP : min(last * STEP, first * STEP + round(LONGEST_S * SAMPLE_RATE))]


def _scene(sound: NDArray[np.float32], start_s: float, rng: np.random.Generator) -> NDArray[np.float32]:
    noise = shaped(rng.standard_normal(round(SCENE_S * SAMPLE_RATE)), lambda hz: 1 / np.sqrt(np.maximum(hz, 30.0)))
    scene = unit_rms(noise) * 10 ** (BED_DB / 20)
    start = round(start_s * SAMPLE_RATE)
    scene[start : start + len(sound)] += unit_rms(sound.astype(np.float64))
    return (scene / np.abs(scene).max() * 0.5).astype(np.float32)


def _compare(events: list[Event], label: int, start_s: float, length_s: float) -> Detection:
    end_s = start_s + length_s
    right = [event for event in events if event.label == label and event.onset_s < end_s and event.offset_s > start_s]
    if not right:
        return Detection(None, None, len(events))
    onset_s, offset_s = min(event.onset_s for event in right), max(event.offset_s for event in right)
    return Detection(onset_s - start_s, offset_s - end_s, len(events) - len(right))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measures how well a frame head finds onsets and offsets.")
    parser.add_argument("--data", type=Path, required=True, metavar="ESC-50")
    parser.add_argument("--fold", default="5")
    parser.add_argument("--model", default="starter")
    parser.add_argument("--merge", default="auto")
    parser.add_argument("--clips", type=int, default=120)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    main()
