"""From trained weights to a checkpoint folder with its model card. Knows no optimiser."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from core.audio.log_mel import LogMelConfig
from core.model.checkpoint import Checkpoint, CheckpointConfig, load_checkpoint, save_checkpoint
from core.model.spectrogram_transformer import AudioSpectrogramTransformer
from core.model.token_merging import MergeSchedule
from training.config import TrainConfig
from training.manifest import Manifest
from training.metrics import accuracy, best_threshold, bootstrap_interval, mean_average_precision

CHECKPOINT_NAME = "checkpoint"


@dataclass(frozen=True, slots=True)
class Predictions:
    """Probabilities `(clips, labels)` of the held-out clips: `scores` by the schedule `merge` that the checkpoint
    will use, `unmerged` with every token."""

    merge: MergeSchedule
    scores: NDArray[np.float32]
    unmerged: NDArray[np.float32]


def merge_schedule(r: int, full_patches: int) -> MergeSchedule:
    """r tokens a layer at the full window of `full_patches` patches, proportionally fewer for shorter input."""
    return MergeSchedule("constant", r, reference_patches=full_patches if r else 0)


def activation_of(config: TrainConfig) -> Literal["sigmoid", "softmax"]:
    """From logits to probabilities, as the loss has it."""
    return "softmax" if config.loss == "ce" else "sigmoid"


def publish(
    config: TrainConfig,
    manifest: Manifest,
    log_mel: LogMelConfig,
    model: AudioSpectrogramTransformer,
    predictions: Predictions,
    labels: NDArray[np.int64],
    out: Path,
) -> tuple[Path, dict[str, float]]:
    """Write `out/checkpoint` and return it with the metrics of the held-out clips.

    predictions: of the held-out clips; labels: `(clips,)`, theirs.
    """
    scores = predictions.scores
    threshold, f1 = best_threshold(scores, labels)
    low, high = bootstrap_interval(scores, labels)
    metrics = {
        "accuracy": accuracy(scores, labels),
        "accuracy_low": low,
        "accuracy_high": high,
        "accuracy_unmerged": accuracy(predictions.unmerged, labels),
        "map": mean_average_precision(scores, labels),
        "threshold": threshold,
        "f1_at_threshold": f1,
    }
    provenance: dict[str, Any] = {
        "data": manifest.name,
        "licences": [list(pair) for pair in manifest.licences],
        "test_folds": list(config.test_folds),
        # Not the path: it says something of this computer and nothing to anybody else.
        "recipe": {**config.to_dict(), "init": Path(config.init).name},
        "started_from": load_checkpoint(Path(config.init)).config.provenance if config.init else None,
        "commit": _commit(),
        "metrics": {name: round(value, 4) for name, value in metrics.items()},
    }
    described = CheckpointConfig(
        name=config.title,
        variant=config.variant,
        model=model.config,
        log_mel=log_mel,
        labels=manifest.labels,
        thresholds=(threshold,) * len(manifest.labels),
        merge=predictions.merge,
        activation=activation_of(config),
        provenance=provenance,
    )
    folder = out / CHECKPOINT_NAME
    save_checkpoint(Checkpoint(described, model.state_dict()), folder, card=_card(described, manifest, metrics))
    return folder, metrics


def _commit() -> str:
    try:
        done = subprocess.run(
            ["git", "describe", "--always", "--dirty"],
            cwd=Path(__file__).parent, capture_output=True, text=True, check=True, timeout=5,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return done.stdout.strip()


def _card(config: CheckpointConfig, manifest: Manifest, metrics: dict[str, float]) -> str:
    recipe, earlier = config.provenance["recipe"], config.provenance["started_from"]
    folds = ", ".join(recipe["test_folds"])
    licences = "\n".join(f"* {n} clips: {licence}" for licence, n in manifest.licences)
    n_trained = len(manifest.split(tuple(recipe["test_folds"])).train)
    n_test = sum(clip.fold in recipe["test_folds"] for clip in manifest.clips)
    merging = "none" if config.merge.removes_nothing() else config.merge.describe()
    parts = " in two parts" if earlier else ""
    return f"""---
pipeline_tag: audio-classification
datasets: [{manifest.name}]
---
# {config.name}

Variant `{config.variant}`, {len(config.labels)} labels, trained by Soundmark from random weights{parts}.

## Result

On the held-out fold {folds} of {manifest.name}, {n_test} clips, never trained on: accuracy
**{metrics["accuracy"]:.1%}** (95 % interval over clips: {metrics["accuracy_low"]:.1%} to
{metrics["accuracy_high"]:.1%}), mAP {metrics["map"]:.3f}.
One run, averaged weights of its last epoch; no epoch was chosen by these figures.
Token merging by default: {merging}; accuracy without any: {metrics["accuracy_unmerged"]:.1%}.
The threshold of {metrics["threshold"]:.2f}, the same for all labels, has the highest F1 on that fold
({metrics["f1_at_threshold"]:.3f}), which is therefore optimistic.

## Data

{manifest.name}: {len(manifest.clips)} clips, of which {n_trained} trained: none of fold {folds}, none of a recording
that fold {folds} has a clip of. {recipe["licence"] or "The recipe names no licence of the data as a whole."}

Licences of the clips as the data states them:

{licences}

## Limits

{recipe["limits"] or "The recipe states none."}

## Recipe

{_settings(recipe)}

Code: {config.provenance["commit"]}.
{_earlier_part(earlier)}
## Labels

{", ".join(config.labels.names)}.
"""


def _settings(recipe: dict[str, Any]) -> str:
    return "\n".join(f"* `{key}`: {value}" for key, value in recipe.items() if key not in ("licence", "limits"))


def _earlier_part(earlier: dict[str, Any] | None) -> str:
    if earlier is None:
        return ""
    return f"""
It went on from weights that were trained by this recipe (accuracy {earlier["metrics"]["accuracy"]:.1%}):

{_settings(earlier["recipe"])}
"""
