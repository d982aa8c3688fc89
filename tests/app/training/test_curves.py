"""The curves of a run: points by step and epoch, and reading them back from its log."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from app.training.curves import TrainingCurves, read_curves
from core.run.messages import to_line
from core.run.run_folder import LOG_NAME
from tests.app.training_fakes import EPOCH, STARTED, STEPS


def test_a_repeated_step_or_epoch_replaces_the_old_point() -> None:
    curves = TrainingCurves()
    for step in (*STEPS, replace(STEPS[1], loss=9.0)):
        curves.add_step(step)
    curves.add_epoch(EPOCH)
    curves.add_epoch(replace(EPOCH, metrics={"accuracy": 0.8}))
    assert curves.losses[2] == 9.0
    assert len(curves.losses) == len(STEPS)
    assert curves.metrics == {"accuracy": {1: 0.8}, "map": {1: 0.5}}


def test_metrics_without_a_curve_are_left_out() -> None:
    curves = TrainingCurves()
    curves.add_epoch(EPOCH)
    assert "ece" not in curves.metrics


def test_curves_are_read_from_a_log_whatever_else_is_in_it(tmp_path: Path) -> None:
    lines = [to_line(STARTED), "not a message", '{"type": "unknown"}', *map(to_line, STEPS), to_line(EPOCH)]
    (tmp_path / LOG_NAME).write_text("\n".join(lines), encoding="utf-8")
    curves = read_curves(tmp_path)
    assert list(curves.losses) == [step.step for step in STEPS]
    assert curves.metrics["map"] == {1: 0.5}


def test_without_a_readable_log_there_are_no_curves(tmp_path: Path) -> None:
    assert read_curves(tmp_path).losses == {}
    (tmp_path / LOG_NAME).write_bytes(b"\xff\xfe\xff")
    assert read_curves(tmp_path).losses == {}
