"""`main.py evaluate`: what checkpoints are worth on labelled clips. Every clip is tagged whole, as in a run's own
evaluation; several models answer with the mean of their probabilities. Knows no window and trains nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from core.cli.terminal.console import PlainConsole, progress_bar
from core.cli.terminal.streams import print_error
from core.errors import UsageError, UserError
from core.inference.tagger import Tagger, changed, find_weights
from core.labels import LabelSet, look_of
from core.model.checkpoints.checkpoint import Checkpoint, load_checkpoint
from core.run.evaluation_report import EvaluationReport
from core.terminal_text import shown
from training.cli.report_tables import print_report
from training.data.clip_frames import ClipFrames, load_clips, multi_hot
from training.data.manifest import LabelledClip, Manifest, read_manifest
from training.evaluation.metrics import Activation, Scores
from training.evaluation.scored_clips import ScoredClips, report_on
from training.model.weight_averaging import ensemble_mean
from training.text import listed


@dataclass(frozen=True, slots=True)
class EvaluateOptions:
    """What `evaluate` was asked for. models: one, or the members of an ensemble; empty means the starter. folds: those
    to evaluate, empty for all clips. merge to no_pad: as for tagging. out: file for the report."""

    models: tuple[str, ...]
    data: Path
    folds: tuple[str, ...] = ()
    collection: str = ""
    merge: str = "auto"
    device: str = "auto"
    precision: str = "auto"
    strides: tuple[int, int] | None = None
    no_pad: bool = False
    as_json: bool = False
    out: Path | None = None


@dataclass(frozen=True, slots=True)
class SharedLabels:
    """What model and data both know. columns: places among the model's labels, ascending. unknown: the data's labels
    that the model lacks, with their clips. clips: those to evaluate, their labels as the model counts them; n_left_out:
    clips of nothing but unknown labels. n_others: labels of the model that the data do not know. respelt: labels of the
    data that the model has in another spelling, with that one."""

    columns: tuple[int, ...]
    unknown: tuple[tuple[str, int], ...]
    clips: tuple[LabelledClip, ...]
    n_left_out: int
    n_others: int
    respelt: tuple[tuple[str, str], ...] = ()


def run_evaluation(options: EvaluateOptions) -> int:
    """Evaluate and print; 0. Raises UserError."""
    checkpoints = [
        changed(load_checkpoint(find_weights(one)), options.strides, no_pad=options.no_pad)
        for one in options.models or (None,)
    ]
    labels, activation = _common_outputs(checkpoints)
    manifest = read_manifest(options.data, options.collection)
    clips = clips_of(manifest, options.folds)
    shared = match_labels(clips, manifest.labels, labels)
    taggers = [
        Tagger(one, device=options.device, precision=options.precision, merge=options.merge) for one in checkpoints
    ]
    scored = _score(taggers, shared, labels, activation)
    warnings = [one.text for one in manifest.notes]
    warnings += [*notes_on_training(checkpoints, manifest, shared.clips), *notes_on_labels(shared)]
    report = report_on(
        scored,
        model=" + ".join(tagger.name for tagger in taggers),
        data=manifest.name,
        split=split_in_words(options.folds, checkpoints, manifest, shared.clips),
        merge=", ".join(sorted({"off" if one.merge is None else one.merge.describe() for one in taggers})),
    )
    _deliver(report, warnings, options)
    return 0


def match_labels(clips: tuple[LabelledClip, ...], of_data: LabelSet, of_model: LabelSet) -> SharedLabels:
    """Match by id, or where the model has it not, by the look of a name: labels that look the same to people are one
    label, as in a check and a training. Raises UserError when nothing matches."""
    place = _places(of_data, of_model)
    unknown = Counter(of_data[i].name for clip in clips for i in clip.labels if of_data[i].id not in place)
    known, n_left_out = [], 0
    for clip in clips:
        labels = tuple(place[of_data[i].id] for i in clip.labels if of_data[i].id in place)
        if clip.labels and not labels:
            n_left_out += 1
        else:
            known.append(replace(clip, labels=labels))
    columns = tuple(sorted(place[label.id] for label in of_data if label.id in place))
    if not columns or not known:
        some = ", ".join(label.id for label in tuple(of_data)[:5])
        raise UserError(
            f"The model knows none of the labels of these clips ({some}, …).",
            "Evaluate it on data whose labels have the same ids as the model's.",
        )
    names = [(label.id, of_model[place[label.id]].id) for label in of_data if label.id in place]
    return SharedLabels(
        *(columns, tuple(unknown.most_common()), tuple(known), n_left_out, len(of_model) - len(columns)),
        respelt=tuple(pair for pair in names if pair[0] != pair[1]),
    )


def _places(of_data: LabelSet, of_model: LabelSet) -> dict[str, int]:
    """Where the model has the labels of the data, by their ids."""
    place = {label.id: label.index for label in of_model}
    if of_model.has_cryptic_ids or of_data.has_cryptic_ids:
        return place
    n_alike = Counter(look_of(label.id) for label in of_model)
    by_look = {look: i for one, i in place.items() if n_alike[look := look_of(one)] == 1}
    taken = {place[label.id] for label in of_data if label.id in place}
    found = {label.id: by_look.get(look_of(label.id)) for label in of_data if label.id not in place}
    return place | {one: i for one, i in found.items() if i is not None and i not in taken}


def tag_whole(tagger: Tagger, clips: tuple[LabelledClip, ...]) -> Scores:
    """Probabilities `(clips, labels)`, each clip in one piece: its first window's length where it is longer."""
    decoded = load_clips(clips, len(tagger.labels), tagger.log_mel)
    return tag_decoded(tagger, decoded, f"Tagging by {tagger.name}")


