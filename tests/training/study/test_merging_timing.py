"""The timing of merging: every round starts with another schedule."""

from __future__ import annotations

import pytest
import torch

from core.inference.tagger import Tagger
from core.model.merging.schedule import NO_MERGING, MergeSchedule
from core.model.networks.spectrogram_transformer import AudioSpectrogramTransformer
from fakes import tiny_checkpoint
from training.study.merging_timing import Stopwatch


def test_every_round_begins_with_another_schedule(monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoint = tiny_checkpoint()
    stopwatch = Stopwatch(checkpoint, Tagger(checkpoint, device="cpu"), 100, batch=3)
    schedules = {"off": NO_MERGING, "8": MergeSchedule("constant", 8), "16": MergeSchedule("constant", 16)}
    seen: list[tuple[MergeSchedule, int]] = []
    monkeypatch.setattr(stopwatch, "_seconds", lambda merge, n: seen.append((merge, n)) or 0.5)
    times = stopwatch.round(schedules, first=4)
    warming, measured = seen[:3], seen[3:]
    assert [n for _, n in warming] == [3, 3, 3]
    assert [merge for merge, _ in measured[::4]] == [schedules["8"], schedules["16"], NO_MERGING]
    assert [n for _, n in measured] == [1, 1, 1, 3] * 3
    assert (times["ms 16"], times["rate off"]) == (500.0, 6.0)


@pytest.mark.parametrize(("precision", "dtype"), [("fp32", torch.float32), ("bf16", torch.bfloat16)])
def test_what_is_timed_computes_in_the_tagger_s_precision(precision: str, dtype: torch.dtype) -> None:
    checkpoint = tiny_checkpoint()
    stopwatch = Stopwatch(checkpoint, Tagger(checkpoint, device="cpu", precision=precision), 64, batch=1)
    times = stopwatch.round({"off": NO_MERGING}, first=0)
    assert times["ms off"] > 0
    assert isinstance(stopwatch._network, AudioSpectrogramTransformer)
    assert stopwatch._network.blocks[0].mlp.fc1.weight.dtype == dtype  # type: ignore[union-attr]
