"""The taggers that are compared: Soundmark's live view, a window of 10 s alone, and YAMNet."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from benchmarks.listening.scenes import Scene
from benchmarks.listening.senses import Ontology, senses_of
from benchmarks.listening.shown import ShownScores, ShownTag
from benchmarks.listening.yamnet import Yamnet
from core.audio.log_mel import LogMel
from core.errors import UserError
from core.inference.tagger import Tagger, load_tagger
from core.labels import LabelSet

_MAIN = Path(__file__).resolve().parents[2] / "main.py"
WINDOW_FRAMES, FIRST_FRAMES, HOP_FRAMES = 1024, 100, 50
"""The window of 10.24 s, what it begins with, and its hop of half a second."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What a tagger showed during a scene. scores: for figures without a threshold."""

    tags: list[ShownTag]
    scores: ShownScores


class System(Protocol):
    """Something that listens to scenes; its readings have names, as one run may be read in several ways."""

    def hear(self, scene: Scene, path: Path) -> Mapping[str, Heard]:
        """Listen to a scene, whose sound is in the file `path`."""
        ...


class LiveView:
    """Soundmark's live path: `soundmark listen --fast`, its events at the model's own thresholds."""

    def __init__(self, model: str, ontology: Ontology) -> None:
        self._model, self._ontology = model, ontology
        self._tagger = load_tagger(model)

    def hear(self, scene: Scene, path: Path) -> Mapping[str, Heard]:
        words = ["listen", "--input", str(path), "--fast", "--format", "jsonl", "--model", self._model]
        done = subprocess.run([sys.executable, str(_MAIN), *words], capture_output=True, text=True, check=False)
        if done.returncode:
            raise UserError(f"`soundmark listen` failed: {done.stderr.strip()}", "Try it by hand.")
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        senses = senses_of(self._tagger.labels, self._ontology)
        return {
            f"{_named(self._model, self._tagger)}, live": heard_of_lines(
                lines, self._tagger.labels, senses, scene.duration_s
            )
        }


def heard_of_lines(
    lines: Iterable[Mapping[str, Any]], labels: LabelSet, senses: tuple[str, ...], end_s: float
) -> Heard:
    """Tags from the event lines of `listen --format jsonl`, scores from its window lines, which name the highest
    labels alone: the others count as 0."""
    place = {label.id: label.index for label in labels}
    shown_s: dict[int, float] = {}
    tags, times_s, rows = [], [], []
    for line in lines:
        if line["type"] == "window":
            times_s.append(float(line["end_s"]))
            rows.append({place[score["label"]]: float(score["p"]) for score in line["scores"]})
        elif line["type"] == "event" and line["state"] == "started":
            shown_s[line["id"]] = float(line["at_s"])
        elif line["type"] == "event":
            began_s = shown_s.pop(line["id"], float(line["at_s"]))
            tags.append(ShownTag(senses[place[line["label"]]], began_s, float(line["at_s"])))
    if shown_s:
        raise UserError(f"{len(shown_s)} events never ended.", "A stream ends its events; this is a fault.")
    probabilities = np.zeros((len(rows), len(labels)), np.float32)
    for row, scores in zip(probabilities, rows, strict=True):
        row[list(scores)] = list(scores.values())
    return Heard(
        sorted(tags, key=lambda tag: tag.shown_s), ShownScores(probabilities, np.array(times_s), senses, end_s)
    )


class WindowAlone:
    """How it was before frames were used: the clip head over the newest 10.24 s, at the model's thresholds."""

    def __init__(self, model: str, ontology: Ontology) -> None:
        self._tagger = load_tagger(model)
        self._name = _named(model, self._tagger)
        self._senses = senses_of(self._tagger.labels, ontology)

    def hear(self, scene: Scene, path: Path) -> Mapping[str, Heard]:
        del path
        scores = sliding_windows(self._tagger, scene, self._senses)
        return {f"{self._name}, 10 s window": Heard(scores.tags(self._tagger.thresholds), scores)}


def _named(model: str, tagger: Tagger) -> str:
    """The model's name, with its folder's where one was given: two checkpoints may have the same name."""
    return f"{tagger.name} ({Path(model).name})" if Path(model).exists() else tagger.name


def sliding_windows(tagger: Tagger, scene: Scene, senses: tuple[str, ...]) -> ShownScores:
    """The clip head's scores of windows that end every half second."""
    frames = LogMel(tagger.log_mel)(scene.samples)
    ends = range(FIRST_FRAMES, len(frames) + 1, HOP_FRAMES)
    rows = [tagger.tag(frames[max(0, end - WINDOW_FRAMES) : end]).probabilities for end in ends]
    return ShownScores(np.stack(rows), np.array(ends) / 100, senses, scene.duration_s)


class YamnetAt:
    """YAMNet, read with each of the thresholds, by the name of the reading."""

    def __init__(self, yamnet: Yamnet, thresholds: Mapping[str, float]) -> None:
        self._yamnet, self._thresholds = yamnet, thresholds

    def hear(self, scene: Scene, path: Path) -> Mapping[str, Heard]:
        del path
        scores = self._yamnet.listen(scene.samples)
        return {name: Heard(scores.tags(threshold), scores) for name, threshold in self._thresholds.items()}