def tag_decoded(tagger: Tagger, decoded: ClipFrames, task: str) -> Scores:
    """`tag_whole` of clips whose frames are there; task: what people read beside the bar."""
    scores = np.zeros((len(decoded), len(tagger.labels)), np.float32)
    with progress_bar(shows_always=True) as bar:
        for i in bar.track(range(len(decoded)), description=shown(task)):
            frames = decoded.frames_of(i)[: tagger.window_frames]
            scores[i] = tagger.tag(frames.astype(np.float32)).probabilities
    return scores


def _score(taggers: list[Tagger], shared: SharedLabels, labels: LabelSet, activation: Activation) -> ScoredClips:
    """The mean of the models' probabilities and thresholds, for the labels that model and data share."""
    columns = list(shared.columns)
    scores = ensemble_mean([tag_whole(tagger, shared.clips) for tagger in taggers])
    thresholds = np.stack([tagger.thresholds for tagger in taggers]).mean(axis=0)
    return ScoredClips(
        paths=tuple(clip.path for clip in shared.clips),
        labels=tuple(labels[column].name for column in columns),
        scores=scores[:, columns],
        truth=multi_hot([clip.labels for clip in shared.clips], len(labels))[:, columns],
        thresholds=thresholds[columns],
        activation=activation,
        parts=tuple(clip.part for clip in shared.clips),
    )


def _common_outputs(checkpoints: list[Checkpoint]) -> tuple[LabelSet, Activation]:
    """The labels and the activation that all members have. Raises UserError where they differ."""
    first = checkpoints[0].config
    for other in (one.config for one in checkpoints[1:]):
        if [label.id for label in other.labels] != [label.id for label in first.labels]:
            raise UserError(
                f"{first.name} ({len(first.labels)} labels) and {other.name} ({len(other.labels)}) do not agree on "
                "their labels.",
                "Join models that were trained on the same labels, in the same order.",
            )
        if other.activation != first.activation:
            raise UserError(
                f"{first.name} gives {first.activation} probabilities, {other.name} {other.activation}.",
                "Join models that were trained with the same loss.",
            )
    return first.labels, first.activation


