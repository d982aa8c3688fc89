"""A study of merging tells of each schedule what `evaluate` would, what it costs and how long it takes; once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

import main
from core.model.checkpoints.checkpoint import Checkpoint, save_checkpoint
from core.model.merging.schedule import MergeSchedule
from core.model.networks.cost import model_cost
from fakes import tiny_checkpoint
from training.study import merging_runs
from training.study.ledger import LEDGER_NAME, read_ledger

pytestmark = pytest.mark.slow

STUDY = """
kind = "merging"
title = "Merging"
r = [0, 30, 60]
reference = { patches = 1212, depth = 12 }
forms = ["constant", "energy-decreasing"]
rounds = 2
batch = 2
"""
SHORT = STUDY.replace("[0, 30, 60]", "[30]").replace(', "energy-decreasing"', "").replace("rounds = 2", "rounds = 1")


class Desk:
    """Clips, a tiny model whose answers differ, and a study of them."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.data, self.model, self.out = (folder, *(folder / name for name in ("data", "model", "out")))
        self.study = folder / "small.toml"
        self.study.write_text(STUDY)
        self.data.mkdir()
        rng = np.random.default_rng(0)
        lines = ["path,label,fold_or_split"]
        for i in range(12):
            soundfile.write(self.data / f"{i}.wav", rng.normal(0, 0.1, 32_000 + 16_000 * (i % 2)), 16_000)
            lines.append(f"{i}.wav,{('dog', 'rain', 'siren')[i % 3]},{1 + i % 2}")
        (self.data / "manifest.csv").write_text("\n".join(lines))
        self.new_weights(0)

    def new_weights(self, seed: int) -> None:
        checkpoint = tiny_checkpoint()
        head = torch.randn(4, 24, generator=torch.Generator().manual_seed(seed))
        weights = {**checkpoint.weights, "mlp_head.1.weight": head}
        save_checkpoint(Checkpoint(checkpoint.config, weights), self.model)

    def run(self, *words: str | Path) -> int:
        asked = ["study", self.study, "--model", self.model, "--data", self.data, "--out", self.out, *words]
        return main.main([*map(str, asked), "--device", "cpu"])

    @property
    def cells(self) -> list[str]:
        return [entry.cell for entry in read_ledger(self.out / LEDGER_NAME).entries]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_it_says_what_evaluate_says_and_what_it_costs(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    assert desk.run("--fold", "1", "--json") == 0
    table = json.loads(capsys.readouterr().out)
    assert (table["n_clips"], table["split"], table["window_s"], table["n_rounds"]) == (6, "fold 1", 1.98, 2)
    words = [row["merge"] for row in table["rows"]]
    assert words == ["off", "76", "152", "energy-decreasing:76", "energy-decreasing:152"]
    model = tiny_checkpoint().config.model
    for row in table["rows"]:
        asked = ["--data", str(desk.data), "--fold", "1", "--model", str(desk.model), "--merge", row["merge"]]
        assert main.main(["evaluate", *asked, "--device", "cpu", "--json"]) == 0
        said = json.loads(capsys.readouterr().out)["metrics"]
        for name in ("accuracy", "map"):
            expected = said[name]["value"], said[name]["low"], said[name]["high"]
            assert (row[name], row[f"{name}_low"], row[f"{name}_high"]) == pytest.approx(expected, abs=1e-4)
        assert min(row["ms"], row["rate"], row["ms_speedup"], row["rate_speedup"]) > 0
    constant = MergeSchedule("constant", 76, reference_patches=512)
    assert table["rows"][1]["tokens"] == list(model_cost(model, 198, constant).n_tokens)
    assert table["rows"][1]["gmac"] == pytest.approx(model_cost(model, 198, constant).gmac, abs=1e-6)
    assert table["rows"][0]["ms_speedup"] == table["rows"][0]["saved"] == 1


def test_what_was_measured_is_not_measured_again(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    shared = desk.folder / "shared.jsonl"
    assert desk.run("--fold", "1", "--dry-run") == 0
    assert "7 of 7 cells" in capsys.readouterr().err
    assert not desk.out.exists()
    assert desk.run("--fold", "1", "--ledger", shared) == 0
    shown = capsys.readouterr().out
    assert all(word in shown for word in ("energy-decreasing:152 ", "GMAC", "fold 1", "6 clips", "% (", " to "))
    assert desk.cells == [
        *("scores off", "scores 76", "scores 152", "scores energy-decreasing:76", "scores energy-decreasing:152"),
        *("round 1", "round 2"),
    ]
    assert desk.run("--fold", "1") == 0
    assert len(desk.cells) == 7

    lines = shared.read_text().splitlines()
    shared.write_text("\n".join(line for line in lines if "scores 76" not in line and "round 2" not in line))
    desk.out = desk.folder / "elsewhere"
    assert desk.run("--fold", "1", "--ledger", shared) == 0
    assert desk.cells == ["scores 76", "round 2"]
    assert len(read_ledger(shared).entries) == 7


def test_what_another_call_measured_while_this_one_waited_is_not_measured_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.study.write_text(SHORT)
    assert desk.run("--fold", "1") == 0
    ledger = desk.out / LEDGER_NAME
    measured = ledger.read_bytes()
    ledger.unlink()

    @contextmanager
    def after_another(out: Path) -> Iterator[None]:
        (out / LEDGER_NAME).write_bytes(measured)
        yield

    monkeypatch.setattr(merging_runs, "locked", after_another)
    assert desk.run("--fold", "1") == 0
    assert ledger.read_bytes() == measured


def test_other_weights_clips_and_schedules_are_measured_anew(desk: Desk) -> None:
    desk.study.write_text(SHORT)
    desk.run("--fold", "1")
    desk.run("--fold", "2")  # other clips of another length: 2 scores, 1 round
    assert len(desk.cells) == 6
    desk.new_weights(1)
    desk.run("--fold", "1")
    assert len(desk.cells) == 9
    desk.study.write_text(SHORT.replace("[30]", "[40]"))
    desk.run("--fold", "1")
    assert desk.cells[9:] == ["scores 101", "round 1"]
