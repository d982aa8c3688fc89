"""`soundmark bench` measures what each way to run a model is worth on this machine, and keeps it for listening."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from core.cli.argument_types import positive_number
from core.cli.model_options import ModelOptions, add_model_options
from core.errors import UsageError, UserError
from core.inference.engines.models import ENGINE_NAMES, Measured, Setting, Shape
from core.terminal_text import shown

if TYPE_CHECKING:
    from core.inference.engines.measuring import Reference
    from core.inference.tagger import Tagger

_COLUMNS = ("engine", "precision", "merging", "p50 ms", "p95 ms", "windows/s", "MB", "agrees", "off by", "")


@dataclass(frozen=True, slots=True)
class BenchOptions:
    """What `bench` was asked to do."""

    model: ModelOptions
    seconds: float = 5.0
    """Of measuring for each setting."""
    as_json: bool = False
    is_live: bool = False
    """Whether the input is that of listening, rather than a full window."""
    recordings: tuple[Path, ...] = ()
    """On which answers are compared; none for the demo scene."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A setting that this machine cannot use."""

    setting: Setting
    reason: str


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of `bench`."""
    seconds = "seconds for each setting (default: 5)"
    parser.add_argument("--seconds", type=positive_number, default=5.0, metavar="N", help=seconds)
    parser.add_argument("--live", action="store_true", help="the input of listening (default: a full window)")
    recordings = "recordings on which answers are compared (default: the demo scene)"
    parser.add_argument("--sound", type=Path, nargs="+", default=(), metavar="FILE", help=recordings)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    add_model_options(parser)


def run(namespace: argparse.Namespace) -> int:
    """Run `bench` with the options of `add_options`."""
    options = BenchOptions(
        ModelOptions.of(namespace, namespace.model),
        seconds=namespace.seconds,
        as_json=namespace.json,
        is_live=namespace.live,
        recordings=tuple(namespace.sound),
    )
    return run_bench(options)


def run_bench(options: BenchOptions) -> int:
    """Measure each setting that the options leave, and print a table. Raises UserError."""
    from core.inference.engines.measuring import best_of, demo_windows, recorded_windows, reference_of
    from core.inference.engines.threads import leave_a_core

    if not options.seconds > 0:
        raise UsageError(f"Nothing can be measured in {options.seconds:g} seconds.", "Use --seconds 5 or so.")
    if options.is_live:
        leave_a_core()  # as listening does
    tagger = _tagger(options.model)
    shape = tagger.live_shapes[0] if options.is_live else Shape("clip", tagger.window_frames)
    windows = recorded_windows(tagger, shape, options.recordings) if options.recordings else None
    reference = reference_of(tagger, shape, windows or demo_windows(tagger, shape))
    rows = [_measured(options, tagger, setting, reference) for setting in wanted_settings(options.model, tagger)]
    best = best_of([row for row in rows if isinstance(row, Measured)])
    print(json.dumps(_report(tagger, rows, best)) if options.as_json else _table(tagger, rows, best))
    return 0


def wanted_settings(model: ModelOptions, tagger: Tagger) -> list[Setting]:
    """The machine's settings that the options, and SOUNDMARK_ENGINE, leave."""
    from core.inference.engines.measuring import settings_of

    environment = os.environ.get("SOUNDMARK_ENGINE", "auto")
    engine = environment if model.engine == "auto" and environment in ENGINE_NAMES else model.engine
    merges = None if model.merge == "auto" else {"off", tagger.merge.describe()}
    settings = settings_of(tagger)
    if merges is not None and tagger.merge not in {one.merge for one in settings}:
        settings += tuple(dict.fromkeys(replace(one, merge=tagger.merge) for one in settings))
    return [
        one
        for one in settings
        if engine in ("auto", one.engine)
        and model.precision in ("auto", one.precision)
        and (merges is None or one.merge.describe() in merges)
    ]


def _measured(options: BenchOptions, tagger: Tagger, setting: Setting, reference: Reference) -> Measured | Refused:
    from core.inference.engines.bench_tables import BenchTables, bench_key
    from core.inference.engines.measuring import measure

    print(shown(f"Measuring {setting.describe()}…"), file=sys.stderr, flush=True)
    try:
        row = measure(tagger, setting, reference.shape, reference, seconds=options.seconds)
    except UserError as error:
        return Refused(setting, error.problem)
    if _has_weights(options.model):
        # Each at once: whoever stops here keeps what has been measured.
        BenchTables().keep(bench_key(tagger), [row])
    return row


