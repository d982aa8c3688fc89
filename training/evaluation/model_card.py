"""The model card: what a run made, of what, how good it is and what it is not for, as Markdown. Only words; measures
nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.model.checkpoints.checkpoint import CheckpointConfig
from core.run.evaluation_report import FIRST_FIGURES, EvaluationReport, Measured
from training.data.manifest import Manifest, Split


@dataclass(frozen=True, slots=True)
class CardFacts:
    """What the card tells. config: with the provenance that `publish` wrote. report: of the held-out clips, None
    without any. notes: sentences of the run."""

    config: CheckpointConfig
    manifest: Manifest
    split: Split
    report: EvaluationReport | None
    notes: tuple[str, ...] = ()


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
{recipe["licence"] or "The recipe names no licence of the data as a whole."}

Licences of the clips as the data states them:

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
        return f"No clips were held out for testing: how good this model is has not been measured. {notes}".rstrip()
    lines = [f"On {len(report.clips)} held-out clips of {report.data} ({report.split}), never trained on:", ""]
    lines += _figures(report, [name for name in FIRST_FIGURES if name in report.metrics])
    further = [name for name in _WORDS if name in report.metrics and name not in FIRST_FIGURES]
    if further:
        lines += ["", "<details><summary>Further figures</summary>", "", *_figures(report, further), "", "</details>"]
    lines += [
        "",
        "In brackets the 95 % interval over clips: how far other clips would have moved a figure. That of the accuracy "
        "is exact (Clopper–Pearson), the others are by bootstrap, and left out where these clips are too few for one.",
    ]
    metrics = facts.config.provenance["metrics"]
    merge = facts.config.merge
    if not merge.removes_nothing() and "accuracy_unmerged" in metrics:
        lines.append(
            f"Token merging by default: {merge.describe()}; accuracy without: {metrics['accuracy_unmerged']:.1%}."
        )
    return "\n".join([*lines, *facts.notes])


_WORDS = {
    "accuracy": "accuracy (highest score is a label of the clip)",
    "map": "mAP (mean over labels)",
    "mauc": "mAUC (mean over labels)",
    "d_prime": "d′",
    "f1": "F1 at the thresholds, all decisions together (micro)",
    "f1_macro": "F1 at the thresholds, mean over labels (macro)",
    "ece": "expected calibration error (15 bins)",
    "brier": "Brier score",
}


def _figures(report: EvaluationReport, names: list[str]) -> list[str]:
    return [f"* {_WORDS[name]}: {_figure(name, report.metrics[name])}" for name in names]


def _figure(name: str, measured: Measured) -> str:
    form = ".1%" if name == "accuracy" else ".3f"
    value, low, high = (f"{one:{form}}" for one in measured.figures)
    shown = f"**{value}**" if name == "accuracy" else value
    return shown if low == value == high else f"{shown} ({low} to {high})"


def _model_choice(facts: CardFacts) -> str:
    recipe, report = facts.config.provenance["recipe"], facts.report
    best_on_test = facts.config.provenance["best_on_test"]
    if recipe["freeze"] and not recipe["frame_loss"]:
        return (
            "One run. There are no epochs to choose from: the last layer was fitted, and all before it left as it was."
        )
    if recipe["select"] == "best":
        choice = f"Weights of the epoch that did best on {len(facts.split.validation)} validation clips."
    elif recipe["average_epochs"]:
        first, last = recipe["average_epochs"]
        choice = f"The mean of the weights after epochs {first} to {last}."
    else:
        choice = "Averaged weights of the last epoch."
    if report is None:
        return f"One run. {choice}"
    if best_on_test is None or "accuracy" not in report.metrics:
        return f"One run. {choice} No epoch was chosen by the figures above."
    return (
        f"One run. {choice} No epoch was chosen by the figures above. Some papers take the epoch that does best on the "
        f"test clips themselves: that way the accuracy would read {best_on_test:.1%} in place of "
        f"{report.metrics['accuracy'].value:.1%}."
    )


def _probabilities(facts: CardFacts) -> str:
    config = facts.config
    if config.provenance["thresholds_from"] == "kept":
        return "Probabilities are those of the checkpoint that it went on from, whose last layer it kept as it was."
    if not config.calibration:
        return f"Probabilities are the {config.activation} of the logits, not calibrated."
    how = "one temperature" if len(set(config.calibration)) == 1 else "a scale and an offset of each label"
    words = f"Probabilities are calibrated ({how}) on {len(facts.split.validation)} validation clips"
    metrics = config.provenance["metrics"]
    if {"ece", "ece_uncalibrated"} <= metrics.keys():
        before, after = metrics["ece_uncalibrated"], metrics["ece"]
        words += f"; calibration error on the held-out ones {before:.3f} before, {after:.3f} after"
    return words + "."


def _thresholds(facts: CardFacts) -> str:
    match facts.config.provenance["thresholds_from"]:
        case "validation":
            return "Each label's threshold has the best F1 on them, drawn to that of all labels where a label has few."
        case "kept":
            return "So are the thresholds."
        case "test":
            return (
                f"The threshold of {facts.config.thresholds[0]:.2f}, the same for all labels, has the best F1 on the "
                "held-out clips themselves: the F1 figures are therefore optimistic."
            )
        case _:
            return f"The threshold of {facts.config.thresholds[0]:.2f} for all labels was fitted to nothing."


def _label_table(facts: CardFacts) -> str:
    if facts.report is None:
        rows = [f"| {name} | {threshold:.2f} |" for name, threshold in zip(*_names_and_thresholds(facts), strict=True)]
        return "\n".join(["| label | threshold |", "|---|---|", *rows])
    rows = [
        f"| {one.label} | {one.n_clips} | {one.precision:.2f} | {one.recall:.2f} | {one.f1:.2f} "
        f"| {one.average_precision:.2f} | {one.threshold:.2f} |"
        for one in facts.report.classes
    ]
    head = ["| label | clips | precision | recall | F1 | AP | threshold |", "|---|---|---|---|---|---|---|"]
    return "\n".join([*head, *rows])


def _names_and_thresholds(facts: CardFacts) -> tuple[tuple[str, ...], tuple[float, ...]]:
    return facts.config.labels.names, facts.config.thresholds


def _data(facts: CardFacts) -> str:
    manifest, split = facts.manifest, facts.split
    words = f"{manifest.name}: {len(manifest.clips)} clips, of which {len(split.train)} trained"
    if split.validation:
        words += f", {len(split.validation)} validated"
    if split.test:
        words += f", {len(split.test)} tested"
    if split.n_left_out:
        words += f"; {split.n_left_out} were left out, because a clip of the same recording is held out"
    return words + "."


def _teaching(facts: CardFacts) -> str:
    """What it learnt from beside the labels; nothing without a teacher."""
    recipe, teachers = facts.config.provenance["recipe"], facts.config.provenance["teachers"]
    if not teachers:
        return ""
    several = "" if len(teachers) == 1 else ", and whose probabilities were averaged"
    listed = "\n".join(f"* {_teacher(one, facts)}" for one in teachers)
    return f"""
