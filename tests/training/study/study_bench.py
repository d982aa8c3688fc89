"""A study whose training is a stand-in that takes no time. No test by itself."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from training.cli.study import StudyOptions, run_study
from training.study.ledger import LEDGER_NAME, Ledger, LedgerEntry, read_ledger
from training.study.loading import load_study

STAND_IN = """
import json, pathlib, sys, time
words = sys.argv[1:]
out = pathlib.Path(words[words.index("--out") + 1])
settings = dict(word.split("=") for word in words if "=" in word)
here = pathlib.Path(__file__).parent
def note(what):
    with open(here / "trace", "a") as trace:
        print(what, out.name, file=trace)
note("begins")
while (here / "wait").exists():
    time.sleep(0.02)
note("ends")
if (here / ("fail-" + out.name)).exists():
    sys.exit("The disk is full. Make room.")
(out / "checkpoint").mkdir(exist_ok=True)
begins_with = [json.loads((pathlib.Path(value) / "config.json").read_text())["made_by"]
    for key in ("init", "teacher") for value in settings.get(key, "").split(",") if value]
provenance = {"commit": "abc", "start_content": " ".join(begins_with)}
made = {"provenance": provenance, "made_by": out.name, "begins_with": begins_with}
(out / "checkpoint" / "config.json").write_text(json.dumps(made))
score = 0.5 + 0.1 * float(settings["learning_rate"]) + 0.01 * int(settings["test_folds"])
said = [
    {"type": "epoch", "epoch": 1, "n_epochs": 1, "loss": 1.0, "seconds": 7.0, "seconds_left": 0.0, "metrics": {}},
    {"type": "finished", "checkpoint": "c", "metrics": {"accuracy": score, "map": score / 2}, "report": ""},
]
with open(out / "log.jsonl", "a") as log:
    log.writelines(json.dumps(message) + "\\n" for message in said)
"""
"""Takes what `soundmark train` takes, and takes no time."""
STUDY = """
title = "Rates"
recipe = "esc50-scratch"
folds = ["1", "2"]
seeds = [1]
settings = { epochs = 3 }
[[rows]]
name = "slow"
settings = { learning_rate = 0.1 }
paper = { value = 0.9, source = "a paper" }
[[rows]]
name = "fast"
settings = { learning_rate = 0.5 }
"""


class Bench:
    """A study with a stand-in for training in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.out, self.study = folder, folder / "out", folder / "rates.toml"
        self.study.write_text(STUDY)
        (folder / "train.py").write_text(STAND_IN)

    def run(self, **options: Any) -> int:
        asked = {"data": self.folder, "out": self.out, "as_json": True, **options}
        return run_study(StudyOptions(str(self.study), **asked), (sys.executable, str(self.folder / "train.py")))

    @property
    def ledger(self) -> Ledger:
        return read_ledger(self.out / LEDGER_NAME)

    def entry(self, cell: str) -> LedgerEntry:
        entry = self.ledger.newest(cell)
        assert entry is not None
        return entry

    @property
    def trace(self) -> list[str]:
        path = self.folder / "trace"
        return path.read_text().splitlines() if path.exists() else []

    def begins_with(self, cell: str) -> list[str]:
        """Whose checkpoints a cell was given."""
        return json.loads((self.out / cell / "checkpoint" / "config.json").read_text())["begins_with"]

    def runs_of(self, cell: str) -> int:
        return self.trace.count(f"begins {cell}")


CHAIN = """
title = "Chain"
recipe = "esc50-scratch"
folds = ["1", "2"]
seeds = [1]
settings = { epochs = 3, learning_rate = 0.1 }
[[rows]]
name = "student"
settings = { init = "cell:teacher", learning_rate = 0.2 }
[[rows]]
name = "plain"
[[rows]]
name = "grandchild"
settings = { init = "cell:student", learning_rate = 0.3 }
[[rows]]
name = "teacher"
settings = { learning_rate = 0.4 }
"""
OWN_RECIPE = CHAIN.replace('name = "plain"', 'name = "plain"\nrecipe = "few-clips"')


def another(bench: Bench, folder: Path) -> Bench:
    """The same study on another computer."""
    folder.mkdir()
    other = Bench(folder)
    other.study.write_text(bench.study.read_text())
    return other


def digests(bench: Bench) -> dict[str, str]:
    return {cell.name: cell.digest for cell in load_study(str(bench.study)).cells() if cell.fold == "1"}


def clips_in(folder: Path, *names: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).touch()
    (folder / "manifest.csv").write_text("path,label,fold_or_split\n" + "".join(f"{name},dog,1\n" for name in names))
    return folder
