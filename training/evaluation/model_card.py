"""Writes the model card as Markdown: what a model was made from, how good it is, and its limits."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.model.checkpoints.checkpoint import CheckpointConfig
from core.run.evaluation_report import EvaluationReport, Measured
from core.run.metric_names import METRIC_NAMES, first_metrics, further_metrics
from training.data.licences import kinds_of
from training.data.manifest import Manifest, Split
from training.evaluation.label_bar import Evidence, bar_in_words, labels_that_meet
from training.text import count


@dataclass(frozen=True, slots=True)
class CardFacts:
    """What the card is made from."""

    config: CheckpointConfig
    """With the provenance that `publish` wrote."""
    manifest: Manifest
    split: Split
    report: EvaluationReport | None
    """Of the held-out clips; None without any."""
    notes: tuple[str, ...] = ()
    """Sentences about this run."""
    evidence: tuple[Evidence | None, ...] = ()
    """What each label rests on, in order."""


def model_card(facts: CardFacts) -> str:
    """The text of README.md."""
    config, manifest = facts.config, facts.manifest
    recipe, earlier = config.provenance["recipe"], config.provenance["started_from"]
    licences = "\n".join(f"* {n} clips: {licence}" for licence, n in manifest.licences)
    return f"""---
pipeline_tag: audio-classification
datasets: [{manifest.name}]
---
# {config.name}

Variant `{config.variant}`, {len(config.labels)} labels, trained by Soundmark from {config.provenance["start"]}.

## Result

{_result(facts)}

{_model_choice(facts)}

## Probabilities and thresholds

{_probabilities(facts)} {_thresholds(facts)}

{_label_table(facts)}

## Data

{_data(facts)}
{recipe["licence"] or "The recipe states no licence of the data as a whole."}

Licences of the clips, as stated by the data{_kinds(facts)}:

{licences}
{_teaching(facts)}
## Limits

{recipe["limits"] or "The recipe states none."}

## Recipe

{_settings(recipe)}