def _report(tagger: Tagger, rows: Sequence[Measured | Refused], best: Measured | None) -> dict[str, object]:
    return {
        "machine": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "model": tagger.name,
        "device": str(tagger.device),
        "log_mel_ms_per_second": round(_log_mel_ms(tagger), 2),
        "settings": [_row_report(tagger, row) for row in rows],
        "best": None if best is None else best.setting.describe(),
    }


def _row_report(tagger: Tagger, row: Measured | Refused) -> dict[str, object]:
    from core.model.networks.token_grid import tokens_per_layer

    values = asdict(row)
    setting = {**values.pop("setting"), "merge": row.setting.merge.to_word()}
    if isinstance(row, Refused):
        return {**setting, **values}
    tokens = tokens_per_layer(tagger.architecture, row.shape.n_frames, row.setting.merge)
    return {
        **setting,
        **values,
        "windows_per_s": _windows_per_s(row),
        "tokens_in": tokens[0],
        "tokens_out": tokens[-1],
    }


def _windows_per_s(row: Measured) -> float:
    return round(1000 / row.p50_ms, 1)


def _table(tagger: Tagger, rows: Sequence[Measured | Refused], best: Measured | None) -> str:
    title = f"{tagger.name} on {tagger.device}, {platform.processor() or platform.machine()}, {os.cpu_count()} cores"
    lines = [_COLUMNS, *(_cells(row, row is best) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_COLUMNS) - 1)]
    table = ["  ".join(f"{cell:{width}}" for cell, width in zip(line, [*widths, 0], strict=True)) for line in lines]
    log_mel = f"log-mel: {_log_mel_ms(tagger):.1f} ms for a second of sound"
    return "\n".join(shown(line.rstrip()) for line in (title, log_mel, *table))


def _cells(row: Measured | Refused, is_best: bool) -> tuple[str, ...]:
    setting = row.setting
    way = (ENGINE_NAMES[setting.engine], setting.precision, setting.merge.describe())
    if isinstance(row, Refused):
        return (*way, *[""] * (len(_COLUMNS) - len(way) - 1), row.reason)
    figures = (f"{row.p50_ms:.1f}", f"{row.p95_ms:.1f}", f"{_windows_per_s(row):.1f}", f"{row.memory_mb:.0f}")
    return (*way, *figures, f"{row.agreement:.1%}", f"{row.difference:.4f}", "best" if is_best else "")


def _log_mel_ms(tagger: Tagger) -> float:
    """Milliseconds for a second of sound."""
    from core.audio.demo.scene import demo_scene
    from core.audio.log_mel import LogMel

    sound = demo_scene()
    began = time.perf_counter()
    LogMel(tagger.log_mel)(sound)
    return (time.perf_counter() - began) * 1000 * tagger.log_mel.sample_rate / len(sound)


def _has_weights(model: ModelOptions) -> bool:
    """Whether it is more than an architecture."""
    from core.model.variants import MODEL_VARIANTS

    variant = MODEL_VARIANTS.get(model.model or "starter")
    return variant is None or variant.weights is not None


def _tagger(model: ModelOptions) -> Tagger:
    """Load the model; an architecture without weights gets random ones, which run just as fast."""
    from core.audio.log_mel import LogMelConfig
    from core.labels import LabelSet
    from core.model.checkpoints.checkpoint import Checkpoint, CheckpointConfig
    from core.model.networks.build import build_network
    from core.model.variants import MODEL_VARIANTS

    if _has_weights(model):
        return model.load_tagger()
    variant = MODEL_VARIANTS[model.model or "starter"]
    print(f"{variant.name} has no weights here: timing random ones.", file=sys.stderr)
    n_labels = variant.model.n_labels
    config = CheckpointConfig(
        name=f"{variant.title} (random weights)",
        variant=variant.name,
        model=variant.model,
        log_mel=LogMelConfig(),
        labels=LabelSet.from_ids([f"label_{i}" for i in range(n_labels)]),
        thresholds=(0.5,) * n_labels,
    )
    return model.tagger(model.adapt(Checkpoint(config, build_network(variant.model).state_dict())))
