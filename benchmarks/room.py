"""How well a tagger hears in a room: sounds at known times in a room's noise, through the live path.

    uv run --no-sync benchmarks/room.py --data DATA --yamnet YAMNET [--setting plain] [--model starter] [--out FILE]

DATA holds folders of clips: `esc50`, whose test fold sounds, `room_tone_quiet` and `household_noise` for the background
without any sound, and AudioSet's `audioset_ontology/ontology.json`. YAMNET holds `yamnet.tflite` and its class map.
A tag is right if its label is the sound's, a synonym or child of it in AudioSet's ontology, or (for precision alone) a
name above it, and if it appeared between 0.5 s before the onset and 1.5 s after the offset. YAMNet's threshold is the
one of best F1 on scenes of the validation fold; a model's own thresholds are those that it ships with.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.listening.material import backgrounds, clips_of, scenes
from benchmarks.listening.scenes import SETTINGS, Scene
from benchmarks.listening.score_tables import Evaluation, load_sed_scores_eval, table_of_curve
from benchmarks.listening.scoring import Tally, false_alarms
from benchmarks.listening.senses import Ontology, RightSenses, background_senses, right_senses
from benchmarks.listening.systems import Heard, LiveView, System, WindowAlone, YamnetAt
from benchmarks.listening.yamnet import Yamnet
from core.cli.terminal.streams import print_error
from core.errors import UserError

YAMNET_GRID = tuple(np.arange(0.05, 0.96, 0.05).round(2).tolist())


@dataclass(slots=True)
class Reading:
    """What one way of reading one tagger comes to."""

    tally: Tally
    evaluation: Evaluation
    alarms: Counter[str] = field(default_factory=Counter)

    def figures(self, background_hours: float, at_stake: frozenset[str]) -> dict[str, Any]:
        """All figures of a row."""
        figures = self.tally.figures() | self.evaluation.psds()
        if not background_hours:
            return figures
        n_at_stake = sum(n for sense, n in self.alarms.items() if sense in at_stake)
        return figures | {
            "false_alarms_an_hour": round(self.alarms.total() / background_hours, 1),
            "false_alarms_an_hour_at_stake": round(n_at_stake / background_hours, 1),
            "false_alarms_by_label": dict(self.alarms.most_common(10)),
        }


def main() -> int:
    """Measure, print the table, and keep all figures in --out."""
    options = _options()
    try:
        benchmark = Benchmark(options)
        for result in benchmark.run():
            if options.out is not None:
                options.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    except UserError as error:
        print_error(error)
        return 1
    print("\n".join(table_lines(benchmark.result()["readings"])))
    return 0


class Benchmark:
    """Scenes, the taggers that hear them, and what each reading has come to. Raises UserError."""

    def __init__(self, options: argparse.Namespace) -> None:
        load_sed_scores_eval()  # before anything takes minutes
        self._options = options
        ontology = Ontology.read(options.data / "audioset_ontology" / "ontology.json")
        self._clips = clips_of(options.data / "esc50", options.fold, SETTINGS[options.setting])
        self._labels = sorted({label for label, _ in self._clips})
        self._right = {label: right_senses(ontology, label) for label in self._labels}
        self._no_alarms = background_senses(ontology)
        self._systems = list(_systems(options, ontology, self._right))
        self._readings: dict[str, Reading] = {}
        self._minutes, self._background_minutes = 0.0, 0.0

    def run(self) -> Iterator[dict[str, Any]]:
        """Hear everything; the figures so far after each scene, so that a run that is stopped was not for nothing."""
        options = self._options
        for scene in scenes(self._clips, SETTINGS[options.setting], options.minutes, options.seed):
            for name, heard in self._hear(scene):
                self._add_scene(name, heard, scene)
            self._minutes += scene.duration_s / 60
            yield self.result()
        for scene in backgrounds(options.data, options.background_minutes, options.seed):
            for name, heard in self._hear(scene):
                self._reading(name).alarms += false_alarms(heard.tags, self._no_alarms)
            self._background_minutes += scene.duration_s / 60
            yield self.result()

    def result(self) -> dict[str, Any]:
        """All figures of all readings so far, and what they were taken with."""
        at_stake = frozenset(sense for senses in self._right.values() for sense in senses.names)
        hours = self._background_minutes / 60
        return {
            "setting": self._options.setting,
            "fold": self._options.fold,
            "seed": self._options.seed,
            "minutes": round(self._minutes, 2),
            "background_minutes": round(self._background_minutes, 2),
            "readings": {name: reading.figures(hours, at_stake) for name, reading in self._readings.items()},
        }

    def _hear(self, scene: Scene) -> Iterator[tuple[str, Heard]]:
        print(f"{len(scene.sounds)} sounds in {scene.duration_s:.0f} s", file=sys.stderr, flush=True)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "scene.wav"
            scene.write(path)
            for system in self._systems:
                yield from system.hear(scene, path).items()

    def _reading(self, name: str) -> Reading:
        return self._readings.setdefault(name, Reading(Tally(), Evaluation(self._labels)))

    def _add_scene(self, name: str, heard: Heard, scene: Scene) -> None:
        reading = self._reading(name)
        reading.tally.add(heard.tags, scene.sounds, self._right)
        curve = heard.scores.of_classes([self._right[label].names for label in self._labels])
        reading.evaluation.add(table_of_curve(curve, heard.scores.times_s, scene.duration_s), scene.sounds)


def _systems(options: argparse.Namespace, ontology: Ontology, right: Mapping[str, RightSenses]) -> Iterator[System]:
    for model in options.model or ["starter"]:
        if "live" in options.systems:
            yield LiveView(model, ontology)
        if "window" in options.systems:
            yield WindowAlone(model, ontology)
    if "yamnet" in options.systems:
        if options.yamnet is None:
            raise UserError("YAMNet needs its files.", "Give their folder as --yamnet, or --systems without it.")
        yamnet = Yamnet(options.yamnet, ontology)
        fitted = fitted_threshold(yamnet, options, right)
        yield YamnetAt(yamnet, {f"YAMNet, fitted threshold {fitted:g}": fitted, "YAMNet, threshold 0.3": 0.3})


def fitted_threshold(yamnet: Yamnet, options: argparse.Namespace, right: Mapping[str, RightSenses]) -> float:
    """The threshold of best F1 on scenes of the validation fold."""
    setting = SETTINGS[options.setting]
    clips = clips_of(options.data / "esc50", options.validation_fold, setting)
    tallies = {threshold: Tally() for threshold in YAMNET_GRID}
    for scene in scenes(clips, setting, options.validation_minutes, options.seed):
        scores = yamnet.listen(scene.samples)
        for threshold, tally in tallies.items():
            tally.add(scores.tags(threshold), scene.sounds, right)
    return max(tallies, key=lambda threshold: tallies[threshold].f1())


def table_lines(readings: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The table in Markdown, a row a reading."""
    head = (
        "| tagger | recall | precision, all labels | of the classes | first tag, s: median, 95 % | release, s: median, "
        "95 % | false alarms an hour, all labels | of the classes | PSDS1 | PSDS2 |"
    )
    rows = [_row(name, figures) for name, figures in readings.items()]
    return [head, "|---" * 10 + "|", *rows]


