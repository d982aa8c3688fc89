"""Soundmark's only entrance: the window, or one of the terminal's verbs. See `main.py --help`."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from core.cli.argument_types import PlainParser, comma_names, merge_word, positive_number, stride_pair, whole_count
from core.cli.models_options import add_models_options
from core.cli.tag import ModelOptions, TagOptions, run_tag
from core.cli.terminal.display import has_display
from core.cli.terminal.leaving import EXIT_STATUS, run_and_leave
from core.cli.terminal.streams import print_error
from core.errors import UsageError, UserError
from core.version import NAME, version

VERBS = ("tag", "listen", "devices", "check", "statistics", "recipes", "train", "evaluate", "study", "bench", "models")


def main(argv: list[str]) -> int:
    """Run one command; the exit status, as EXIT_STATUS has it."""
    try:
        if _is_for_the_window(argv):
            return _window(argv)
        options = parse(argv)
        return options.run(options)
    except UserError as error:
        print_error(error)
        return 2 if isinstance(error, UsageError) else 1
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        return 0  # the reader (`| head`) has gone, with all that it wanted


def _is_for_the_window(argv: list[str]) -> bool:
    """Whether no verb is meant: nothing, an option of the window, or a file comes first."""
    if not argv or argv[0] in ("--demo", "--settings") or argv[0].startswith("--settings="):
        return True
    return argv[0] not in VERBS and os.path.exists(argv[0])


def parse(argv: list[str]) -> argparse.Namespace:
    """The options of one verb; wrong usage exits with 2."""
    parser = build_parser()
    if argv[0] not in VERBS and Path(argv[0]).suffix:
        parser.error(f"there is no file {argv[0]}")
    options, rest = parser.parse_known_args(argv)
    # argparse takes no KEY=VALUE that stands behind --data and --out.
    settings = [word for word in rest if not word.startswith("-")]
    if rest and (options.verb not in ("train", "check") or len(settings) < len(rest)):
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    options.settings = getattr(options, "settings", []) + settings
    return options


def build_parser() -> argparse.ArgumentParser:
    """The command line as users know it; `tests/test_command_line.py` keeps it."""
    parser = PlainParser(
        prog="main.py",
        usage=f"main.py [--settings FILE] [--demo] [FILE ...]\n       main.py {{{','.join(VERBS)}}} ...",
        description="Soundmark tags what it hears. Without a verb it opens the window and tags the files named, if "
        "any; --demo listens to the synthesised demo scene, --settings keeps the window's settings in an INI file.",
        epilog=EXIT_STATUS,
    )
    parser.add_argument("--version", action="version", version=f"{NAME} {version()}", help="print the version and exit")
    verbs = parser.add_subparsers(dest="verb", prog="main.py", metavar=" | ".join(VERBS), required=True)

    tag = verbs.add_parser("tag", help="tag audio and video files, or folders of them")
    tag.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="files, or folders to search")
    _add_model_options(tag)
    tag.add_argument("--format", choices=("table", "jsonl", "csv"), default="table", help="default table")
    tag.add_argument("--output", type=Path, metavar="FILE", help="write there instead of to the terminal")
    window = "window length, up to 30.72 (default: the one that the model was made for, usually 10.24)"
    tag.add_argument("--window-s", type=positive_number, metavar="S", help=window)
    hop = "from window to window (default 5, or the window; with --frames half of it)"
    tag.add_argument("--hop-s", type=positive_number, metavar="S", help=hop)
    frames = "when rather than whether: scores every 100 ms, in a table onsets and offsets"
    tag.add_argument("--frames", action="store_true", help=frames)
    how_many = tag.add_mutually_exclusive_group()
    how_many.add_argument("--top-k", type=whole_count, default=5, metavar="K", help="labels a window (default 5)")
    how_many.add_argument("--all-scores", action="store_true", help="every label of every window")
    tag.set_defaults(run=_tag)

    listen = verbs.add_parser("listen", help="tag what a microphone hears, in the terminal")
    listen.add_argument("--input", metavar="NAME|FILE", help="device name, file, or 'demo' (default: the microphone)")
    listen.add_argument("--seconds", type=positive_number, metavar="N", help="stop after so long")
    hop = "from window to window (default 0.5)"
    listen.add_argument("--hop-s", type=positive_number, default=0.5, metavar="S", help=hop)
    listen.add_argument("--format", choices=("table", "jsonl"), default="table", help="default table")
    _add_model_options(listen)
    listen.set_defaults(run=_listen)

    devices = verbs.add_parser("devices", help="list the inputs")
    devices.add_argument("--json", action="store_true", help="as a JSON list")
    devices.set_defaults(run=_devices)

    _add_check(verbs.add_parser("check", help="say what is in a folder of labelled clips, and what is wrong with it"))
    _add_statistics(verbs.add_parser("statistics", help="mean and deviation of the clips' log-mel, and their levels"))

    recipes = verbs.add_parser("recipes", help="list what can be trained")
    recipes.add_argument("--json", action="store_true", help="as a JSON list")
    recipes.set_defaults(run=_recipes)

    _add_train(verbs.add_parser("train", help="train a model by a recipe"))

    _add_evaluate(verbs.add_parser("evaluate", help="measure a model on labelled clips"))

    _add_study(verbs.add_parser("study", help="run a grid of trainings, and go on with it"))

    bench = verbs.add_parser("bench", help="measure how fast this machine tags")
    bench.add_argument("--seconds", type=positive_number, default=5.0, metavar="N", help="for each setting (default 5)")
    bench.add_argument("--json", action="store_true", help="as one JSON object")
    _add_model_options(bench)
    bench.set_defaults(run=_bench)

    add_models_options(verbs.add_parser("models", help="list, get, import and export models"))
    return parser


def _add_train(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("recipe", nargs="?", metavar="RECIPE", help="a name that `recipes` lists, or a .toml file")
    parser.add_argument("--data", type=Path, metavar="PATH", help="folder or list of labelled clips")
    parser.add_argument("--out", type=Path, metavar="DIR", help="where the run is kept (default: runs/…)")
    parser.add_argument("--resume", action="store_true", help="go on with the run in --out")
    parser.add_argument("--json", action="store_true", help="JSON lines even on a terminal")
    parser.add_argument("--control", action="store_true", help="obey the words pause, resume, stop on standard input")
    parser.add_argument("settings", nargs="*", metavar="KEY=VALUE", help="changes to the recipe")
    parser.set_defaults(run=_train)


def _add_check(parser: argparse.ArgumentParser) -> None:
    _add_data_options(parser)
    folds = "folds that will be held out, with commas between (default: each in its turn)"
    parser.add_argument("--test-folds", type=comma_names, default=(), metavar="K", help=folds)
    parser.add_argument("--recipe", default="", metavar="RECIPE", help="what this one refuses (default: what any does)")
    parser.set_defaults(run=_check)


def _add_statistics(parser: argparse.ArgumentParser) -> None:
    _add_data_options(parser)
    frames = "the length that padded figures are for: AudioSet 1024 (default), ESC-50 512, Speech Commands 128"
    parser.add_argument("--frames", type=whole_count, default=1024, metavar="N", help=frames)
    parser.set_defaults(run=_statistics)


def _add_data_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", required=True, type=Path, metavar="PATH", help="folder or list of labelled clips")
    parser.add_argument("--collection", default="", metavar="C", help="a list in training/collections that joins sets")
    parser.add_argument("--json", action="store_true", help="as one JSON object")


def _add_evaluate(parser: argparse.ArgumentParser) -> None:
    _add_data_options(parser)
    parser.add_argument("--fold", action="append", default=[], metavar="K", help="only this fold; may be repeated")
    parser.add_argument("--out", type=Path, metavar="FILE", help="keep the report, with every clip, as JSON")
    models = "a variant's name, a checkpoint folder or file (default: starter); several answer with their mean"
    parser.add_argument("--model", action="append", default=[], metavar="M", help=models)
    _add_run_options(parser)
    parser.set_defaults(run=_evaluate)


def _add_study(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("study", nargs="?", metavar="NAME", help="a study, or its .toml file; without: list them")
    parser.add_argument("--data", type=Path, metavar="PATH", help="folder or list of labelled clips")
    parser.add_argument("--out", type=Path, metavar="DIR", help="where its runs are kept (default: runs/study-NAME)")
    ledger = "a ledger of this study on these data, from any computer: it knows what is done, and gets the rest"
    parser.add_argument("--ledger", type=Path, metavar="FILE", help=ledger)
    parser.add_argument("--model", metavar="M", help="for a study that measures: which model (default: starter)")
    folds = "for a study that measures: score this fold alone; may be repeated"
    parser.add_argument("--fold", action="append", default=[], metavar="K", help=folds)
    device = "for a study that measures: on what"
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto", help=device)
    parser.add_argument("--dry-run", action="store_true", help="say what is to do, and the table so far")
    parser.add_argument("--json", action="store_true", help="the table as one JSON object")
    parser.set_defaults(run=_study)


def _add_model_options(parser: argparse.ArgumentParser) -> None:
    models = "a variant's or a kept model's name, a checkpoint folder or file (default: starter)"
    parser.add_argument("--model", metavar="M", help=models)
    _add_run_options(parser)


def _add_run_options(parser: argparse.ArgumentParser) -> None:
    merge = "tokens merged a layer: 16, decreasing:20, energy:16, energy-decreasing:20 or a list as 8,8,4"
    parser.add_argument("--merge", default="auto", type=merge_word, metavar="auto|off|R", help=merge)
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto", help="auto: a GPU if there is one")
    parser.add_argument("--precision", choices=("auto", "fp32", "bf16"), default="auto", help="auto: bf16 on a GPU")
    stride = "cut patches so far apart, in place of the model's own strides: 16x16"
    parser.add_argument("--stride", type=stride_pair, metavar="MELSxFRAMES", help=stride)
    no_pad = "take short input as it is, without the zero frames that published models were trained with"
    parser.add_argument("--no-pad", action="store_true", help=no_pad)


def _model_options(options: argparse.Namespace) -> ModelOptions:
    return ModelOptions(options.model, options.merge, options.device, options.precision, options.stride, options.no_pad)


def _tag(options: argparse.Namespace) -> int:
    wanted = TagOptions(
        paths=tuple(options.paths),
        model=_model_options(options),
        format=options.format,
        output=options.output,
        window_s=options.window_s,
        hop_s=options.hop_s,
        top_k=None if options.all_scores else options.top_k,
        frames=options.frames,
    )
    return run_tag(wanted)


def _listen(options: argparse.Namespace) -> int:
    from core.cli.listen import ListenOptions, run_listen

    model = _model_options(options)
    return run_listen(ListenOptions(model, options.input, options.seconds, options.hop_s, options.format))


def _devices(options: argparse.Namespace) -> int:
    from core.cli.devices import run_devices

    return run_devices(options.json)


def _check(options: argparse.Namespace) -> int:
    from training.cli.check import CheckOptions, run_check

    data = (options.data, options.collection, options.test_folds, options.json)
    return run_check(CheckOptions(*data, options.recipe, tuple(options.settings)))


def _statistics(options: argparse.Namespace) -> int:
    from training.cli.statistics import StatisticsOptions, run_statistics

    return run_statistics(StatisticsOptions(options.data, options.collection, options.frames, options.json))


def _train(options: argparse.Namespace) -> int:
    from training.cli.train import TrainOptions, run_training

    recipe, settings = options.recipe, options.settings
    if recipe is not None and "=" in recipe:  # --resume needs no recipe, and argparse cannot tell
        recipe, settings = None, [recipe, *settings]
    wanted = TrainOptions(
        recipe, options.data, options.out, tuple(settings), options.resume, options.control, options.json
    )
    return run_training(wanted)


def _evaluate(options: argparse.Namespace) -> int:
    from training.cli.evaluate import EvaluateOptions, run_evaluation

    wanted = EvaluateOptions(
        models=tuple(options.model),
        data=options.data,
        folds=tuple(options.fold),
        collection=options.collection,
        merge=options.merge,
        device=options.device,
        precision=options.precision,
        strides=options.stride,
        no_pad=options.no_pad,
        as_json=options.json,
        out=options.out,
    )
    return run_evaluation(wanted)


def _recipes(options: argparse.Namespace) -> int:
    from training.cli.recipes import run_recipes

    return run_recipes(options.json)


def _study(options: argparse.Namespace) -> int:
    from training.cli.study import StudyOptions, run_study

    wanted = StudyOptions(
        name=options.study,
        data=options.data,
        out=options.out,
        dry_run=options.dry_run,
        as_json=options.json,
        ledger=options.ledger,
        model=options.model,
        folds=tuple(options.fold),
        device=options.device,
    )
    return run_study(wanted)


def _bench(options: argparse.Namespace) -> int:
    from core.cli.bench import BenchOptions, run_bench

    return run_bench(BenchOptions(_model_options(options), options.seconds, options.json))


def _window(argv: list[str]) -> int:
    if not has_display():
        print("There is no display: listening in the terminal instead.", file=sys.stderr, flush=True)
        return main(["listen"])
    from app.application import run

    return run([sys.argv[0], *argv])


if __name__ == "__main__":
    run_and_leave(main)
