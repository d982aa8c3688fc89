"""How well `tag --events` finds where sounds begin and end: double thresholds beside change points.

    uv run --no-sync benchmarks/event_edges.py --data DATA [--model starter] [--setting plain] [--out FILE]

Scenes as in `benchmarks/room.py`, read as whole files. Settings and thresholds are those that do best on scenes of the
validation fold, by PSDS1 and by F1 within collars (0.2 s, for offsets at most a fifth of the length); the test fold
chooses nothing.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.listening.edges import EdgeMethod, candidates, joined_rows
from benchmarks.listening.material import clips_of, scenes
from benchmarks.listening.scenes import SETTINGS, Scene
from benchmarks.listening.score_tables import Evaluation, load_sed_scores_eval
from benchmarks.listening.senses import Ontology, right_senses, senses_of
from benchmarks.listening.shown import ShownScores
from core.cli.terminal.streams import print_error
from core.errors import UserError
from core.inference.frame_tagging import tag_file_frames
from core.inference.results import FrameScores
from core.inference.tagger import Tagger, load_tagger

_THRESHOLDS = tuple(np.arange(0.1, 0.91, 0.05).round(2).tolist())


@dataclass(frozen=True, slots=True)
class HeardScene:
    """rows: of the classes of the scenes, in their order."""

    scene: Scene
    rows: FrameScores


def main() -> int:
    """Measure, print the table, and write all figures to --out."""
    options = _options()
    try:
        result = measure(options)
    except UserError as error:
        print_error(error)
        return 1
    if options.out is not None:
        options.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print("\n".join(table_lines(result["rows"])))
    return 0


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """The best settings of each kind on the validation fold, with their figures on both folds. Raises UserError."""
    load_sed_scores_eval()  # before anything takes minutes
    tagger = load_tagger(options.model)
    tagger.require_frame_head()
    ontology = Ontology.read(options.data / "audioset_ontology" / "ontology.json")
    setting = SETTINGS[options.setting]
    labels = sorted({label for label, _ in clips_of(options.data / "esc50", options.fold, setting)})
    wanted = [right_senses(ontology, label).names for label in labels]
    senses = senses_of(tagger.labels, ontology)

    def heard(fold: str, minutes: float) -> list[HeardScene]:
        clips = clips_of(options.data / "esc50", fold, setting)
        return [_hear(scene, tagger, senses, wanted) for scene in scenes(clips, setting, minutes, options.seed)]

    validation, test = heard(options.validation_fold, options.validation_minutes), heard(options.fold, options.minutes)
    best = _best_of_each_kind(validation, labels)
    rows = {kind: _figures(method, threshold, test, labels) for kind, (method, threshold) in best.items()}
    for kind, (method, threshold) in best.items():
        chosen = {"settings": str(method), "threshold": threshold}
        rows[kind] |= chosen | {"validation": _figures(method, threshold, validation, labels)}
    return {"model": tagger.name, "setting": options.setting, "minutes": options.minutes, "rows": rows}


def _hear(scene: Scene, tagger: Tagger, senses: tuple[str, ...], wanted: Sequence[frozenset[str]]) -> HeardScene:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scene.wav"
        scene.write(path)
        rows = joined_rows(list(tag_file_frames(path, tagger)))
    shown = ShownScores(rows.probabilities, rows.times_s, senses, scene.duration_s)
    print(f"{len(scene.sounds)} sounds, {scene.duration_s:.0f} s", file=sys.stderr, flush=True)
    return HeardScene(scene, FrameScores(shown.of_classes(wanted), rows.times_s))


def _best_of_each_kind(heard: Sequence[HeardScene], labels: Sequence[str]) -> dict[str, tuple[EdgeMethod, float]]:
    """The settings of highest PSDS1, and then the threshold of highest F1."""
    best: dict[str, tuple[float, EdgeMethod]] = {}
    for method in candidates():
        psds1 = _evaluation(method, heard, labels).psds()["psds1"]
        if method.kind not in best or psds1 > best[method.kind][0]:
            best[method.kind] = (psds1, method)
    chosen = {}
    for kind, (_, method) in best.items():
        evaluation = _evaluation(method, heard, labels)
        chosen[kind] = (method, max(_THRESHOLDS, key=evaluation.collar_f1))
    return chosen


def _evaluation(method: EdgeMethod, heard: Sequence[HeardScene], labels: Sequence[str]) -> Evaluation:
    evaluation = Evaluation(labels)
    for tagged in heard:
        evaluation.add(method.table(tagged.rows, tagged.scene.duration_s), tagged.scene.sounds)
    return evaluation


def _figures(
    method: EdgeMethod, threshold: float, heard: Sequence[HeardScene], labels: Sequence[str]
) -> dict[str, Any]:
    evaluation = _evaluation(method, heard, labels)
    return evaluation.psds() | {"collar_f1": evaluation.collar_f1(threshold)}


def table_lines(rows: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The table in Markdown."""
    lines = ["| events by | PSDS1 | PSDS2 | F1 within collars | threshold |", "|---|---|---|---|---|"]
    for kind, figures in rows.items():
        words = [f"{figures[key]:.3f}" for key in ("psds1", "psds2", "collar_f1")]
        lines.append(f"| {kind} | {' | '.join(words)} | {figures['threshold']:g} |")
    return lines


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="How well events find where sounds begin and end.")
    parser.add_argument("--data", type=Path, required=True, help="a folder of folders of clips, and the ontology")
    parser.add_argument("--model", default="starter")
    parser.add_argument("--setting", choices=tuple(SETTINGS), default="plain")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--validation-minutes", type=float, default=60.0)
    parser.add_argument("--fold", default="5")
    parser.add_argument("--validation-fold", default="4")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, help="write all figures to this file, as JSON")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
