"""What is known of settings beforehand: the newest counts, and agreement where it was measured best."""

from __future__ import annotations

from dataclasses import replace

from core.inference.engines.bench_tables import BenchTable
from core.inference.engines.models import Agreement, Measured, Setting, Shape
from core.inference.pacing.figures import figures_of, is_newer
from core.inference.pacing.memory import Remembered
from core.inference.pacing.settings import Known
from core.model.merging.schedule import NO_MERGING, MergeSchedule

FINE = Setting("openvino", "fp32", NO_MERGING)
FAST = replace(FINE, merge=MergeSchedule(r=64, reference_patches=512))
LIVE, FULL = Shape("columns", 256), Shape("clip", 1024)
KNOWN = {FINE: Known(is_ready=True, ms=3.0), FAST: Known(is_ready=True, ms=4.0, agreement=Agreement(1.0, 0.002))}


def row(setting: Setting, shape: Shape, p50_ms: float, share: float = 1.0, difference: float = 0.0) -> Measured:
    return Measured(setting, shape, p50_ms, p50_ms, 100.0, share, difference)


def test_without_a_bench_the_quick_look_and_what_was_learnt_count() -> None:
    figures = figures_of(KNOWN, BenchTable(), [LIVE], Remembered(FINE, 0.25, {FINE: 3.5}, at=10.0))
    assert figures.ms == {FINE: 3.5, FAST: 4.0}
    assert figures.benched == {}
    assert figures.agreement == {FAST: Agreement(1.0, 0.002)}


def test_the_newer_of_bench_and_memory_counts() -> None:
    table = BenchTable((row(FINE, LIVE, 2.0), row(FAST, LIVE, 2.5)), at=20.0)
    older, newer = (Remembered(FINE, 0.25, {FINE: 3.5}, at=at) for at in (10.0, 30.0))
    assert figures_of(KNOWN, table, [LIVE], older).ms == {FINE: 2.0, FAST: 2.5}
    assert figures_of(KNOWN, table, [LIVE], newer).ms == {FINE: 3.5, FAST: 2.5}
    assert figures_of(KNOWN, table, [LIVE], newer).benched == {FINE: 2.0, FAST: 2.5}, "side by side"
    assert [is_newer(table, one) for one in (None, older, newer)] == [True, True, False]
    assert not is_newer(BenchTable(), None)


def test_another_input_tells_ratios_and_agreement_alone() -> None:
    table = BenchTable((row(FINE, FULL, 20.0), row(FAST, FULL, 15.0, 0.9, 0.02)), at=20.0)
    figures = figures_of(KNOWN, table, [LIVE], None)
    assert figures.ms == {FINE: 3.0, FAST: 4.0}
    assert figures.benched == {FINE: 20.0, FAST: 15.0}
    assert figures.agreement[FAST] == Agreement(0.9, 0.02)


def test_agreement_while_listening_counts_more_than_with_a_full_window() -> None:
    table = BenchTable((row(FAST, FULL, 15.0, 0.9, 0.02), row(FAST, LIVE, 3.0, 0.98, 0.001)), at=20.0)
    assert figures_of(KNOWN, table, [LIVE], None).agreement[FAST] == Agreement(0.98, 0.001)


def test_a_live_window_of_two_inputs_needs_both() -> None:
    short = Shape("clip", 200)
    table = BenchTable((row(FINE, short, 5.0), row(FINE, FULL, 20.0), row(FAST, FULL, 15.0)), at=20.0)
    figures = figures_of({}, table, [short, FULL], None)
    assert figures.ms == {FINE: 25.0}
    assert figures.benched == {FINE: 20.0, FAST: 15.0}
    assert figures.agreement[FINE] == Agreement(1.0, 0.0)
