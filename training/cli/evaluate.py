"""`soundmark evaluate` measures one or several models on labelled clips, and prints or saves the report."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from core.cli.model_options import MODEL_HELP, ModelOptions, add_inference_options
from core.cli.terminal.console import PlainConsole, track
from core.cli.terminal.streams import print_error
from core.errors import UserError
from core.run.evaluation_report import EvaluationReport
from training.cli.data_options import add_data_options
from training.cli.report_tables import print_report


@dataclass(frozen=True, slots=True)
class EvaluateOptions:
    """What `evaluate` was asked to do."""

    models: tuple[ModelOptions, ...]
    """One model, or the members of an ensemble."""
    data: Path
    """Folder or list of labelled clips."""
    folds: tuple[str, ...] = ()
    """The folds to evaluate; empty for all clips."""
    collection: str = ""
    """A collection that joins several data sets."""
    as_json: bool = False
    """Print the report as one JSON object."""
    out: Path | None = None
    """A file for the report."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of `evaluate`."""
    add_data_options(parser)
    parser.add_argument("--fold", action="append", default=[], metavar="K", help="only this fold; may be repeated")
    parser.add_argument("--out", type=Path, metavar="FILE", help="save the report, with every clip, as JSON")
    models = f"{MODEL_HELP}; may be repeated: the mean of several is evaluated"
    parser.add_argument("--model", action="append", default=[], metavar="M", help=models)
    add_inference_options(parser)


def run(namespace: argparse.Namespace) -> int:
    """Run `evaluate` with the options of `add_options`."""
    options = EvaluateOptions(
        models=tuple(ModelOptions.of(namespace, model) for model in namespace.model or [None]),
        data=namespace.data,
        folds=tuple(namespace.fold),
        collection=namespace.collection,
        as_json=namespace.json,
        out=namespace.out,
    )
    return run_evaluation(options)


def run_evaluation(options: EvaluateOptions) -> int:
    """Evaluate and print; 0. Raises UserError."""
    from training.data.manifest import read_manifest
    from training.evaluation import ensemble
    from training.evaluation.scored_clips import report_on

    checkpoints = [model.load_checkpoint() for model in options.models]
    labels, activation = ensemble.common_outputs(checkpoints)
    manifest = read_manifest(options.data, options.collection)
    shared = ensemble.match_labels(ensemble.clips_in_folds(manifest, options.folds), manifest.labels, labels)
    taggers = [model.tagger(checkpoint) for model, checkpoint in zip(options.models, checkpoints, strict=True)]
    scored = ensemble.score_clips(taggers, shared, activation, track)
    for note in (
        *(note.text for note in manifest.notes),
        *ensemble.notes_on_training(checkpoints, manifest, shared.clips),
        *ensemble.notes_on_labels(shared),
    ):
        print_error(f"Note: {note}")
    report = report_on(
        scored,
        model=" + ".join(tagger.name for tagger in taggers),
        data=manifest.name,
        split=ensemble.describe_split(options.folds, checkpoints, manifest, shared.clips),
        merge=", ".join(sorted({tagger.merge.describe() for tagger in taggers})),
    )
    _deliver(report, options)
    return 0


def _deliver(report: EvaluationReport, options: EvaluateOptions) -> None:
    if options.out is not None:
        try:
            report.save(options.out)
        except OSError as error:
            raise UserError(f"{options.out} cannot be written ({error.strerror}).", "Choose another --out.") from error
    if options.as_json:
        print(report.to_json())
    else:
        print_report(report, PlainConsole())
