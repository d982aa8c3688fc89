"""The bench measures what it says, with and without merging, also for shapes without weights."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.cli import bench
from core.cli.bench import BenchOptions, run_bench, wanted_settings
from core.cli.model_options import ModelOptions
from core.errors import UsageError, UserError
from core.inference.engines import measuring
from core.inference.engines.bench_tables import BenchTables, bench_key
from core.inference.engines.models import Setting
from core.model.checkpoints.checkpoint import save_checkpoint
from core.model.merging.schedule import NO_MERGING
from core.program import cache_folder
from fakes import tiny_checkpoint, tiny_tagger

pytestmark = pytest.mark.slow


def test_json_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save_checkpoint(tiny_checkpoint(), tmp_path / "m")
    options = ModelOptions(str(tmp_path / "m"), merge="100", device="cpu")
    assert run_bench(BenchOptions(options, seconds=0.05, as_json=True)) == 0
    report = json.loads(capsys.readouterr().out)
    off, merged = report["settings"]
    assert (off["engine"], off["precision"], off["merge"]) == ("torch", "fp32", "off")
    assert merged["merge"] == "100"
    assert (off["agreement"], off["difference"]) == (1.0, 0.0)
    for row in (off, merged):
        assert 0 < row["p50_ms"] <= row["p95_ms"]
        assert row["windows_per_s"] == pytest.approx(1000 / row["p50_ms"], rel=0.01, abs=0.1)
        assert row["memory_mb"] > 0
    assert report["best"]
    assert report["log_mel_ms_per_second"] > 0
    kept = BenchTables().read(bench_key(options.load_tagger()))
    assert [row.setting.merge.to_word() for row in kept.rows] == ["off", "100"]
    assert [round(row.p50_ms, 3) for row in kept.rows] == [row["p50_ms"] for row in (off, merged)]


def test_an_architecture_without_weights_is_timed_with_random_ones(capsys: pytest.CaptureFixture[str]) -> None:
    before = list((cache_folder() / "bench").glob("*.json"))
    options = ModelOptions("ast-tiny-16", merge="off", device="cpu")
    assert run_bench(BenchOptions(options, seconds=0.01)) == 0
    captured = capsys.readouterr()
    assert "no weights here" in captured.err
    assert list((cache_folder() / "bench").glob("*.json")) == before, "nobody asks for random weights again"
    [row] = [line for line in captured.out.splitlines() if line.startswith("PyTorch")]
    assert row.endswith("best")


def test_the_options_choose_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOUNDMARK_ENGINE", raising=False)
    ways = [Setting("torch", "fp32", NO_MERGING), Setting("openvino", "bf16", NO_MERGING)]
    monkeypatch.setattr(measuring, "settings_of", lambda _tagger: tuple(ways))
    assert wanted_settings(ModelOptions(), tiny_tagger()) == ways
    assert wanted_settings(ModelOptions(engine="openvino"), tiny_tagger()) == ways[1:]
    assert wanted_settings(ModelOptions(precision="fp32"), tiny_tagger()) == ways[:1]
    merged = wanted_settings(ModelOptions(merge="8"), tiny_tagger("8"))
    assert [one.merge.to_word() for one in merged] == ["off", "off", "8", "8"]


def test_a_refused_setting_says_why(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def refuse(*_arguments: object, **_more: object) -> object:
        raise UserError("It is off by 0.5.", "Use another.")

    monkeypatch.setattr(measuring, "measure", refuse)
    monkeypatch.setattr(bench, "_tagger", lambda _model: tiny_tagger())
    assert run_bench(BenchOptions(ModelOptions(merge="off"), seconds=0.01)) == 0
    assert "off by 0.5" in capsys.readouterr().out


def test_no_time_measures_nothing() -> None:
    with pytest.raises(UsageError, match="0 seconds"):
        run_bench(BenchOptions(ModelOptions(), seconds=0))
