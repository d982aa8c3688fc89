"""`main.py train RECIPE`: runs a recipe, in words for people at a terminal and in JSON lines for programs."""

from __future__ import annotations

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
from training.cli.reporters import ProgressBar, Reporter, stamp, to_json_lines, to_log, to_tensorboard
from training.config.recipe import TrainConfig, load_recipe
from training.config.setting_paths import paths_of_recipe, with_absolute_paths
from training.loop.control import RunControl
from training.loop.run_lock import sole_run

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TrainOptions:
    """The command line. recipe None: that of the run in `out`, which goes on. json: JSON lines even on a terminal."""

    recipe: str | None
    data: Path | None
    out: Path | None
    settings: tuple[str, ...] = ()
    resume: bool = False
    control: bool = False
    json: bool = False


def run_training(options: TrainOptions) -> int:
    """Train to the end; the exit code. Messages go to stdout and, with what came before, to OUT/log.jsonl."""
    with ExitStack() as stack:
        reporters: list[Reporter] = []
        try:
            _refuse_under_torchrun(options)
            described = _described(options)
            config = load_recipe(described.recipe, list(described.settings))
            described = replace(described, settings=(*described.settings, *paths_of_recipe(config)))
            out = options.out or Path("runs") / f"{config.name}-{stamp()}"
            if _is_first_process():
                stack.enter_context(sole_run(out))  # before the first word in its log
                if options.resume and not os.path.isfile(out / RUN_NAME):
                    print_error(f"{out} holds no run yet: this one begins at the beginning.")
                reporters.append(to_json_lines if options.json or not sys.stdout.isatty() else ProgressBar())
                to_file, log = to_log(out)
                stack.enter_context(log)
                reporters += [to_file, to_tensorboard(out)]
                reporters.append(_describe_once_started(described, out))
        except UserError as error:
            return _fail(error, reporters or [to_json_lines])
        return _train(config, Path(described.data), out, options, reporters, stack)


def _described(options: TrainOptions) -> RunDescription:
    """What to run: as said, or as the run in OUT was started, with further settings on top."""
    if options.recipe is None:
        if not (options.resume and options.out):
            raise UsageError("No recipe is given.", "Name one, or go on with a run by --resume --out DIR.")
        earlier = read_description(options.out)
        data = str(options.data.absolute()) if options.data else earlier.data
        return RunDescription(earlier.recipe, data, (*earlier.settings, *with_absolute_paths(options.settings)))
    if options.data is None:
        raise UsageError("No training data is given.", "Give a folder of class folders, or ESC-50's, with --data.")
    if options.resume and options.out is None:
        raise UsageError("--resume goes on with a run, and none is named.", "Name its folder with --out.")
    recipe = str(Path(options.recipe).absolute()) if options.recipe.endswith(".toml") else options.recipe
    return RunDescription(recipe, str(options.data.absolute()), with_absolute_paths(options.settings))


def _describe_once_started(described: RunDescription, out: Path) -> Reporter:
    """Writes OUT/run.json when the run is accepted: a refused command leaves that of the run in OUT as it was."""

    def report(message: TrainingMessage) -> None:
        if isinstance(message, TrainingStarted):
            write_description(out, described)

    return report


def _train(
    config: TrainConfig, data: Path, out: Path, options: TrainOptions, reporters: list[Reporter], stack: ExitStack
) -> int:
    # Late: everything before answers wrong usage without loading torch.
    if config.freeze and not config.frame_loss:
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
        print_error(f"Broken off. Resume with --resume --out {out}.")
        return 130
    except Exception as error:  # memory, a lost process: whoever started the run must hear of it in its own language
        _log.exception("training failed")
        return _fail(UserError(f"Training stopped: {error!r}.", f"Mend that; --resume --out {out} goes on."), reporters)
    return 0 if checkpoint else 130


def _refuse_under_torchrun(options: TrainOptions) -> None:
    """What several processes cannot agree on."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        return
    if options.out is None:
        raise UsageError("Several processes train into one folder, and none is named.", "Name it with --out.")
    if options.control:
        raise UsageError("--control steers one process; torchrun started several.", "Leave it out; Ctrl+C stops them.")


def _is_first_process() -> bool:
    """Of those that torchrun started: the others are silent."""
    return os.environ.get("RANK", "0") == "0"


def _fail(error: UserError, reporters: list[Reporter]) -> int:
    for reporter in reporters:
        reporter(TrainingFailed(error.problem, error.remedy))
    print_error(error)
    return 2 if isinstance(error, UsageError) else 1
