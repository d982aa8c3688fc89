"""Evaluates checkpoints on labelled clips: matches their labels, tags the clips, and notes what limits the figures.

Every clip is tagged whole, as in a run's own evaluation; several models answer with the mean of their probabilities.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from core.errors import UsageError, UserError
from core.inference.tagger import Tagger
from core.labels import LabelSet, look_of
from core.model.checkpoints.checkpoint import Checkpoint
from training.data.clip_frames import ClipFrames, load_clips, multi_hot
from training.data.manifest import LabelledClip, Manifest
from training.evaluation.metrics import Activation, Scores
from training.evaluation.scored_clips import ScoredClips
from training.optimisation.weight_averaging import ensemble_mean
from training.text import join_names

Track = Callable[[range, str], Iterable[int]]
"""Passes on the places of a range; the text says what is done meanwhile, for a progress bar."""


@dataclass(frozen=True, slots=True)
class SharedLabels:
    """The labels that model and data have in common, and the clips that have one of them."""

    columns: tuple[int, ...]
    """Their places among the model's labels, ascending."""
    clips: tuple[LabelledClip, ...]
    """The clips to evaluate; their labels are the model's."""
    unknown: tuple[tuple[str, int], ...]
    """Labels of the data that the model lacks, each with its number of clips."""
    n_left_out: int
    """Clips whose labels are all unknown."""
    n_others: int
    """Labels of the model that the data lack."""
    respelt: tuple[tuple[str, str], ...] = ()
    """Labels of the data that the model spells in another way, each with that spelling."""


def common_outputs(checkpoints: Sequence[Checkpoint]) -> tuple[LabelSet, Activation]:
    """Return the labels and the activation that all models share. Raises UserError where they differ."""
    first = checkpoints[0].config
    for other in (checkpoint.config for checkpoint in checkpoints[1:]):
        if [label.id for label in other.labels] != [label.id for label in first.labels]:
            raise UserError(
                f"{first.name} ({len(first.labels)} labels) and {other.name} ({len(other.labels)} labels) have "
                "different labels.",
                "Combine models that were trained on the same labels, in the same order.",
            )
        if other.activation != first.activation:
            raise UserError(
                f"{first.name} gives {first.activation} probabilities, {other.name} {other.activation}.",
                "Combine models that were trained with the same loss.",
            )
    return first.labels, first.activation


def clips_in_folds(manifest: Manifest, folds: Sequence[str]) -> tuple[LabelledClip, ...]:
    """Return the clips of the folds named, or all clips where none is. Raises UsageError for an unknown fold."""
    known = sorted({clip.fold for clip in manifest.clips})
    unknown = [fold for fold in folds if fold not in known]
    if unknown:
        names = ", ".join(fold or "(none)" for fold in known)
        raise UsageError(f"{manifest.name} has no fold {', '.join(unknown)}.", f"Its folds are {names}.")
    return tuple(clip for clip in manifest.clips if not folds or clip.fold in folds)


def match_labels(clips: Sequence[LabelledClip], of_data: LabelSet, of_model: LabelSet) -> SharedLabels:
    """Match by id, or where the model lacks it, by the look of a name: labels that look the same to people are one
    label, as in a check and a training. Raises UserError when nothing matches."""
    place = _places(of_data, of_model)
    unknown = Counter(of_data[i].name for clip in clips for i in clip.labels if of_data[i].id not in place)
    known, n_left_out = [], 0
    for clip in clips:
        labels = tuple(place[of_data[i].id] for i in clip.labels if of_data[i].id in place)
        if clip.labels and not labels:
            n_left_out += 1
        else:
            unknown_of_clip = tuple(place[of_data[i].id] for i in clip.unknown if of_data[i].id in place)
            known.append(replace(clip, labels=labels, unknown=unknown_of_clip))
    columns = tuple(sorted(place[label.id] for label in of_data if label.id in place))
    if not columns or not known:
        some = ", ".join(label.id for label in tuple(of_data)[:5])
        raise UserError(
            f"The model knows none of the labels of these clips ({some}, …).",
            "Evaluate it on data whose labels have the same ids as the model's.",
        )
    names = [(label.id, of_model[place[label.id]].id) for label in of_data if label.id in place]
    return SharedLabels(
        columns=columns,
        clips=tuple(known),
        unknown=tuple(unknown.most_common()),
        n_left_out=n_left_out,
        n_others=len(of_model) - len(columns),
        respelt=tuple(pair for pair in names if pair[0] != pair[1]),
    )


def _places(of_data: LabelSet, of_model: LabelSet) -> dict[str, int]:
    """Where the model has the labels of the data, by their ids."""
    place = {label.id: label.index for label in of_model}
    if of_model.has_cryptic_ids or of_data.has_cryptic_ids:
        return place
    n_alike = Counter(look_of(label.id) for label in of_model)
    by_look = {look: index for label, index in place.items() if n_alike[look := look_of(label)] == 1}
    taken = {place[label.id] for label in of_data if label.id in place}
    found = {label.id: by_look.get(look_of(label.id)) for label in of_data if label.id not in place}
    return place | {label: index for label, index in found.items() if index is not None and index not in taken}


