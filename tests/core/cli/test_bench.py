"""The bench measures what it says, with and without merging, also for shapes without weights."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.cli.bench import BenchOptions, run_bench
from core.cli.model_options import ModelOptions
from core.errors import UsageError
from core.model.checkpoints.checkpoint import save_checkpoint
from fakes import tiny_checkpoint

pytestmark = pytest.mark.slow


def test_json_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save_checkpoint(tiny_checkpoint(), tmp_path / "m")
    options = ModelOptions(str(tmp_path / "m"), merge="100", device="cpu")
    assert run_bench(BenchOptions(options, seconds=0.05, as_json=True)) == 0
    report = json.loads(capsys.readouterr().out)
    off, merged = report["settings"]
    assert (off["merge"], off["tokens_in"], off["tokens_out"]) == ("off", 514, 514)
    assert (merged["merge"], merged["tokens_out"]) == ("constant 100", 314)
    for row in (off, merged):
        assert row["windows"] >= 1
        assert 0 < row["window_ms_median"] <= row["window_ms_p95"]
        assert row["real_time_factor"] == pytest.approx(500 / row["window_ms_median"], rel=0.01)
    assert report["log_mel_ms_per_second"] > 0


def test_an_architecture_without_weights_is_timed_with_random_ones(capsys: pytest.CaptureFixture[str]) -> None:
    options = ModelOptions("ast-tiny-16", merge="off", device="cpu")
    assert run_bench(BenchOptions(options, seconds=0.01)) == 0
    captured = capsys.readouterr()
    assert "no weights here" in captured.err
    assert "merge off: 514 → 514 tokens" in captured.out


def test_no_time_measures_nothing() -> None:
    with pytest.raises(UsageError, match="0 seconds"):
        run_bench(BenchOptions(ModelOptions(), seconds=0))
