"""A recipe's strides, positions, pooling and head reach the model that is built."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from core.audio.log_mel import LogMelConfig
from core.errors import UsageError, UserError
from core.labels import LabelSet
from core.model.architecture import TransformerConfig
from core.model.checkpoints.checkpoint import Checkpoint, CheckpointConfig, save_checkpoint
from core.model.checkpoints.restride import with_strides
from core.model.networks.spectrogram_transformer import N_PREFIX_TOKENS, AudioSpectrogramTransformer
from core.run.messages import TrainingMessage
from tests.training.runs import PLAIN, small
from training.config.loading import load_recipe
from training.data.run_data import load_run_data
from training.loop.runner import train
from training.model.building import build_model
from training.model.initialisation import read_initial_checkpoint

LABELS = LabelSet.from_ids(["dog", "rain", "sea"])
NARROW = TransformerConfig(n_labels=3, embed_dim=12, depth=1, num_heads=2)


@pytest.fixture
def start(tmp_path: Path) -> Path:
    """A checkpoint of patches 16 apart, with random weights."""
    torch.manual_seed(1)
    config = replace(NARROW, stride_mels=16, stride_frames=16)
    described = CheckpointConfig("Shore", "", config, LogMelConfig(), LABELS, (0.5,) * 3)
    save_checkpoint(
        Checkpoint(described, AudioSpectrogramTransformer(config).state_dict()), tmp_path / "shore", dtype=torch.float32
    )
    return tmp_path / "shore"


def _start_of(folder: Path, **changes: object) -> Path:
    model = AudioSpectrogramTransformer(replace(NARROW, **changes)).eval()  # type: ignore[arg-type]
    config = CheckpointConfig("Owl", "", model.config, LogMelConfig(), LABELS, (0.5,) * 3)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.3)
    save_checkpoint(Checkpoint(config, model.state_dict()), folder)
    return folder


def test_a_checkpoint_gives_its_weights_to_a_model_of_other_strides(start: Path) -> None:
    config = small(f"init={start}", "variant=", "strides=12,8")
    built = build_model(config, LABELS)
    checkpoint = read_initial_checkpoint(str(start))
    assert checkpoint is not None
    expected = with_strides(checkpoint, 12, 8)
    assert built.model.config == expected.config.model
    assert all(torch.equal(tensor, expected.weights[name]) for name, tensor in built.model.state_dict().items())
    assert built.new_names == ()
    assert built.initialisation.description == "weights of Shore, strides 12 x 8, its last layer too"


@pytest.mark.slow
def test_at_other_strides_its_positions_may_repeat_the_nearest(start: Path) -> None:
    built = build_model(small(f"init={start}", "variant=", "strides=12,8", "positions=nearest"), LABELS)
    between = build_model(small(f"init={start}", "variant=", "strides=12,8"), LABELS).model.state_dict()["pos_embed"]
    checkpoint = read_initial_checkpoint(str(start))
    assert checkpoint is not None
    old = checkpoint.weights["pos_embed"][0, N_PREFIX_TOKENS:]
    fitted = built.model.state_dict()["pos_embed"][0, N_PREFIX_TOKENS:]
    assert all(any(torch.equal(row, theirs) for theirs in old) for row in fitted)
    assert not torch.equal(fitted, between[0, N_PREFIX_TOKENS:])


def test_its_positions_may_begin_anew(start: Path) -> None:
    built = build_model(small(f"init={start}", "variant=", "positions=random"), LABELS)
    checkpoint = read_initial_checkpoint(str(start))
    assert checkpoint is not None
    same = {name for name, tensor in built.model.state_dict().items() if torch.equal(tensor, checkpoint.weights[name])}
    assert built.model.state_dict().keys() - same == {"pos_embed"}
    assert built.new_names == ("pos_embed",)


def test_a_recipe_decides_how_positions_are_stretched(start: Path) -> None:
    built = build_model(small(f"init={start}", "variant=", "positions=nearest"), LABELS)
    assert isinstance(built.model.config, TransformerConfig)
    assert built.model.config.positions == "nearest"
    assert built.new_names == ()


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        (["variant=ast-tiny-stem", "strides=10,10"], "are theirs"),
        (["variant=cnn-resnet18", "strides=10,10"], "has no patches"),
        (["variant=cnn-resnet18", "positions=nearest"], "has no patches"),
        (["variant=cnn-resnet18", "head=linear"], "no LayerNorms"),
        (["variant=cnn-resnet18", "pooling=mean"], "no LayerNorms"),
    ],
)
def test_models_without_patches_refuse(settings: list[str], problem: str) -> None:
    with pytest.raises(UserError, match=problem):
        build_model(small(*settings), LABELS)


@pytest.mark.parametrize(
    "settings",
    [
        ["strides=16"],
        ["strides=16,0"],
        ["strides=1,2,3"],
        ["positions=cubic"],
        ["kernel_collapse=max"],
        ["mel_window=x"],
        ["pooling=max"],
        ["head=square"],
        ["norm_eps=2"],
        ["init=starter", "variant=", "freeze=true", "head=linear"],
    ],
)
def test_impossible_settings_are_refused(settings: list[str]) -> None:
    with pytest.raises(UsageError, match=settings[-1].partition("=")[0]):
        load_recipe("esc50-scratch", settings)


def test_head_pooling_and_eps_are_as_released_unless_the_recipe_says_otherwise() -> None:
    released = build_model(small("variant=ast-tiny"), LABELS).model.config
    assert isinstance(released, TransformerConfig)
    assert (released.pooling, released.head_norm, released.norm_eps) == ("class_tokens", True, 1e-6)
    as_written = build_model(small("variant=ast-tiny", "pooling=class", "head=linear", "norm_eps=1e-12"), LABELS).model
    as_written.eval()
    config = as_written.config
    assert isinstance(config, TransformerConfig)
    assert (config.pooling, config.head_norm, config.norm_eps, config.head_norm_eps) == ("class", False, 1e-12, 1e-12)
    # The text's head: a linear layer on the class token, and nothing between them.
    log_mel = torch.randn(2, 64, 128)
    with torch.inference_mode():
        first = as_written.tokens(log_mel).x[:, 0]  # type: ignore[operator]
        torch.testing.assert_close(as_written(log_mel), as_written.mlp_head[1](first))


def test_a_checkpoint_goes_on_with_the_recipes_pooling_and_eps(tmp_path: Path) -> None:
    torch.manual_seed(0)
    start = _start_of(tmp_path / "start")
    plain, asked = (
        build_model(small("variant=", f"init={start}", *more), LABELS)
        for more in ((), ("pooling=class", "norm_eps=1e-3"))
    )
    assert not asked.new_names
    assert all(torch.equal(tensor, asked.model.state_dict()[name]) for name, tensor in plain.model.state_dict().items())
    assert asked.model.config == replace(plain.model.config, pooling="class", norm_eps=1e-3, head_norm_eps=1e-3)  # type: ignore[call-arg]
    assert asked.initialisation == plain.initialisation, "it is the same file"


@pytest.mark.parametrize("had_norm", [True, False])
def test_a_head_of_another_shape_begins_anew(tmp_path: Path, had_norm: bool) -> None:
    start = _start_of(tmp_path / "start", head_norm=had_norm)
    head = "linear" if had_norm else "norm"
    built = build_model(small("variant=", f"init={start}", f"head={head}"), LABELS)
    assert "without its last layer" in built.initialisation.description
    new = {"mlp_head.1.weight", "mlp_head.1.bias"} | (set() if had_norm else {"mlp_head.0.weight", "mlp_head.0.bias"})
    assert set(built.new_names) == new
    weights = read_initial_checkpoint(str(start)).weights  # type: ignore[union-attr]
    kept = {name: tensor for name, tensor in built.model.state_dict().items() if not name.startswith("mlp_head")}
    assert all(torch.equal(tensor, weights[name]) for name, tensor in kept.items())


@pytest.mark.slow
def test_a_run_learns_with_the_papers_head(data: Path, tmp_path: Path) -> None:
    settings = [setting for setting in PLAIN if not setting.startswith("variant=")]
    train(small(*settings, "variant=ast-tiny-16", "head=linear", "pooling=class", "epochs=1"), data, tmp_path, print)
    checkpoint = read_initial_checkpoint(str(tmp_path / "checkpoint"))
    assert checkpoint is not None
    assert isinstance(checkpoint.config.model, TransformerConfig)
    assert not checkpoint.config.model.head_norm
    assert checkpoint.build().mlp_head[0].state_dict() == {}


@pytest.mark.slow
def test_a_run_learns_at_strides_of_its_own(data: Path, tmp_path: Path) -> None:
    messages: list[TrainingMessage] = []
    train(small(*PLAIN, "strides=32,12", "epochs=1"), data, tmp_path, messages.append)
    checkpoint = read_initial_checkpoint(str(tmp_path / "checkpoint"))
    assert checkpoint is not None
    assert isinstance(checkpoint.config.model, TransformerConfig)
    assert checkpoint.config.model.grid(1024) == (4, 85)


def test_the_mel_window_is_hanning_unless_the_recipe_says_hamming(data: Path) -> None:
    plain, hamming = (
        load_run_data(small(*more), data, None, lambda _message: None) for more in ((), ("mel_window=hamming",))
    )
    assert (plain.log_mel.window, hamming.log_mel.window) == ("hanning", "hamming")
    difference = hamming.train.frames_of(0).mean(dtype=float) - plain.train.frames_of(0).mean(dtype=float)
    assert math.isfinite(difference)
    assert difference != 0