## Teacher

It learnt from trained models beside the labels (CMKD, arXiv:2203.06760), which heard the same clips, augmented
alike{several}. The labels' share is {recipe["label_weight"]:g}, the teachers' temperature
{recipe["teacher_temperature"]:g}.

{listed}
"""


def _teacher(teacher: dict[str, Any], facts: CardFacts) -> str:
    accuracy, data = teacher["accuracy"], teacher["data"] or "data that it does not name"
    words = f"{teacher['name']} (`{teacher['variant']}`), trained on {data}"
    words += "." if accuracy is None else f": accuracy {accuracy:.1%} on what was held out of it."
    # Where the same folds were held out of both, it has heard none of the clips that the figures are of.
    held_out = facts.config.provenance["test_folds"]
    if facts.report and not _held_out_too(teacher, facts.manifest.name, set(held_out)):
        words += " Clips that it was trained on and that are held out here make the figures above look too good."
    return words


def _held_out_too(teacher: dict[str, Any], data: str, folds: set[str]) -> bool:
    """Whether neither the teacher nor any that it learnt from has heard those folds, as far as its facts say."""
    has_same = teacher["data"] == data and folds <= set(teacher["test_folds"]) and not teacher["went_on"]
    return has_same and all(_held_out_too(one, data, folds) for one in teacher.get("teachers", ()))


def _settings(recipe: dict[str, Any]) -> str:
    return "\n".join(f"* `{key}`: {value}" for key, value in recipe.items() if key not in ("licence", "limits"))


def _earlier_part(earlier: dict[str, Any] | None) -> str:
    if not earlier or "recipe" not in earlier:
        return ""
    metrics = earlier.get("metrics")
    accuracy = metrics.get("accuracy") if isinstance(metrics, dict) else None
    figure = "" if accuracy is None else f" (accuracy {accuracy:.1%})"
    return f"""
It went on from weights that were trained on {earlier["data"]} by this recipe{figure}:

{_settings(earlier["recipe"])}
"""
