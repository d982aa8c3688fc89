"""Runs a study of token merging, which trains nothing: measures what merging saves and costs with given weights.

Held-out clips are scored once with each schedule. Then follow rounds of timing. Each round times every schedule and
starts with a different one, so that a temporary load of the machine affects all of them; times are compared within a
round. The scores of a schedule and a round are cells of the ledger, so nothing is measured twice.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch

from core.cli.terminal.console import track
from core.inference.tagger import Tagger
from core.model.checkpoints.checkpoint import Checkpoint
from core.model.checkpoints.loading import load_checkpoint
from core.model.merging.schedule import MergeSchedule
from core.model.networks.cost import model_cost
from core.model.store.find import find_weights
from training.data.clip_frames import ClipFrames, load_clips
from training.data.manifest import Manifest, read_manifest
from training.evaluation.ensemble import (
    SharedLabels,
    clips_in_folds,
    describe_split,
    match_labels,
    notes_on_labels,
    notes_on_training,
    tag_decoded,
)
from training.evaluation.metrics import evaluate_scores
from training.evaluation.publish import code_commit
from training.study.folder import data_of, locked, print_message, print_table
from training.study.ledger import LEDGER_NAME, LedgerEntry, Ledgers
from training.study.merging_plan import MergingStudy
from training.study.merging_table import MergingRow, MergingTable, as_dict, as_table, timings
from training.study.merging_timing import Stopwatch


@dataclass(frozen=True, slots=True)
class MergingOptions:
    """The options of `soundmark study` for a study of merging."""

    data: Path | None
    """The folder or list of clips; None for that of an earlier call."""
    out: Path
    model: str | None = None
    """The model to measure; None for the starter."""
    folds: tuple[str, ...] = ()
    """To score; empty for all clips."""
    device: str = "auto"
    ledger: Path | None = None
    """A second ledger: see `Ledgers`."""
    dry_run: bool = False
    """Prints what is missing and measures nothing."""
    as_json: bool = False


@dataclass(frozen=True, slots=True)
class Subject:
    """What is measured: a model on clips."""

    study: MergingStudy
    checkpoint: Checkpoint
    tagger: Tagger
    """Of the checkpoint, without merging."""
    manifest: Manifest
    shared: SharedLabels
    """The labels that model and data share, and the clips to score."""
    frames: ClipFrames
    """The log-mel frames of these clips."""
    schedules: dict[str, MergeSchedule]
    """By their spelling for `--merge`."""
    window_frames: int
    """The median length of the clips, for which tokens, cost and time are reported."""


def run_merging_study(study: MergingStudy, options: MergingOptions) -> int:
    """Measure the missing cells and print the table; returns 0. Raises UserError."""
    data = data_of(options.data, options.out, keep=not options.dry_run)
    ledgers = Ledgers(options.out / LEDGER_NAME, options.ledger)
    subject = _subject(study, options, data)
    stopwatch = Stopwatch(subject.checkpoint, subject.tagger, subject.window_frames, study.batch)
    cells = dict(_cells(subject, stopwatch))
    if options.dry_run:
        missing = _missing(cells, ledgers)
        for cell in missing:
            print_message(f"to do: {cell}")
        print_message(f"{len(missing)} of {len(cells)} cells to do.")
    else:
        ledgers.check()
        with locked(options.out):
            missing = _missing(cells, ledgers)  # once locked: another call may have measured some meanwhile
            for number, cell in enumerate(missing, 1):
                print_message(f"[{number} of {len(missing)}] {cell}")
                began = time.perf_counter()
                metrics = _measure(subject, stopwatch, cell)
                seconds = round(time.perf_counter() - began, 3)
                ledgers.add(LedgerEntry(cell, cells[cell], "finished", seconds, code_commit(), metrics))
    ledger = ledgers.both
    finished = {cell: entry.metrics for cell, digest in cells.items() if (entry := ledger.finished(cell, digest))}
    table = _table(subject, stopwatch, finished, options.folds)
    if options.as_json:
        print(json.dumps(as_dict(table), ensure_ascii=False))
    else:
        print_table(as_table(table))
    return 0


def _missing(cells: dict[str, str], ledgers: Ledgers) -> list[str]:
    ledger = ledgers.both
    return [cell for cell, digest in cells.items() if ledger.finished(cell, digest) is None]


def _subject(study: MergingStudy, options: MergingOptions, data: Path) -> Subject:
    checkpoint = load_checkpoint(find_weights(options.model))
    schedules = study.schedules(checkpoint.config.model)
    tagger = Tagger(checkpoint, device=options.device, merge="off")
    manifest = read_manifest(data)
    clips = clips_in_folds(manifest, options.folds)
    shared = match_labels(clips, manifest.labels, tagger.labels)
    for note in (*notes_on_training([checkpoint], manifest, shared.clips), *notes_on_labels(shared)):
        print_message(f"Note: {note}")
    frames = load_clips(shared.clips, len(tagger.labels), tagger.log_mel)
    is_padded = checkpoint.config.pad_to_window
    window = tagger.window_frames if is_padded else min(tagger.window_frames, int(np.median(frames.lengths)))
    return Subject(study, checkpoint, tagger, manifest, shared, frames, schedules, window)


def _cells(subject: Subject, stopwatch: Stopwatch) -> Iterator[tuple[str, str]]:
    """All cells with their digests: the scores of each schedule, then the rounds.

    Scores are the same on every machine; rounds are comparable on one kind of machine only.
    """
    weights = _weights_digest(subject.checkpoint)
    clips = [[clip.path.stem, *clip.labels] for clip in subject.shared.clips]
    for word, schedule in subject.schedules.items():
        decides = [weights, schedule and asdict(schedule), subject.tagger.precision, clips, subject.shared.columns]
        yield f"scores {word}", _digest(decides)
    decides = [weights, list(subject.schedules), stopwatch.what_decides()]
    for number in range(1, subject.study.rounds + 1):
        yield f"round {number}", _digest(decides)


def _measure(subject: Subject, stopwatch: Stopwatch, cell: str) -> dict[str, float]:
    kind, _, which = cell.partition(" ")
    if kind == "round":
        return stopwatch.round(subject.schedules, first=int(which) - 1)
    columns = list(subject.shared.columns)
    scores = tag_decoded(subject.tagger.with_merge(which), subject.frames, f"Tagging, merge {which}", track)[:, columns]
    truth, thresholds = subject.frames.targets[:, columns], subject.tagger.thresholds[columns]
    measured = evaluate_scores(scores, truth, thresholds, subject.checkpoint.config.activation)
    return {
        f"{name}{end}": round(value, 5)
        for name in ("accuracy", "map")
        if name in measured
        for end, value in zip(("", "_low", "_high"), asdict(measured[name]).values(), strict=True)
    }


def _table(
    subject: Subject, stopwatch: Stopwatch, finished: dict[str, dict[str, float]], folds: tuple[str, ...]
) -> MergingTable:
    rounds = [metrics for cell, metrics in finished.items() if cell.startswith("round ")]
    model = subject.checkpoint.config.model
    rows = (
        MergingRow(
            merge=word,
            cost=model_cost(model, subject.window_frames, schedule),
            scores=finished.get(f"scores {word}", {}),
            timing=timings(rounds, word),
        )
        for word, schedule in subject.schedules.items()
    )
    return MergingTable(
        title=subject.study.title,
        model=subject.tagger.name,
        data=subject.manifest.name,
        split=describe_split(folds, [subject.checkpoint], subject.manifest, subject.shared.clips),
        n_clips=len(subject.shared.clips),
        machine=stopwatch.machine,
        window_s=subject.window_frames / 100,
        batch=subject.study.batch,
        n_rounds=len(rounds),
        rows=tuple(rows),
    )


def _weights_digest(checkpoint: Checkpoint) -> str:
    """A hash of the weights and of everything in the config that determines the scores."""
    content = hashlib.sha256()
    for name, tensor in sorted(checkpoint.weights.items()):
        content.update(name.encode())
        content.update(tensor.contiguous().view(-1).view(torch.uint8).numpy().tobytes())
    config = checkpoint.config
    used = [asdict(config.model), asdict(config.log_mel), config.pad_to_window, config.activation, config.calibration]
    return _digest([content.hexdigest(), used])


def _digest(decides: object) -> str:
    return hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()[:16]
