"""The full-size benchmark runs on a small input, and what it calls exact is."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import full_size
from core.model.checkpoints.checkpoint import save_checkpoint
from core.model.variants import find_variant
from fakes import telling_checkpoint

pytest.importorskip("openvino")
pytest.importorskip("transformers")
pytestmark = pytest.mark.slow


def test_each_way_is_measured_and_fp32_is_exact(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    row = find_variant("ast-tiny-16")
    small = replace(row, model=replace(row.model, n_labels=4, depth=2, embed_dim=24, num_heads=2, max_frames=128))
    monkeypatch.setattr(full_size, "find_variant", lambda _name: small)
    monkeypatch.setattr(full_size, "wanted", lambda _tagger: [("fp32", 0.0), ("fp32", 0.5)])
    save_checkpoint(telling_checkpoint(), tmp_path / "trained")
    assert full_size.main(["--rounds", "2", "--trained", str(tmp_path / "trained"), "--json"]) == 0
    rows = {row["way"]: row for row in json.loads(capsys.readouterr().out)}
    assert list(rows) == ["transformers fp32", "torch fp32", "OpenVINO fp32", "OpenVINO fp32, 50% merged"]
    assert rows["transformers fp32"]["faster"] == 1.0
    for way in ("torch fp32", "OpenVINO fp32"):
        assert rows[way]["logits_off"] < 1e-3
        assert rows[way]["p50_ms"] > 0
    assert rows["OpenVINO fp32"]["agreement"] == 1.0
    assert rows["OpenVINO fp32"]["difference"] < 1e-3
    assert full_size.table([full_size.Row(**row) for row in rows.values()]).count("merged") == 1