def _untracked(places: range, task: str) -> range:
    del task  # nobody watches
    return places


def tag_whole(tagger: Tagger, clips: tuple[LabelledClip, ...], track: Track = _untracked) -> Scores:
    """Return probabilities `(clips, labels)` of clips tagged in one piece each; of a longer clip, its first window."""
    decoded = load_clips(clips, len(tagger.labels), tagger.log_mel)
    return tag_decoded(tagger, decoded, f"Tagging with {tagger.name}", track)


def tag_decoded(tagger: Tagger, decoded: ClipFrames, task: str, track: Track = _untracked) -> Scores:
    """`tag_whole` for clips whose frames are there; task: what a progress bar says."""
    scores = np.zeros((len(decoded), len(tagger.labels)), np.float32)
    for place in track(range(len(decoded)), task):
        frames = decoded.frames_of(place)[: tagger.window_frames]
        scores[place] = tagger.tag(frames.astype(np.float32)).probabilities
    return scores


def score_clips(
    taggers: Sequence[Tagger], shared: SharedLabels, activation: Activation, track: Track = _untracked
) -> ScoredClips:
    """Return the mean of the models' probabilities and thresholds, for the labels that model and data share."""
    columns, labels = list(shared.columns), taggers[0].labels
    scores = ensemble_mean([tag_whole(tagger, shared.clips, track) for tagger in taggers])
    thresholds = np.stack([tagger.thresholds for tagger in taggers]).mean(axis=0)
    return ScoredClips(
        paths=tuple(clip.path for clip in shared.clips),
        labels=tuple(labels[column].name for column in columns),
        scores=scores[:, columns],
        truth=multi_hot([clip.labels for clip in shared.clips], len(labels))[:, columns],
        thresholds=thresholds[columns],
        activation=activation,
        parts=tuple(clip.part for clip in shared.clips),
        unknown=multi_hot([clip.unknown for clip in shared.clips], len(labels))[:, columns].astype(bool),
    )


def _histories(checkpoints: Sequence[Checkpoint]) -> Iterator[dict[str, Any]]:
    """The provenance of every model, of what each started from and of all its teachers."""
    for checkpoint in checkpoints:
        yield from _lineage(checkpoint.config.provenance)


def _lineage(history: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if not history:
        return
    yield history
    yield from _lineage(history.get("started_from") or {})
    if history.get("went_on"):
        yield {"data": None}  # what a teacher started from is not recorded
    for teacher in history.get("teachers") or ():
        yield from _lineage(teacher)


def n_trained_on(checkpoints: Sequence[Checkpoint], manifest: Manifest, clips: Sequence[LabelledClip]) -> int:
    """Count the clips that a model was trained on or selected by, as far as the checkpoints record it."""
    seen = [history for history in _histories(checkpoints) if history.get("data") == manifest.name]
    return sum(any(clip.fold not in history.get("test_folds", ()) for history in seen) for clip in clips)


def notes_on_training(
    checkpoints: Sequence[Checkpoint], manifest: Manifest, clips: Sequence[LabelledClip]
) -> Iterator[str]:
    """Note clips that the models were trained on, or may have been."""
    histories = list(_histories(checkpoints))
    n_seen = n_trained_on(checkpoints, manifest, clips)
    if n_seen:
        held_out = sorted({fold for history in histories for fold in history.get("test_folds", ())})
        yield (
            f"{n_seen} of these {len(clips)} clips were trained on: the figures say nothing about new sounds. "
            f"Held out: fold {', '.join(held_out)} (--fold)."
        )
    elsewhere = sorted({str(history.get("data") or "unnamed data") for history in histories} - {manifest.name})
    if elsewhere:
        yield f"Trained on {', '.join(elsewhere)}: whether clips of {manifest.name} were among them is not known."


def notes_on_labels(shared: SharedLabels) -> Iterator[str]:
    """Note labels that only the model or only the data have."""
    if shared.unknown:
        names = join_names([f"{name} ({n})" for name, n in shared.unknown], 10)
        yield (
            f"The model lacks {len(shared.unknown)} labels of the data: {names}. "
            f"{shared.n_left_out} clips without any other label are left out."
        )
    if shared.respelt:
        pairs = join_names([f"{theirs} as {ours}" for theirs, ours in shared.respelt], 5)
        yield f"Labels that differ from the model's in spelling alone are read as the model's: {pairs}."
    if shared.n_others:
        yield (
            f"{shared.n_others} labels of the model do not occur in the data and are left out: "
            f"accuracy is among the other {len(shared.columns)}."
        )


def describe_split(
    folds: Sequence[str], checkpoints: Sequence[Checkpoint], manifest: Manifest, clips: Sequence[LabelledClip]
) -> str:
    """Say which clips these are, for the head of a report."""
    words = f"fold {', '.join(folds)}" if folds else "all clips"
    n_seen = n_trained_on(checkpoints, manifest, clips)
    return f"{words}, {n_seen} of {len(clips)} trained on" if n_seen else words
