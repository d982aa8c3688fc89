"""ImageNet weights of timm's models: they arrive where they should, and other models and files are refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import safetensors.torch
import timm
import torch
from torch import Tensor, nn

from core.errors import UserError
from core.labels import LabelSet
from core.model.architecture import TransformerConfig
from core.model.checkpoints.checkpoint import Checkpoint
from core.model.networks.spectrogram_transformer import AudioSpectrogramTransformer
from core.model.variants import MODEL_VARIANTS, find_variant
from tests.training.runs import small
from training.model import imagenet_weights
from training.model.building import build_model
from training.model.imagenet_weights import SUITABLE
from training.model.initialisation import initialise, new_module_names

pytestmark = pytest.mark.slow

DISTILLED, PLAIN_384 = "deit_tiny_distilled_patch16_224", "vit_tiny_patch16_384"
LABELS = LabelSet.from_ids(["cat", "dog", "rain"])


def fresh(variant: str = "ast-tiny", labels: LabelSet = LABELS) -> AudioSpectrogramTransformer:
    return AudioSpectrogramTransformer(shape_of(variant, n_labels=len(labels))).eval()


def shape_of(variant: str, **changes: int) -> TransformerConfig:
    shape = find_variant(variant).model
    assert isinstance(shape, TransformerConfig)
    return replace(shape, **changes)


def flat_index_positions(n_prefix: int, side: int) -> Tensor:
    """Rows of the prefix -1, -2; each patch its own number, in all 192 channels."""
    values = [*(-1.0 - i for i in range(n_prefix)), *map(float, range(side * side))]
    return torch.tensor(values)[None, :, None].repeat(1, 1, 192)


@pytest.fixture(scope="module")
def distilled(tmp_path_factory: pytest.TempPathFactory) -> tuple[nn.Module, Path]:
    """A timm DeiT with random weights, and the file that they are in."""
    torch.manual_seed(0)
    model = timm.create_model(DISTILLED, pretrained=False)
    path = tmp_path_factory.mktemp("deit") / "deit.safetensors"
    safetensors.torch.save_model(model, str(path))
    return model, path


def test_a_distilled_model_is_taken_but_for_its_heads(distilled: tuple[nn.Module, Path]) -> None:
    theirs, path = distilled
    model = fresh()
    head = model.mlp_head[1].weight.clone()  # pyright: ignore[reportCallIssue]
    words = initialise(model, f"timm:{DISTILLED}@{path}", LABELS)
    mine, given = model.state_dict(), theirs.state_dict()
    for name in set(mine) - {"pos_embed", "patch_embed.proj.weight"}:
        assert name.startswith("mlp_head.") or torch.equal(mine[name], given[name])
    kernel = given["patch_embed.proj.weight"]
    torch.testing.assert_close(mine["patch_embed.proj.weight"][:, 0], kernel[:, 0] + kernel[:, 1] + kernel[:, 2])
    assert torch.equal(mine["pos_embed"][:, :2], given["pos_embed"][:, :2])
    assert torch.equal(mine["mlp_head.1.weight"], head)
    assert words == f"ImageNet weights of {DISTILLED}, without its head"
    assert set(new_module_names(model, f"timm:{DISTILLED}@{path}", LABELS)) == {
        *("mlp_head.0.weight", "mlp_head.0.bias", "mlp_head.1.weight", "mlp_head.1.bias")
    }


def test_on_a_picture_of_its_own_size_it_computes_what_timm_does(distilled: tuple[nn.Module, Path]) -> None:
    theirs, path = distilled
    square = shape_of("ast-tiny-16", n_labels=3, n_mels=224, max_frames=224)
    model = AudioSpectrogramTransformer(square).eval()
    initialise(model, f"timm:{DISTILLED}@{path}", LABELS)
    log_mel = torch.randn(2, 224, 224)
    grey = log_mel.transpose(1, 2).unsqueeze(1).expand(-1, 3, -1, -1)
    with torch.no_grad():
        expected = theirs.eval().forward_features(grey)  # pyright: ignore[reportCallIssue]
        torch.testing.assert_close(model.tokens(log_mel).x, expected, atol=1e-4, rtol=1e-4)


def test_another_eps_than_theirs_may_be_asked_for(distilled: tuple[nn.Module, Path]) -> None:
    settings = ("variant=ast-tiny-16", f"init=timm:{DISTILLED}@{distilled[1]}", "norm_eps=1e-12")
    config = build_model(small(*settings), LABELS).model.config
    assert isinstance(config, TransformerConfig)
    assert (config.norm_eps, config.head_norm_eps) == (1e-12, 1e-12)


def test_positions_are_cut_and_stretched_as_published(tmp_path: Path) -> None:
    theirs = timm.create_model(PLAIN_384, pretrained=False)
    assert isinstance(theirs.pos_embed, nn.Parameter)
    theirs.pos_embed.data = flat_index_positions(1, 24)
    torch.save({"model": theirs.state_dict()}, tmp_path / "vit.pth")
    model = fresh()
    initialise(model, f"timm:{PLAIN_384}@{tmp_path / 'vit.pth'}", LABELS)
    grid = model.pos_embed[0, 2:, 0].reshape(12, 101)
    assert grid[0, :4].tolist() == pytest.approx([144.0, 144.0, 144.0941, 144.3317], abs=1e-3)
    assert grid[-1, -1].item() == pytest.approx(431.0)


def test_a_model_without_distillation_token_lends_its_class_token_twice(tmp_path: Path) -> None:
    theirs = timm.create_model(PLAIN_384, pretrained=False)
    torch.save(theirs.state_dict(), tmp_path / "vit.pth")
    model = fresh()
    initialise(model, f"timm:{PLAIN_384}@{tmp_path / 'vit.pth'}", LABELS)
    assert torch.equal(model.dist_token, model.cls_token)
    assert torch.equal(model.cls_token, theirs.state_dict()["cls_token"])
    assert torch.equal(model.pos_embed[:, 0], model.pos_embed[:, 1])
    with torch.no_grad():
        tokens = model.tokens(torch.randn(1, 200, 128)).x
    torch.testing.assert_close(tokens[:, 0], tokens[:, 1])


@pytest.mark.parametrize(
    ("variant", "name", "says"),
    [
        ("ast-tiny-stem", DISTILLED, "linear patches.*ast-tiny-16"),
        ("ast-small", DISTILLED, "width 192, depth 12 .*deit_small_distilled_patch16_224"),
        ("ast-base", "vit_base_patch32_224", "patches of 32"),
        ("ast-small", "deit3_small_patch16_224", r"other parts \("),
        ("ast-tiny", "resnet18", "not a plain vision transformer"),
        ("ast-tiny", "vit_nonsense", "no model 'vit_nonsense'.*deit_tiny"),
    ],
)
def test_what_does_not_suit_is_refused_before_anything_is_fetched(variant: str, name: str, says: str) -> None:
    with pytest.raises(UserError, match=says):
        initialise(fresh(variant), f"timm:{name}", LABELS)


@pytest.mark.parametrize(("width", "name"), [(width, name) for width, names in SUITABLE.items() for name in names])
def test_every_model_that_the_errors_recommend_suits(width: int, name: str) -> None:
    shapes = [row.model for row in MODEL_VARIANTS.values() if isinstance(row.model, TransformerConfig)]
    [ours, *_] = [shape for shape in shapes if shape.embed_dim == width and shape.stem == "patch"]
    imagenet_weights._suitable_model(name, ours)


def test_without_network_the_remedy_is_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    create = timm.create_model

    def offline(name: str, pretrained: bool) -> nn.Module:
        if pretrained:
            raise FileNotFoundError("no connection")
        return create(name, pretrained=False)

    monkeypatch.setattr(timm, "create_model", offline)
    with pytest.raises(UserError, match=f"timm:{DISTILLED}@FILE"):
        initialise(fresh(), f"timm:{DISTILLED}", LABELS)


def test_files_that_hold_something_else_are_told(tmp_path: Path, distilled: tuple[nn.Module, Path]) -> None:
    (tmp_path / "text.pth").write_text("no weights")
    (tmp_path / "half.safetensors").write_bytes(distilled[1].read_bytes()[:5000])
    torch.save({"epoch": 3}, tmp_path / "other.pth")
    torch.save(Checkpoint, tmp_path / "code.pth")
    for name, says in {
        "none.pth": "There is no file none.pth",
        "text.pth": "is a text file",
        "half.safetensors": "cannot be read",
        "code.pth": "could run code",
        "other.pth": "without named weights",
    }.items():
        with pytest.raises(UserError, match=says):
            initialise(fresh(), f"timm:{DISTILLED}@{tmp_path / name}", LABELS)
    with pytest.raises(UserError, match="the weights of vit_tiny_patch16_224"):
        initialise(fresh(), f"timm:vit_tiny_patch16_224@{distilled[1]}", LABELS)