def clips_of(manifest: Manifest, folds: tuple[str, ...]) -> tuple[LabelledClip, ...]:
    """Those of the folds named, all where none is. Raises UsageError for a fold that the data do not have."""
    there = sorted({clip.fold for clip in manifest.clips})
    unknown = [fold for fold in folds if fold not in there]
    if unknown:
        folds_there = ", ".join(fold or "(none)" for fold in there)
        raise UsageError(f"{manifest.name} has no fold {', '.join(unknown)}.", f"It has the folds {folds_there}.")
    return tuple(clip for clip in manifest.clips if not folds or clip.fold in folds)


def _histories(checkpoints: list[Checkpoint]) -> Iterator[dict[str, Any]]:
    """The provenance of every model, of what each began with and of all that taught them."""
    for checkpoint in checkpoints:
        yield from _lineage(checkpoint.config.provenance)


def _lineage(history: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if not history:
        return
    yield history
    yield from _lineage(history.get("started_from") or {})
    if history.get("went_on"):
        yield {"data": None}  # a teacher's facts do not say from what
    for teacher in history.get("teachers") or ():
        yield from _lineage(teacher)


def n_trained_on(checkpoints: list[Checkpoint], manifest: Manifest, clips: tuple[LabelledClip, ...]) -> int:
    """How many of the clips a model was trained on or chosen by, as far as the checkpoints say."""
    seen = [history for history in _histories(checkpoints) if history.get("data") == manifest.name]
    return sum(any(clip.fold not in history.get("test_folds", ()) for history in seen) for clip in clips)


def notes_on_training(
    checkpoints: list[Checkpoint], manifest: Manifest, clips: tuple[LabelledClip, ...]
) -> Iterator[str]:
    """What to say of clips that the models were trained on, or may have been."""
    n_seen = n_trained_on(checkpoints, manifest, clips)
    if n_seen:
        held_out = sorted({fold for one in _histories(checkpoints) for fold in one.get("test_folds", ())})
        yield (
            f"{n_seen} of these {len(clips)} clips were trained on: the figures say nothing of new sounds. "
            f"Held out: fold {', '.join(held_out)} (--fold)."
        )
    elsewhere = sorted(
        {str(one.get("data") or "data it does not name") for one in _histories(checkpoints)} - {manifest.name}
    )
    if elsewhere:
        yield f"Trained on {', '.join(elsewhere)}: whether clips of {manifest.name} were among that is not known."


def notes_on_labels(shared: SharedLabels) -> Iterator[str]:
    """What to say of labels that only one of model and data knows."""
    if shared.unknown:
        names = listed([f"{name} ({n})" for name, n in shared.unknown], 10)
        yield (
            f"The model lacks {len(shared.unknown)} labels of the data: {names}. "
            f"{shared.n_left_out} clips of nothing else are left out."
        )
    if shared.respelt:
        pairs = listed([f"{theirs} as {ours}" for theirs, ours in shared.respelt], 5)
        yield f"Labels that differ from the model's in spelling alone are taken for its own: {pairs}."
    if shared.n_others:
        yield (
            f"{shared.n_others} labels of the model that the data do not know take no part: "
            f"accuracy is among the other {len(shared.columns)}."
        )


def split_in_words(
    folds: tuple[str, ...], checkpoints: list[Checkpoint], manifest: Manifest, clips: tuple[LabelledClip, ...]
) -> str:
    """Which clips these are, for the head of a report."""
    words = f"fold {', '.join(folds)}" if folds else "all clips"
    n_seen = n_trained_on(checkpoints, manifest, clips)
    return f"{words}, {n_seen} of {len(clips)} trained on" if n_seen else words


def _deliver(report: EvaluationReport, warnings: list[str], options: EvaluateOptions) -> None:
    for warning in warnings:
        print_error(f"Note: {warning}")
    if options.out is not None:
        try:
            report.save(options.out)
        except OSError as error:
            raise UserError(f"{options.out} cannot be written ({error.strerror}).", "Choose another --out.") from error
    if options.as_json:
        print(report.to_json())
    else:
        print_report(report, PlainConsole())
