"""The table of engines: which one a model gets."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.errors import UserError
from core.inference.engines import main
from core.inference.engines.graph_engine import GraphEngine
from core.inference.engines.main import EngineParts, build_engine
from core.inference.engines.models import EngineName, Setting
from core.inference.engines.on_torch.late_torch import LateTorch
from core.inference.engines.on_torch.networks import PlacedNetwork
from core.inference.engines.pytorch import TorchEngine
from core.inference.tagger import Tagger
from core.model.checkpoints import checkpoint as checkpoint_module
from core.model.merging.schedule import NO_MERGING, MergeSchedule
from fakes import tiny_checkpoint, tiny_tagger


@pytest.fixture
def parts() -> EngineParts:
    checkpoint = tiny_checkpoint()
    exact = LateTorch(lambda: TorchEngine(PlacedNetwork(checkpoint.build(), "cpu"), NO_MERGING), "cpu", "fp32")
    return EngineParts(exact, "cpu", "auto", checkpoint.weights_hash, NO_MERGING)


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOUNDMARK_ENGINE")
    monkeypatch.setattr(main, "package_versions", lambda: ("2026", "2"))


def test_a_cpu_gets_graphs_and_a_gpu_pytorch(parts: EngineParts) -> None:
    assert isinstance(build_engine("auto", parts), GraphEngine)
    assert build_engine("auto", replace(parts, device="cuda")) is parts.exact
    assert build_engine("auto", replace(parts, precision="fp32")) is parts.exact
    assert build_engine("torch", parts) is parts.exact


def test_the_environment_chooses_where_nobody_else_does(parts: EngineParts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOUNDMARK_ENGINE", "torch")
    assert build_engine("auto", parts) is parts.exact
    assert isinstance(build_engine("openvino", parts), GraphEngine)


def test_without_the_package_auto_is_pytorch(parts: EngineParts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(main, "package_versions", lambda: ("", "2"))
    assert build_engine("auto", parts) is parts.exact
    with pytest.raises(UserError, match="openvino"):
        build_engine("openvino", parts)


def test_openvino_refuses_a_gpu(parts: EngineParts) -> None:
    with pytest.raises(UserError, match="OpenVINO"):
        build_engine("openvino", replace(parts, device="cuda"))


def test_eight_bits_are_openvino_s(parts: EngineParts) -> None:
    assert isinstance(build_engine("auto", replace(parts, precision="int8")), GraphEngine)


@pytest.mark.parametrize(
    ("setting", "engine"),
    [
        (Setting("torch", "fp32", NO_MERGING), "PyTorch fp32"),
        (Setting("torch", "bf16", MergeSchedule(r=4)), "PyTorch bf16"),
        (Setting("openvino", "int8", MergeSchedule(r=4)), "PyTorch fp32"),  # until the graph is there
    ],
)
def test_a_tagger_with_a_setting_shares_the_weights(setting: Setting, engine: str) -> None:
    tagger = tiny_tagger()
    other = tagger.with_setting(setting)
    assert other.engine == engine
    assert other.precision == setting.precision
    assert other.merge.describe() == setting.merge.describe()
    assert other.checkpoint is tagger.checkpoint
    assert tagger.merge == NO_MERGING


def test_an_unknown_engine_is_refused(parts: EngineParts) -> None:
    name: EngineName = "steam"  # pyright: ignore[reportAssignmentType]
    with pytest.raises(UserError, match="steam"):
        build_engine(name, parts)


def test_another_merging_reads_the_weights_no_second_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The window's own thread asks for it."""
    hashed: list[str] = []
    monkeypatch.setattr(checkpoint_module, "hash_of_weights", lambda *_: hashed.append("all weights") or "a hash")
    tagger = Tagger(tiny_checkpoint(), device="cpu", engine="openvino")
    tagger.with_merge("off").with_merge("auto").graph_key(tagger.usual_shapes[0])
    assert hashed == ["all weights"]


def test_a_tagger_s_other_merging_keeps_the_engine_and_the_answer() -> None:
    tagger = Tagger(tiny_checkpoint(), device="cpu", engine="openvino")
    frames = np.random.default_rng(0).normal(-6, 3, (96, 128)).astype(np.float32)
    assert tagger.engine == "PyTorch fp32"
    np.testing.assert_allclose(
        tagger.with_merge("off").tag(frames).probabilities, tiny_tagger().tag(frames).probabilities, atol=1e-6
    )
