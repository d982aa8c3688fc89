"""Measuring: which settings a machine has, and what each is worth."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.errors import UserError
from core.inference.engines import graph_engine, graph_files, measuring
from core.inference.engines.device import Device
from core.inference.engines.graph_files import GraphFacts, store_graph
from core.inference.engines.measuring import (
    best_of,
    demo_windows,
    measure,
    merge_early,
    recorded_windows,
    reference_of,
    resident_mb,
    settings_of,
)
from core.inference.engines.models import Measured, Precision, Setting, Shape
from core.inference.engines.on_torch import trust
from core.model.merging.schedule import NO_MERGING, MergeSchedule
from fakes import tiny_tagger
from rig.sounds import write_wav

SHAPE = Shape("clip", 96)


class Processor:
    def get_property(self, _device: str, _name: str) -> list[str]:
        return ["FP32", "BF16", "INT8"]


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(measuring, "package_versions", lambda: ("2026", "2"))
    monkeypatch.setattr(measuring, "openvino_core", Processor)
    monkeypatch.setattr(measuring, "find_spec", lambda _name: None)
    for module in (graph_files, graph_engine):
        monkeypatch.setattr(module, "graphs_folder", lambda: tmp_path)


def test_settings_are_finest_first() -> None:
    settings = settings_of(tiny_tagger())
    assert settings[0] == Setting("torch", "fp32", NO_MERGING)
    assert [one.precision for one in settings[:3]] == ["fp32", "fp32", "bf16"]
    merged = [not one.merge.removes_nothing() for one in settings]
    assert merged == sorted(merged)
    assert len(set(settings)) == len(settings)


def test_without_openvino_pytorch_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring, "package_versions", lambda: ("", "2"))
    found: list[set[tuple[str, str]]] = []
    for has_bf16 in (False, True):
        monkeypatch.setattr(measuring, "has_bf16", lambda has_bf16=has_bf16: has_bf16)
        found.append({(one.engine, one.precision) for one in settings_of(tiny_tagger())})
    assert found == [{("torch", "fp32")}, {("torch", "fp32"), ("torch", "bf16")}]


@pytest.mark.parametrize(("device", "fastest"), [("cuda", "fp16"), ("mps", "fp16"), ("cuda", "fp32")])
def test_a_gpu_has_fp32_and_its_fastest_precision(
    monkeypatch: pytest.MonkeyPatch, device: Device, fastest: Precision
) -> None:
    monkeypatch.setattr(measuring, "torch_precision", lambda *_: fastest)
    tagger = tiny_tagger()
    tagger.device = device
    precisions = [one.precision for one in settings_of(tagger) if one.merge == NO_MERGING]
    assert precisions == list(dict.fromkeys(["fp32", fastest]))


def test_a_precision_that_is_not_trusted_is_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trust, "_is_trusted", lambda *_: False)
    with pytest.raises(UserError, match="PyTorch bf16") as failure:
        measure(tiny_tagger(), Setting("torch", "bf16", NO_MERGING), SHAPE, seconds=0.01)
    assert "PyTorch fp32" in failure.value.remedy


def test_eight_bits_need_nncf_or_a_graph_that_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    tagger = tiny_tagger()
    assert "int8" not in {one.precision for one in settings_of(tagger)}
    key = replace(tagger.graph_key(tagger.usual_shapes[0]), kind="int8")
    store_graph(key, lambda _folder: GraphFacts("int8"))
    assert "int8" in {one.precision for one in settings_of(tagger)}
    monkeypatch.setattr(measuring, "find_spec", lambda name: name)
    assert "int8" in {one.precision for one in settings_of(tiny_tagger())}


def test_merging_early_removes_its_share_in_two_layers() -> None:
    schedule = merge_early(0.5, 512)
    first, second = schedule.listed
    assert first + second == 256
    assert first > second
    assert schedule.reference_patches == 512


def test_pytorch_in_fp32_agrees_with_itself() -> None:
    exact = measure(tiny_tagger(), Setting("torch", "fp32", NO_MERGING), SHAPE, seconds=0.01)
    assert exact.agreement == 1.0
    assert exact.difference == 0.0
    assert 0 < exact.p50_ms <= exact.p95_ms


def test_merging_is_compared_with_none() -> None:
    tagger = tiny_tagger()
    rng = np.random.default_rng(0)
    reference = reference_of(tagger, SHAPE, [rng.normal(-6, 3, (96, 128)).astype(np.float32) for _ in range(4)])
    merged = measure(tagger, Setting("torch", "fp32", MergeSchedule(r=200)), SHAPE, reference, seconds=0.01)
    assert 0 < merged.difference < 1


def test_a_graph_that_is_off_says_by_how_much(monkeypatch: pytest.MonkeyPatch) -> None:
    facts = GraphFacts("fp32", {"fp32": 0.0, "bf16": 0.25}, {"torch": 2.0, "fp32": 1.0})
    monkeypatch.setattr("core.inference.engines.making.conversion.make_graph", lambda _plan, _folder: facts)
    with pytest.raises(UserError, match=r"0\.250"):
        measure(tiny_tagger(), Setting("openvino", "bf16", NO_MERGING), SHAPE, seconds=0.01)


def measured(precision: Precision, p50_ms: float, agreement: float = 1.0, difference: float = 0.0) -> Measured:
    setting = Setting("openvino", precision, NO_MERGING)
    return Measured(setting, SHAPE, p50_ms, p50_ms, 100.0, agreement, difference)


def test_the_best_is_the_fastest_that_agrees() -> None:
    ways = [measured("fp32", 10.0), measured("int8", 5.0), measured("bf16", 4.0, 0.9), measured("bf16", 3.0, 1.0, 0.02)]
    assert best_of(ways) == ways[1]
    assert best_of(ways[2:]) is None


def test_recordings_are_cut_into_windows(tmp_path: Path) -> None:
    rng, tagger = np.random.default_rng(0), tiny_tagger()
    sound = write_wav(tmp_path / "rain.wav", rng.normal(0, 0.1, 16_000 * 3).astype(np.float32))
    assert [window.shape for window in recorded_windows(tagger, SHAPE, [sound])] == [(96, 128)] * 3
    with pytest.raises(UserError):
        recorded_windows(tagger, Shape("clip", 1024), [sound])


def test_windows_of_the_scene_have_the_shape_s_length() -> None:
    windows = demo_windows(tiny_tagger(), SHAPE, 3)
    assert {window.shape for window in windows} == {(96, 128)}


def test_this_process_holds_some_memory() -> None:
    assert 20 < resident_mb() < math.inf
