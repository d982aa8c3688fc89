"""The benchmark of GPUs runs on a small input, on the processor where there is no GPU."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from benchmarks import full_size, gpu
from core.model.variants import find_variant

pytest.importorskip("transformers")
pytestmark = pytest.mark.slow


def test_each_way_is_measured_with_one_window_and_with_a_batch(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    row = find_variant("ast-tiny-16")
    small = replace(row, model=replace(row.model, n_labels=4, depth=2, embed_dim=24, num_heads=2, max_frames=128))
    monkeypatch.setattr(full_size, "find_variant", lambda _name: small)
    options = ["--precision", "bf16", "--batch", "3", "--rounds", "2", "--matrix", "64", "--json"]
    assert gpu.main(options) == 0
    rows = [gpu.Row(**values) for values in json.loads(capsys.readouterr().out)]
    ways = ["transformers bf16", "Soundmark bf16, merging off", "Soundmark bf16, merging half"]
    assert [(row.way, row.batch) for row in rows] == [(way, batch) for batch in (1, 3) for way in ways]
    for row in rows:
        assert row.p50_ms > 0
        assert row.windows_per_s == pytest.approx(row.batch / row.p50_ms * 1000)
        assert row.share_of_peak > 0
        if "half" not in row.way:
            assert row.off_by < 0.02
        if "transformers" in row.way:
            assert row.faster == 1.0
    assert gpu.table(rows).count("merging half") == 2
