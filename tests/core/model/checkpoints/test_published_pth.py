"""Files as AST's authors keep them load by their shapes alone, and give the logits of the model they are of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor
from transformers import ASTForAudioClassification

from core.errors import UserError
from core.labels import LabelSet
from core.model.architecture import TransformerConfig
from core.model.checkpoints.hugging_face_export import export_hugging_face
from core.model.checkpoints.import_choices import ImportChoices
from core.model.checkpoints.known_data_sets import KNOWN_DATA_SETS, audioset_labels
from core.model.checkpoints.loading import load_checkpoint
from core.model.checkpoints.published import PUBLISHED_MODELS
from core.model.checkpoints.published_pth import architecture_of, own_weights, read_released, variant_of
from core.model.networks.spectrogram_transformer import AudioSpectrogramTransformer
from core.model.variants import MODEL_VARIANTS

SMALL = TransformerConfig(n_labels=4, max_frames=128, embed_dim=128, depth=2, num_heads=2)


def released_state(model: TransformerConfig, prefix: str = "module.", *, heads: bool = True) -> dict[str, Tensor]:
    """Random weights of a model under the names of the released files."""
    torch.manual_seed(0)
    weights = AudioSpectrogramTransformer(model).state_dict()
    state = {name: torch.randn_like(tensor) * 0.1 for name, tensor in weights.items()}
    named = {name if name.startswith("mlp_head.") else f"v.{name}": tensor for name, tensor in state.items()}
    if heads:
        for head in ("v.head", "v.head_dist"):
            named |= {f"{head}.weight": torch.zeros(10, model.embed_dim), f"{head}.bias": torch.zeros(10)}
    return {prefix + name: tensor for name, tensor in named.items()}


def meta_state(model: TransformerConfig) -> dict[str, Tensor]:
    """As `released_state`, of a full-sized model without memory behind it."""
    with torch.device("meta"):
        return released_state(model)


def save_released(path: Path, model: TransformerConfig = SMALL, **options: Any) -> Path:
    torch.save(released_state(model, **options), path)
    return path


@pytest.mark.parametrize("prefix", ["module.", ""])
@pytest.mark.parametrize("heads", [True, False])
def test_it_gives_the_logits_of_transformers_with_the_same_weights(tmp_path: Path, prefix: str, heads: bool) -> None:
    checkpoint = load_checkpoint(save_released(tmp_path / "a.pth", prefix=prefix, heads=heads))
    export_hugging_face(checkpoint, tmp_path / "hf")
    theirs = ASTForAudioClassification.from_pretrained(tmp_path / "hf").eval()
    model = AudioSpectrogramTransformer(SMALL)
    model.load_state_dict(
        {
            name.removeprefix("module.").removeprefix("v."): tensor
            for name, tensor in released_state(SMALL, heads=False).items()
        }
    )
    log_mel = torch.randn(2, 128, 128)
    with torch.inference_mode():
        expected = model.eval()(log_mel)
        torch.testing.assert_close(checkpoint.build()(log_mel), expected, rtol=0, atol=0)
        torch.testing.assert_close(theirs(log_mel).logits, expected, rtol=0, atol=1e-4)


@pytest.mark.parametrize(
    ("stride", "frames", "grid"),
    [
        (10, 1024, (12, 101)),
        (12, 1024, (10, 85)),
        (14, 1024, (9, 73)),
        (16, 1024, (8, 64)),
        (10, 512, (12, 50)),
        (10, 128, (12, 12)),
    ],
)
def test_grids_of_the_released_models_are_worked_out(
    stride: int, frames: int, grid: tuple[int, int], tmp_path: Path
) -> None:
    model = TransformerConfig(
        n_labels=7, max_frames=frames, stride_frames=stride, stride_mels=stride, embed_dim=64, depth=1, num_heads=1
    )
    found = load_checkpoint(save_released(tmp_path / "a.pth", model)).config.model
    assert found == model
    assert found.grid(found.max_frames) == grid


@pytest.mark.parametrize("row", PUBLISHED_MODELS, ids=lambda row: row.name)
def test_published_files_are_known_by_their_names(row: Any) -> None:
    data_set = next(known for known in KNOWN_DATA_SETS if known.frames == row.frames)
    model = TransformerConfig(
        n_labels=data_set.n_labels, max_frames=row.frames, stride_mels=row.strides[0], stride_frames=row.strides[1]
    )
    config = read_released(meta_state(model), row.file, ImportChoices()).config
    assert config.model == model
    assert (config.name, config.labels) == (row.title, data_set.labels())
    assert (config.log_mel.mean, config.log_mel.std) == (data_set.mean, data_set.std)
    assert (config.pad_to_window, config.activation) == (True, "sigmoid")
    assert config.provenance["licence"] == "BSD-3-Clause"
    assert config.provenance["metrics"] == {row.metric: row.score}
    assert config.provenance["published"] == row.name


@pytest.mark.parametrize(
    "changes",
    [{"n_labels": 4}, {"depth": 11}, {"embed_dim": 384, "num_heads": 6}, {"stride_mels": 10, "stride_frames": 10}],
)
def test_a_published_files_name_alone_makes_no_published_model(changes: dict[str, Any]) -> None:
    like = TransformerConfig(**{"n_labels": 527, "stride_mels": 16, "stride_frames": 16, **changes})
    choices = ImportChoices((like.stride_mels, like.stride_frames), 1024)
    config = read_released(meta_state(like), "audioset_16_16_0.4422.pth", choices).config
    assert config.model == like
    assert (config.name, config.provenance) == (
        "audioset_16_16_0.4422",
        {"source": "audioset_16_16_0.4422.pth", "thresholds_from": "none", "metrics": {}},
    )


@pytest.mark.parametrize("name", ["ast-base", "ast-base-16", "ast-small", "ast-tiny"])
def test_full_sized_models_are_our_variants(name: str) -> None:
    model = MODEL_VARIANTS[name].model
    assert isinstance(model, TransformerConfig)
    found = architecture_of(own_weights(meta_state(model), "a.pth"), "a.pth", ImportChoices())
    assert found == model
    assert variant_of(found) == name


def test_esc50_has_its_statistics_and_softmax(tmp_path: Path) -> None:
    model = TransformerConfig(n_labels=50, max_frames=512, embed_dim=64, depth=1, num_heads=1)
    config = load_checkpoint(save_released(tmp_path / "a.pth", model)).config
    assert (config.log_mel.mean, config.activation) == (-6.6268077, "softmax")
    assert config.labels[20].id == "crying_baby"


def test_unknown_labels_are_counted_and_can_be_given(tmp_path: Path) -> None:
    path = save_released(tmp_path / "my.pth")
    config = load_checkpoint(path).config
    assert (config.name, config.labels.names[3], config.log_mel.mean) == ("my", "Class 3", -4.2677393)
    named = load_checkpoint(path, ImportChoices(labels=LabelSet.from_ids(["a", "b", "c", "d"])))
    assert named.config.labels.names == ("A", "B", "C", "D")
    with pytest.raises(UserError, match=r"2 labels, .* 4 outputs"):
        load_checkpoint(path, ImportChoices(labels=LabelSet.from_ids(["a", "b"])))


def test_a_grid_that_two_strides_make_is_asked_about(tmp_path: Path) -> None:
    model = TransformerConfig(
        n_labels=4, max_frames=128, stride_frames=16, stride_mels=16, embed_dim=64, depth=1, num_heads=1
    )
    path = save_released(tmp_path / "a.pth", model)
    with pytest.raises(UserError, match="15x15 with 128 frames or 16x16 with 128 frames") as caught:
        load_checkpoint(path)
    assert "--stride" in caught.value.remedy
    assert load_checkpoint(path, ImportChoices(strides=(16, 16))).config.model == model


def test_a_window_of_no_data_set_can_be_given(tmp_path: Path) -> None:
    model = TransformerConfig(n_labels=4, max_frames=306, embed_dim=64, depth=1, num_heads=1)
    path = save_released(tmp_path / "a.pth", model)
    with pytest.raises(UserError, match="360 patches"):
        load_checkpoint(path)
    assert load_checkpoint(path, ImportChoices(strides=(10, 10))).config.model == model
    longer = load_checkpoint(path, ImportChoices(strides=(10, 10), frames=310)).config.model
    assert longer.max_frames == 310
    with pytest.raises(UserError, match="No known window"):
        load_checkpoint(path, ImportChoices(strides=(10, 10), frames=320))


def test_a_patch_higher_than_the_mel_bins_is_told(tmp_path: Path) -> None:
    kernel = torch.zeros(128, 1, 140, 16)
    torch.save({**released_state(SMALL), "module.v.patch_embed.proj.weight": kernel}, tmp_path / "a.pth")
    with pytest.raises(UserError, match="smaller than one patch"):
        load_checkpoint(tmp_path / "a.pth", ImportChoices(strides=(16, 16)))


def test_weights_inside_other_things_are_found(tmp_path: Path) -> None:
    for wrapper in ("state_dict", "model"):
        torch.save({wrapper: released_state(SMALL), "epoch": 5}, tmp_path / "a.pth")
        assert load_checkpoint(tmp_path / "a.pth").config.model == SMALL
    save_file(released_state(SMALL), tmp_path / "a.safetensors")
    assert load_checkpoint(tmp_path / "a.safetensors").config.model == SMALL


def test_old_pickles_load(tmp_path: Path) -> None:
    torch.save(released_state(SMALL), tmp_path / "a.pth", _use_new_zipfile_serialization=False)
    assert load_checkpoint(tmp_path / "a.pth").config.model == SMALL


def _without(*names: str) -> dict[str, Tensor]:
    return {name: tensor for name, tensor in released_state(SMALL).items() if not name.endswith(names)}


def _with(name: str, tensor: Tensor) -> dict[str, Tensor]:
    return {**released_state(SMALL), name: tensor}


@pytest.mark.parametrize(
    ("state", "says"),
    [
        (_without("dist_token"), "no dist_token"),
        (_without("mlp_head.1.weight"), "no mlp_head.1.weight"),
        (_without("v.blocks.1.norm2.bias"), "1 missing"),
        (_with("module.v.extra", torch.zeros(3)), "1 unknown"),
        (_with("module.v.patch_embed.proj.weight", torch.zeros(128, 3, 16, 16)), "3 colour.*ImageNet"),
        (_with("module.v.patch_embed.proj.weight", torch.zeros(100, 1, 16, 16)), "multiple of 64"),
        (_with("module.v.norm.bias", torch.zeros(3)), r"norm.bias in a.pth has shape \(3,\)"),
        (_with("module.v.norm.bias", torch.full((128,), torch.nan)), "norm.bias .*not finite"),
        (_without("blocks.0.mlp.fc1.weight"), "no blocks.0.mlp.fc1.weight"),
        (_with("module.v.pos_embed", torch.zeros(146)), r"pos_embed in a.pth has shape \(146,\)"),
        (_with("module.v.patch_embed.proj.weight", torch.zeros(128, 256)), r"shape \(128, 256\)"),
        (_with("module.v.patch_embed.proj.weight", torch.zeros(0, 1, 16, 16)), r"shape \(0, 1, 16, 16\)"),
        (_with("module.v.norm.bias", torch.zeros(128).to_sparse()), "norm.bias in a.pth is sparse"),
        (_with("module.mask_embed", torch.zeros(1, 1, 128)), "an SSAST that was pre-trained"),
        ({"encoder.conv1.weight": torch.zeros(3)}, "a.pth has weights without a config"),
        ({"epoch": 3, "lr": 0.1}, "a.pth is a pickled"),
        ([torch.zeros(3)], "a.pth is a pickled"),
        ({}, "a.pth is a pickled"),
    ],
)
def test_other_weights_are_told(tmp_path: Path, state: Any, says: str) -> None:
    torch.save(state, tmp_path / "a.pth")
    with pytest.raises(UserError, match=says):
        load_checkpoint(tmp_path / "a.pth")


def test_whole_models_and_code_stay_shut(tmp_path: Path) -> None:
    torch.save(torch.nn.Linear(2, 2), tmp_path / "a.pth")
    with pytest.raises(UserError, match="could run code, so it was not opened"):
        load_checkpoint(tmp_path / "a.pth")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_cut_off_files_are_told(tmp_path: Path, share: float) -> None:
    whole = save_released(tmp_path / "a.pth").read_bytes()
    (tmp_path / "a.pth").write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(UserError, match="truncated"):
        load_checkpoint(tmp_path / "a.pth")


def test_audioset_labels_follow_from_527_outputs(tmp_path: Path) -> None:
    model = TransformerConfig(n_labels=527, max_frames=128, embed_dim=64, depth=1, num_heads=1)
    config = load_checkpoint(save_released(tmp_path / "a.pth", model)).config
    assert config.labels == audioset_labels()
    assert set(config.thresholds) == {0.3}