Code: Soundmark {config.provenance["version"]}, commit {config.provenance["commit"]}.
{_earlier_part(earlier)}"""


def _result(facts: CardFacts) -> str:
    report, notes = facts.report, " ".join(facts.notes)
    if report is None:
        return f"No clips were held out for testing: the quality of this model has not been measured. {notes}".rstrip()
    lines = [f"On {len(report.clips)} held-out clips of {report.data} ({report.split}), which were not trained on:", ""]
    lines += _figures(report, first_metrics(report.metrics))
    if further := further_metrics(report.metrics):
        lines += ["", "<details><summary>Further figures</summary>", "", *_figures(report, further), "", "</details>"]
    lines += [
        "",
        "In brackets: the 95 % confidence interval over clips. That of the accuracy is exact (Clopper–Pearson), the "
        "others are by bootstrap and left out where there are too few clips.",
    ]
    metrics = facts.config.provenance["metrics"]
    merge = facts.config.merge
    if not merge.removes_nothing() and "accuracy_unmerged" in metrics:
        lines.append(
            f"Token merging by default: {merge.describe()}; accuracy without: {metrics['accuracy_unmerged']:.1%}."
        )
    return "\n".join([*lines, *facts.notes])


def _figures(report: EvaluationReport, names: Sequence[str]) -> list[str]:
    return [f"* {_metric(name)}: {_figure(name, report.metrics[name])}" for name in names]


def _metric(name: str) -> str:
    metric = METRIC_NAMES[name]
    return f"{metric.title} ({metric.meaning})"


def _figure(name: str, measured: Measured) -> str:
    form = ".1%" if name == "accuracy" else ".3f"
    value, low, high = (f"{figure:{form}}" for figure in measured.figures)
    shown = f"**{value}**" if name == "accuracy" else value
    return shown if low == value == high else f"{shown} ({low} to {high})"


def _model_choice(facts: CardFacts) -> str:
    recipe, report = facts.config.provenance["recipe"], facts.report
    best_on_test = facts.config.provenance["best_on_test"]
    if recipe["freeze"] and not recipe["frame_loss"]:
        return "One run. There are no epochs to choose from: only the last layer was fitted, and the backbone was kept."
    if recipe["select"] == "best":
        choice = f"The weights of the best epoch on {len(facts.split.validation)} validation clips."
    elif recipe["average_epochs"]:
        first, last = recipe["average_epochs"]
        choice = f"The mean of the weights after epochs {first} to {last}."
    else:
        choice = "The averaged weights of the last epoch."
    if report is None:
        return f"One run. {choice}"
    if best_on_test is None or "accuracy" not in report.metrics:
        return f"One run. {choice} No epoch was chosen by the figures above."
    return (
        f"One run. {choice} No epoch was chosen by the figures above. Some papers report the best epoch on the test "
        "clips themselves: "
        f"the accuracy would then be {best_on_test:.1%} instead of {report.metrics['accuracy'].value:.1%}."
    )


def _probabilities(facts: CardFacts) -> str:
    config = facts.config
    if config.provenance["thresholds_from"] == "kept":
        return "Probabilities are calibrated as in the initial checkpoint, whose last layer was kept."
    if not config.calibration:
        return f"Probabilities are the {config.activation} of the logits and not calibrated."
    how = "one temperature" if len(set(config.calibration)) == 1 else "a scale and an offset for each label"
    words = f"Probabilities are calibrated ({how}) on {len(facts.split.validation)} validation clips"
    metrics = config.provenance["metrics"]
    if {"ece", "ece_uncalibrated"} <= metrics.keys():
        before, after = metrics["ece_uncalibrated"], metrics["ece"]
        words += f"; the calibration error on the held-out clips is {before:.3f} before and {after:.3f} after"
    return words + "."


def _thresholds(facts: CardFacts) -> str:
    match facts.config.provenance["thresholds_from"]:
        case "validation":
            return "Each label's threshold has the best F1 on them, pulled towards that of all labels with few clips."
        case "kept":
            return "The thresholds are those of that checkpoint too."
        case "test":
            return (
                f"The threshold of {facts.config.thresholds[0]:.2f}, the same for all labels, has the best F1 on the "
                "held-out clips themselves, so the F1 figures are optimistic."
            )
        case _:
            return f"The threshold of {facts.config.thresholds[0]:.2f} for all labels is a default, not fitted."


def _label_table(facts: CardFacts) -> str:
    if facts.report is None and not any(facts.evidence):
        rows = [f"| {name} | {threshold:.2f} |" for name, threshold in zip(*_names_and_thresholds(facts), strict=True)]
        return "\n".join(["| label | threshold |", "|---|---|", *rows])
    return _evidence_table(facts)


def _evidence_table(facts: CardFacts) -> str:
    """With a column for what each label rests on."""
    n_good = len(labels_that_meet(facts.evidence))
    of_clips = {row.label: row for row in facts.report.classes} if facts.report else {}
    rows = []
    for name, threshold, evidence in zip(*_names_and_thresholds(facts), facts.evidence, strict=True):
        measured = of_clips.get(name)
        figures = (measured.precision, measured.recall, measured.f1) if measured and measured.n_clips else ()
        shown = " | ".join(f"{figure:.2f}" for figure in figures) or "– | – | –"
        rows.append(f"| {name} | {_rests_on(evidence)} | {shown} | {threshold:.2f} |")
    return "\n".join(
        [
            f"{bar_in_words()} {n_good} of the {len(rows)} labels meet it.",
            "",
            "| label | rests on | AP | precision | recall | F1 | threshold |",
            "|---|---|---|---|---|---|---|",
            *rows,
        ]
    )


def _rests_on(evidence: Evidence | None) -> str:
    """Two cells: the source, and the AP, for clips with its interval."""
    if evidence is None:
        return "nothing | –"
    n, figure = evidence.n_positive, f"{evidence.average_precision:.2f}"
    if evidence.source == "teacher":
        return f"teacher {evidence.teacher}, {count(n, 'window', 'windows')} | {figure}"
    return f"{count(n, 'clip', 'clips')} | {figure} ({evidence.low:.2f} to {evidence.high:.2f})"


def _names_and_thresholds(facts: CardFacts) -> tuple[tuple[str, ...], tuple[float, ...]]:
    return facts.config.labels.names, facts.config.thresholds


def _data(facts: CardFacts) -> str:
    manifest, split = facts.manifest, facts.split
    words = f"{manifest.name}: {len(manifest.clips)} clips, of which {len(split.train)} for training"
    if split.validation:
        words += f", {len(split.validation)} for validation"
    if split.test:
        words += f", {len(split.test)} for testing"
    if split.n_left_out:
        words += f"; {split.n_left_out} were left out because a clip of the same recording is held out"
    return words + "."


def _kinds(facts: CardFacts) -> str:
    """How many clips there are of each kind of licence, and which kinds the recipe takes if not all."""
    n_each = Counter[str]()
    for licence, n in facts.manifest.licences:
        in_set = re.sub(r"^[\w-]+: ", "", licence)  # a collection puts its set's name before it
        n_each[" and ".join(sorted(kinds_of(in_set)))] += n
    listed = ", ".join(f"{kind} {n}" for kind, n in n_each.most_common())
    permitted = facts.config.provenance["recipe"].get("licences") or ()
    only = f"; only {', '.join(permitted)} were taken" if permitted else ""
    return f" (by kind: {listed}{only})"


def _teaching(facts: CardFacts) -> str:
    """The section on teachers; empty without any."""
    recipe, teachers = facts.config.provenance["recipe"], facts.config.provenance["teachers"]
    if not teachers:
        return ""
    several = "" if len(teachers) == 1 else "; their probabilities were averaged"
    listed = "\n".join(f"* {_teacher(teacher, facts)}" for teacher in teachers)
    return f"""
