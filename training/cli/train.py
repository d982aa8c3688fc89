"""`soundmark train RECIPE` trains a model by a recipe, and reports to people at a terminal or in JSON lines."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from core.cli.terminal.streams import print_error
from core.errors import UsageError, UserError
from core.run.messages import TrainingFailed, TrainingMessage, TrainingStarted
from core.run.run_folder import RUN_NAME, RunDescription, read_description, write_description
from training.cli.data_options import DATA_HELP
from training.cli.reporters import ProgressBar, Reporter, stamp, to_json_lines, to_log, to_tensorboard
from training.config.loading import load_recipe
from training.config.recipe import TrainConfig
from training.config.setting_paths import paths_of_recipe, with_absolute_paths
from training.loop.control import RunControl
from training.loop.run_lock import sole_run

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TrainOptions:
    """What `train` was asked to do."""

    recipe: str | None
    """A shipped recipe's name or a .toml file; None for the recipe of the run in `out`, which resumes."""
    data: Path | None
    """Folder or list of labelled clips; None for that of the run in `out`."""
    out: Path | None
    """The run's folder; None for a new one in runs/."""
    settings: tuple[str, ...] = ()
    """`KEY=VALUE`, changes to the recipe."""
    resume: bool = False
    """Resume the run in `out`."""
    control: bool = False
    """Obey the words of `Command` on standard input."""
    json: bool = False
    """Print JSON lines even on a terminal."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of `train`; changes to the recipe may also follow them."""
    parser.add_argument("recipe", nargs="?", metavar="RECIPE", help="a name that `recipes` lists, or a .toml file")
    parser.add_argument("--data", type=Path, metavar="PATH", help=DATA_HELP)
    parser.add_argument("--out", type=Path, metavar="DIR", help="the folder for the run (default: runs/…)")
    parser.add_argument("--resume", action="store_true", help="resume the run in --out")
    parser.add_argument("--json", action="store_true", help="print JSON lines even on a terminal")
    parser.add_argument("--control", action="store_true", help="obey pause, resume and stop on standard input")
    parser.add_argument("settings", nargs="*", metavar="KEY=VALUE", help="changes to the recipe")


def run(namespace: argparse.Namespace) -> int:
    """Run `train` with the options of `add_options`."""
    recipe, settings = namespace.recipe, namespace.settings
    if recipe is not None and "=" in recipe:  # --resume needs no recipe, and argparse cannot know
        recipe, settings = None, [recipe, *settings]
    options = TrainOptions(
        recipe=recipe,
        data=namespace.data,
        out=namespace.out,
        settings=tuple(settings),
        resume=namespace.resume,
        control=namespace.control,
        json=namespace.json,
    )
    return run_training(options)


def run_training(options: TrainOptions) -> int:
    """Train to the end; the exit status. Messages go to standard output and to OUT/log.jsonl."""
    with ExitStack() as stack:
        reporters: list[Reporter] = []
        try:
            _refuse_under_torchrun(options)
            described = _described(options)
            config = load_recipe(described.recipe, list(described.settings))
            described = replace(described, settings=(*described.settings, *paths_of_recipe(config)))
            out = options.out or Path("runs") / f"{config.name}-{stamp()}"
            if _is_first_process():
                stack.enter_context(sole_run(out))  # before the first line in its log
                if options.resume and not os.path.isfile(out / RUN_NAME):
                    print_error(f"{out} holds no run yet: this one starts from the beginning.")
                reporters.append(to_json_lines if options.json or not sys.stdout.isatty() else ProgressBar())
                to_file, log = to_log(out)
                stack.enter_context(log)
                reporters += [to_file, to_tensorboard(out)]
                reporters.append(_write_description_once_started(described, out))
        except UserError as error:
            return _fail(error, reporters or [to_json_lines])
        return _train(config, Path(described.data), out, options, reporters, stack)


def _described(options: TrainOptions) -> RunDescription:
    """What to run: as asked, or as the run in OUT was started, with further settings on top."""
    if options.recipe is None:
        if not (options.resume and options.out):
            raise UsageError("No recipe is given.", "Name one, or resume a run with --resume --out DIR.")
        earlier = read_description(options.out)
        data = str(options.data.absolute()) if options.data else earlier.data
        return RunDescription(earlier.recipe, data, (*earlier.settings, *with_absolute_paths(options.settings)))
    if options.data is None:
        raise UsageError("No training data is given.", "Give a folder of class folders, or ESC-50's, with --data.")
    if options.resume and options.out is None:
        raise UsageError("--resume needs the run to resume.", "Name its folder with --out.")
    recipe = str(Path(options.recipe).absolute()) if options.recipe.endswith(".toml") else options.recipe
    return RunDescription(recipe, str(options.data.absolute()), with_absolute_paths(options.settings))


def _write_description_once_started(described: RunDescription, out: Path) -> Reporter:
    """Write OUT/run.json once the run has started: a refused command leaves the description of an earlier run alone."""

    def report(message: TrainingMessage) -> None:
        if isinstance(message, TrainingStarted):
            write_description(out, described)

    return report


def _train(
    config: TrainConfig, data: Path, out: Path, options: TrainOptions, reporters: list[Reporter], stack: ExitStack
) -> int:
    # Late: wrong usage is reported before torch is loaded.
    if config.start.freeze and not config.optimisation.frame_loss:
        from training.head_only.training import train_head as train
    else:
        from training.loop.runner import train

    control = RunControl(until=stack)
    if options.control:
        control.read(sys.stdin)

    def report(message: TrainingMessage) -> None:
        for reporter in reporters:
            reporter(message)

    try:
        checkpoint = train(config, data, out, report, control=control, resume=options.resume)
    except UserError as error:
        return _fail(error, reporters)
    except KeyboardInterrupt:
        print_error(f"Interrupted. Resume with --resume --out {out}.")
        return 130
    except Exception as error:  # memory, a lost process: whoever started the run expects a message
        _log.exception("training failed")
        return _fail(
            UserError(f"Training stopped: {error!r}.", f"Fix that, then resume with --resume --out {out}."), reporters
        )
    return 0 if checkpoint else 130


def _refuse_under_torchrun(options: TrainOptions) -> None:
    """Refuse what several processes cannot agree on. Raises UsageError."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        return
    if options.out is None:
        raise UsageError("Several processes train into one folder, and none is named.", "Name it with --out.")
    if options.control:
        raise UsageError(
            "--control steers one process, but torchrun started several.", "Leave it out; Ctrl+C stops them."
        )


def _is_first_process() -> bool:
    """Whether this is the first of the processes that torchrun started: the others report nothing."""
    return os.environ.get("RANK", "0") == "0"


def _fail(error: UserError, reporters: list[Reporter]) -> int:
    for reporter in reporters:
        reporter(TrainingFailed(error.problem, error.remedy))
    print_error(error)
    return 2 if isinstance(error, UsageError) else 1
