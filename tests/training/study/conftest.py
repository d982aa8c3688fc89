"""Studies with a stand-in for training."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.training.study.study_bench import CHAIN, Bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.fixture
def chain(tmp_path: Path) -> Bench:
    bench = Bench(tmp_path)
    bench.study.write_text(CHAIN)
    return bench