def _row(name: str, figures: Mapping[str, Any]) -> str:
    shares = [figures[key] for key in ("recall", "precision", "precision_at_stake")]
    spans = [figures[key] for key in ("first_tag_s", "release_s")]
    alarms = [figures.get(key) for key in ("false_alarms_an_hour", "false_alarms_an_hour_at_stake")]
    words = ["–" if share is None else f"{share:.2f}" for share in shares]
    words += ["–" if span is None else f"{span[0]:.1f}, {span[1]:.1f}" for span in spans]
    words += ["–" if alarm is None else f"{alarm:.0f}" for alarm in alarms]
    words += [f"{figures[key]:.3f}" for key in ("psds1", "psds2")]
    return f"| {name} | " + " | ".join(words) + " |"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="How well a tagger hears in a room.")
    parser.add_argument("--data", type=Path, required=True, help="a folder of folders of clips, and the ontology")
    parser.add_argument("--yamnet", type=Path, help="a folder with yamnet.tflite and its class map")
    parser.add_argument("--model", action="append", help="a model's name or checkpoint; may be given several times")
    parser.add_argument("--setting", choices=tuple(SETTINGS), default="plain")
    parser.add_argument("--systems", default="live,window,yamnet", type=lambda text: text.split(","))
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--background-minutes", type=float, default=30.0)
    parser.add_argument("--validation-minutes", type=float, default=30.0)
    parser.add_argument("--fold", default="5")
    parser.add_argument("--validation-fold", default="4", help="chooses thresholds; the other fold chooses nothing")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, help="write all figures to this file, as JSON")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