## Teacher

Besides the labels it learnt from trained models (CMKD, arXiv:2203.06760), which received the same clips with the same
augmentation{several}. The weight of the labels is {recipe["label_weight"]:g}, the teachers' temperature
{recipe["teacher_temperature"]:g}.

{listed}
"""


def _teacher(teacher: dict[str, Any], facts: CardFacts) -> str:
    accuracy, data = teacher["accuracy"], teacher["data"] or "unknown data"
    words = f"{teacher['name']} (`{teacher['variant']}`), trained on {data}"
    words += "." if accuracy is None else f"; accuracy {accuracy:.1%} on its held-out clips."
    # Where the same folds were held out of both, it was trained on none of the clips behind the figures.
    held_out = facts.config.provenance["test_folds"]
    if facts.report and not _held_out_too(teacher, facts.manifest.name, set(held_out)):
        words += " The figures above are too optimistic if it was trained on clips that are held out here."
    return words


def _held_out_too(teacher: dict[str, Any], data: str, folds: set[str]) -> bool:
    """Whether those folds were held out of the teacher and of all of its own teachers, as far as its facts say."""
    has_same = teacher["data"] == data and folds <= set(teacher["test_folds"]) and not teacher["went_on"]
    return has_same and all(_held_out_too(earlier, data, folds) for earlier in teacher.get("teachers", ()))


def _settings(recipe: dict[str, Any]) -> str:
    return "\n".join(f"* `{key}`: {value}" for key, value in recipe.items() if key not in ("licence", "limits"))


def _earlier_part(earlier: dict[str, Any] | None) -> str:
    if not earlier or "recipe" not in earlier:
        return ""
    metrics = earlier.get("metrics")
    accuracy = metrics.get("accuracy") if isinstance(metrics, dict) else None
    figure = "" if accuracy is None else f" (accuracy {accuracy:.1%})"
    return f"""
Its initial weights were trained on {earlier["data"]} with this recipe{figure}:

{_settings(earlier["recipe"])}
"""
