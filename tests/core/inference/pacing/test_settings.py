"""Which settings a tagger leaves to choose from, and what is known of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from core.inference.engines import graph_files
from core.inference.engines.graph_files import GRAPH, GraphFacts, store_graph
from core.inference.engines.models import Agreement, Setting
from core.inference.pacing.settings import known_of, live_shapes, settings_for
from core.inference.tagger import Tagger
from core.model.merging.schedule import NO_MERGING, MergeSchedule
from fakes import telling_checkpoint, tiny_checkpoint

SHIPPED = MergeSchedule(r=4, reference_patches=512)


def a_tagger(**options: str) -> Tagger:
    return Tagger(telling_checkpoint(merge=SHIPPED), device="cpu", **options)  # type: ignore[arg-type]


def test_the_finest_comes_first() -> None:
    torch_alone = settings_for(a_tagger())
    assert torch_alone[0] == Setting("torch", "fp32", NO_MERGING)
    assert Setting("torch", "fp32", SHIPPED) in torch_alone
    assert {one.engine for one in torch_alone} == {"torch"}, "SOUNDMARK_ENGINE says so"


def test_what_was_asked_for_by_hand_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOUNDMARK_ENGINE")
    assert {one.merge for one in settings_for(a_tagger(merge="8"))} == {a_tagger(merge="8").merge}
    assert {one.engine for one in settings_for(a_tagger(engine="openvino"))} == {"openvino"}
    assert {one.engine for one in settings_for(a_tagger(engine="torch"))} == {"torch"}
    assert {one.precision for one in settings_for(a_tagger(precision="fp32"))} == {"fp32"}
    assert {one.engine for one in settings_for(a_tagger())} == {"torch", "openvino"}


def test_a_live_window_is_one_input_or_two() -> None:
    assert [(one.reading, one.n_frames) for one in live_shapes(a_tagger())] == [("columns", 256)]
    plain = Tagger(tiny_checkpoint(), device="cpu")
    assert [(one.reading, one.n_frames) for one in live_shapes(plain)] == [("clip", 1024), ("clip", 200)]


def test_what_a_graph_took_when_it_was_made_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph_files, "graphs_folder", lambda: tmp_path)
    setting = Setting("openvino", "fp32", NO_MERGING)
    tagger = a_tagger().with_setting(setting)
    assert not known_of(tagger, setting).is_ready
    [shape] = live_shapes(tagger)

    def make(new: Path) -> GraphFacts:
        (new / GRAPH).write_text("<net/>")
        return GraphFacts(
            "fp32",
            {"fp32": 0.001, "bf16": 0.5},
            {"torch": 30.0, "fp32": 12.5},
            {"torch": 1.0, "fp32": 0.75},
            {"torch": 0.0, "fp32": 0.02},
            sizes={GRAPH: 6},
        )

    store_graph(tagger.graph_key(shape), make, tmp_path)
    known = known_of(tagger, setting)
    assert (known.is_ready, known.ms, known.is_usable) == (True, 12.5, True)
    assert known.agreement == Agreement(0.75, 0.02)
    assert not known_of(tagger, replace(setting, precision="bf16")).is_usable, "its answers are off"
    torch = replace(setting, engine="torch")
    exact = known_of(a_tagger().with_setting(torch), torch)
    assert (exact.ms, exact.agreement, exact.is_usable) == (30.0, Agreement(1.0, 0.0), True)
    low = replace(torch, precision="bf16")
    other = known_of(a_tagger().with_setting(low), low)
    assert (other.ms, other.agreement, other.is_usable) == (None, None, True), "PyTorch's figures are those of fp32"


def test_graphs_of_before_agreement_was_looked_at_are_used_as_they_were(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(graph_files, "graphs_folder", lambda: tmp_path)
    setting = Setting("openvino", "fp32", NO_MERGING)
    tagger = a_tagger().with_setting(setting)
    [shape] = live_shapes(tagger)
    store_graph(tagger.graph_key(shape), lambda _new: GraphFacts("fp32", {}, {"torch": 3.0, "fp32": 1.0}), tmp_path)
    known = known_of(tagger, setting)
    assert (known.is_ready, known.is_usable, known.agreement) == (True, True, None)
