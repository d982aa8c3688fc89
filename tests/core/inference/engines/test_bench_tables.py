"""What the bench measured is found again for the same model, machine and versions, or not at all."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from core.inference.engines import bench_tables
from core.inference.engines.bench_tables import MOST_KEPT, BenchTable, BenchTables, bench_key
from core.inference.engines.models import Measured, Setting, Shape
from core.model.merging.schedule import NO_MERGING, schedule_from_word
from fakes import tiny_tagger

FINE = Setting("torch", "fp32", NO_MERGING)
FAST = Setting("openvino", "int8", schedule_from_word("energy:8,8,4", 512))
LIVE, FULL = Shape("columns", 256), Shape("clip", 1024)
ROWS = (Measured(FINE, LIVE, 11.25, 12.5, 400.0, 1.0, 0.0), Measured(FAST, LIVE, 2.5, 3.0, 200.0, 0.96, 0.012))


def content(folder: Path) -> Path:
    [path] = folder.glob("*.json")
    return path


def test_a_table_comes_back_for_its_machine_model_and_versions_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    BenchTables(tmp_path, "laptop").keep("starter", ROWS)
    table = BenchTables(tmp_path, "laptop").read("starter")
    assert table.rows == ROWS
    assert table.at > 1.7e9
    assert BenchTables(tmp_path, "server").read("starter") == BenchTable()
    assert BenchTables(tmp_path, "laptop").read("other") == BenchTable()
    monkeypatch.setattr(bench_tables, "package_versions", lambda: ("2099.1", ""))
    assert BenchTables(tmp_path, "laptop").read("starter") == BenchTable()


def test_a_later_run_replaces_what_it_measured_and_leaves_the_rest(tmp_path: Path) -> None:
    tables = BenchTables(tmp_path, "laptop")
    tables.keep("starter", ROWS)
    faster, full = replace(ROWS[1], p50_ms=2.0), replace(ROWS[1], shape=FULL, p50_ms=9.0)
    tables.keep("starter", [faster, full])
    assert tables.read("starter").rows == (ROWS[0], faster, full)


def test_the_oldest_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_tables, "MOST_KEPT", 2)
    assert MOST_KEPT > 2
    tables = BenchTables(tmp_path, "laptop")
    for number in range(4):
        tables.keep(f"model {number}", ROWS)
    assert len(list(tmp_path.glob("*.json"))) == 2
    assert tables.read("model 3").rows == ROWS


@pytest.mark.parametrize("length", [0, 1, 100, -1])
def test_a_file_that_was_cut_off_is_removed_and_made_again(tmp_path: Path, length: int) -> None:
    tables = BenchTables(tmp_path, "laptop")
    tables.keep("starter", ROWS)
    path = content(tmp_path)
    path.write_bytes(path.read_bytes()[:length])
    assert tables.read("starter") == BenchTable()
    assert not path.exists()
    tables.keep("starter", ROWS)
    assert tables.read("starter").rows == ROWS


NONSENSE = (
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5) | st.lists(st.none(), max_size=2)
)


@hypothesis_settings(max_examples=80)
@given(
    st.sampled_from(["format", "rows", "at", "row", *json.loads(json.dumps(bench_tables._entry(ROWS[0])))]), NONSENSE
)
def test_nonsense_is_no_table(tmp_path_factory: pytest.TempPathFactory, name: str, value: object) -> None:
    tables = BenchTables(tmp_path_factory.mktemp("tables"), "laptop")
    tables.keep("starter", ROWS)
    path = content(tables._folder)
    table = json.loads(path.read_text())
    if name in table:
        table[name] = value
    elif name == "row":
        table["rows"][0] = value
    else:
        table["rows"][0][name] = value
    path.write_text(json.dumps(table))
    for row in tables.read("starter").rows:
        assert row.p50_ms > 0
        assert 0 <= row.agreement <= 1


def test_a_folder_that_cannot_be_written_stops_nobody(tmp_path: Path) -> None:
    blocked = tmp_path / "a file"
    blocked.write_text("")
    tables = BenchTables(blocked / "bench", "laptop")
    tables.keep("starter", ROWS)
    assert tables.read("starter") == BenchTable()


def test_a_key_tells_models_devices_and_gpus_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    tagger = tiny_tagger()
    assert bench_key(tagger) == f"{tagger.weights_hash}-cpu"
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "H200")
    tagger.device = "cuda"
    assert bench_key(tagger) == f"{tagger.weights_hash}-cuda H200"
