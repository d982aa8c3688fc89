"""HAM-AST starts from an AST, trains with patches dropped and tokens merged, and refuses what does not fit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import timm
import torch
from torch import Tensor

from core.audio.log_mel import LogMelConfig
from core.errors import UserError
from core.inference.tagger import load_tagger
from core.labels import LabelSet
from core.model.architecture import HybridConfig, TransformerConfig
from core.model.checkpoints.checkpoint import Checkpoint, CheckpointConfig, save_checkpoint
from core.model.checkpoints.loading import load_checkpoint
from core.model.networks.spectrogram_transformer import AudioSpectrogramTransformer
from core.model.variants import find_variant
from core.run.messages import TrainingFinished
from tests.training.runs import PLAIN, run, small
from training.config.loading import RECIPES, load_recipe
from training.model.building import BuiltModel, build_model
from training.model.initialisation import initialise, new_module_names
from training.optimisation.optimiser import build_optimiser

LABELS = LabelSet.from_ids(["sea", "dog", "rain"])
ASKED = ("conformers=2", "channel_attention=true")


def nano(hybrid: HybridConfig | None = None) -> AudioSpectrogramTransformer:
    config = find_variant("nano").with_labels(3)
    assert isinstance(config, TransformerConfig)
    return AudioSpectrogramTransformer(replace(config, hybrid=hybrid))


def checkpoint(folder: Path, model: AudioSpectrogramTransformer) -> Path:
    config = CheckpointConfig("Shore", "nano", model.config, LogMelConfig(), LABELS, (0.5,) * 3)
    save_checkpoint(Checkpoint(config, model.state_dict()), folder, dtype=torch.float32)
    return folder


@pytest.fixture
def ast(tmp_path: Path) -> Path:
    """A small AST that knows the sea, a dog and rain."""
    torch.manual_seed(1)
    return checkpoint(tmp_path / "ast", nano())


def built(*settings: str) -> BuiltModel:
    return build_model(small("variant=", *settings), LABELS)


def logits(model: Any, log_mel: Tensor) -> Tensor:
    with torch.inference_mode():
        return model.eval()(log_mel)


@pytest.mark.parametrize("axis", ["time", "sequence", "grid"])
@pytest.mark.parametrize("width", [0, 32])
def test_from_an_asts_checkpoint_it_begins_with_that_asts_answers(ast: Path, axis: str, width: int) -> None:
    ham = built(f"init={ast}", *ASKED, f"conformer_axis={axis}", f"conformer_width={width}")
    log_mel = torch.randn(2, 100, 128)
    torch.testing.assert_close(
        logits(ham.model, log_mel), logits(load_checkpoint(ast).build(), log_mel), atol=1e-5, rtol=0
    )
    assert ham.initialisation.description == "weights of Shore, its last layer too, new hybrid attention"
    names = {name for name, _ in ham.model.named_parameters()}
    assert set(ham.new_names) == {name for name in names if name.startswith("hybrid.")}


def test_the_new_modules_move_faster_by_their_own_factor(ast: Path) -> None:
    ham = built(f"init={ast}", *ASKED)
    config = small("variant=", f"init={ast}", *ASKED, "new_rate_factor=7")
    fast = [
        group
        for group in build_optimiser(ham.model, config.optimisation, ham.new_names).param_groups
        if group["factor"] == 7
    ]
    moved = {id(parameter) for group in fast for parameter in group["params"]}
    assert moved == {id(parameter) for name, parameter in ham.model.named_parameters() if name.startswith("hybrid.")}


@pytest.mark.slow
def test_its_own_checkpoint_goes_on_with_all_of_it(tmp_path: Path) -> None:
    model = nano(HybridConfig(2, True))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.1)
    path, log_mel = checkpoint(tmp_path / "ham", model), torch.randn(1, 60, 128)
    for asked in ((), ASKED, ("conformers=2",), ("channel_attention=true",)):
        again = built(f"init={path}", *asked)
        assert torch.equal(logits(again.model, log_mel), logits(model, log_mel))
        assert (again.initialisation.description, again.new_names) == ("weights of Shore, its last layer too", ())


@pytest.mark.parametrize(
    "asked",
    [
        *(("conformers=3",), ("channel_attention=false",), ("conformers=0", "channel_attention=false")),
        *(("conformer_axis=grid",), ("conformer_width=32",)),
    ],
)
def test_other_blocks_than_the_checkpoint_has_are_refused(tmp_path: Path, asked: tuple[str, ...]) -> None:
    path = checkpoint(tmp_path / "ham", nano(HybridConfig(2, True)))
    with pytest.raises(UserError, match=r"other Conformers or channel attention.*Leave variant"):
        built(f"init={path}", *asked)


def test_an_ast_does_not_take_a_hams_weights_nor_a_ham_another_asts(tmp_path: Path, ast: Path) -> None:
    path = checkpoint(tmp_path / "ham", nano(HybridConfig(2, True)))
    with pytest.raises(UserError, match="other Conformers"):
        initialise(nano(), str(path), LABELS)
    with pytest.raises(UserError, match="another architecture"):
        build_model(small("variant=ham-tiny-3", f"init={ast}"), LABELS)


@pytest.mark.slow
def test_imagenet_weights_leave_the_new_modules_as_they_were(tmp_path: Path) -> None:
    name = "deit_tiny_distilled_patch16_224"
    safetensors.torch.save_model(timm.create_model(name, pretrained=False), str(tmp_path / "deit.safetensors"))
    ham = build_model(small("variant=ast-tiny", f"init=timm:{name}@{tmp_path / 'deit.safetensors'}", *ASKED), LABELS)
    assert {name.partition(".")[0] for name in ham.new_names} == {"hybrid", "mlp_head"}
    model = ham.model
    assert isinstance(model, AudioSpectrogramTransformer)
    plain = AudioSpectrogramTransformer(replace(model.config, hybrid=None))
    plain.load_state_dict({key: tensor for key, tensor in model.state_dict().items() if not key.startswith("hybrid.")})
    log_mel = torch.randn(1, 200, 128)
    torch.testing.assert_close(logits(model, log_mel), logits(plain, log_mel), atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (("conformer_width=32",), "has none.*conformers"),
        (("conformer_axis=grid",), "has none"),
        ((*ASKED, "freeze=true"), "cannot learn.*freeze"),
        ((*ASKED, "variant=cnn-resnet18"), "not a CNN"),
        ((*ASKED, "conformer_width=20"), "20 channels.*multiple of 16"),
        (("conformers=-1",), "conformers to -1"),
        (("conformers=1", "conformer_axis=space"), "conformer_axis to 'space'"),
    ],
)
def test_contradictions_are_refused(settings: tuple[str, ...], says: str) -> None:
    with pytest.raises(UserError, match=says):
        build_model(small(*settings), LABELS)


@pytest.mark.parametrize(
    ("settings", "hybrid"),
    [
        ((), HybridConfig(6, True, "time", 15, 0)),
        (("conformers=", "channel_attention="), HybridConfig(6, True, "time", 15, 0)),
        (("conformers=1",), HybridConfig(1, True, "time", 15, 0)),
        (("conformer_axis=grid",), HybridConfig(6, True, "grid", 7, 0)),
        (("conformer_width=64",), HybridConfig(6, True, "time", 15, 64)),
        (("channel_attention=false",), HybridConfig(6, False, "time", 15, 0)),
        (("conformers=0",), HybridConfig(0, True, "time", 15, 0)),
        (("conformers=0", "channel_attention=false"), None),
    ],
)
def test_a_setting_changes_what_it_says_of_a_variants_own_blocks(
    settings: tuple[str, ...], hybrid: HybridConfig | None
) -> None:
    model = build_model(small("variant=ham-tiny-6", *settings), LABELS).model.config
    assert isinstance(model, TransformerConfig)
    assert model.hybrid == hybrid


@pytest.mark.slow
def test_it_trains_with_patches_dropped_and_tokens_merged_and_is_used_live(data: Path, tmp_path: Path) -> None:
    settings = (*ASKED, "conformer_width=32", "patch_drop=0.3", "merge_r_training=2", "merge_r=2", "mixup=0.5")
    messages = run(data, tmp_path, *settings, "learning_rate=3e-3")
    assert isinstance(messages[-1], TrainingFinished)
    trained = load_checkpoint(tmp_path / "checkpoint")
    assert isinstance(trained.config.model, TransformerConfig)
    assert trained.config.model.hybrid == HybridConfig(2, True, "time", 15, 32)
    assert trained.weights["hybrid.leave.weight"].abs().max() > 0
    scores = load_tagger(str(tmp_path / "checkpoint"), device="cpu").tag(torch.randn(98, 128).numpy(), 0)
    assert scores.probabilities.shape == (2,)


@pytest.mark.slow
def test_it_learns_what_an_ast_learns(data: Path, tmp_path: Path) -> None:
    finished = run(data, tmp_path, *PLAIN, *ASKED, "epochs=6")[-1]
    assert isinstance(finished, TrainingFinished)
    assert finished.metrics["accuracy"] == 1.0


SETTLED = ("name", "title", "summary", "conformers", "channel_attention", "new_rate_factor", "variant", "init")


@pytest.mark.parametrize(
    ("ours", "asts"), [("ham-esc50", "esc50-audioset"), ("ham-speech-commands", "speech-commands")]
)
def test_the_recipes_are_asts_but_for_the_blocks(ours: str, asts: str) -> None:
    ham, ast = load_recipe(ours).to_flat(), load_recipe(asts).to_flat()
    different = {key for key in ham if ham[key] != ast[key]}
    assert {"conformers", "channel_attention"} <= different <= set(SETTLED)
    assert (ham["conformers"], ham["channel_attention"], ham["init"], ham["variant"]) == (6, True, "required", "")
    assert "What differs from the publication, and why" in (RECIPES / f"{ours}.toml").read_text(encoding="utf-8")


def test_new_names_are_none_where_all_is_random() -> None:
    assert new_module_names(nano(HybridConfig(1, True)), "", LABELS) == ()
