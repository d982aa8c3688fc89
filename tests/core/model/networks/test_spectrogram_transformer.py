"""The transformer equals Hugging Face's with the same weights, and r = 0 changes nothing."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from core.errors import UserError
from core.model.architecture import TransformerConfig
from core.model.merging.bipartite import unmerge_tokens
from core.model.merging.schedule import MergeSchedule
from core.model.networks.build import build_network
from core.model.networks.spectrogram_transformer import AudioSpectrogramTransformer, SizedAttention
from core.model.variants import MODEL_VARIANTS

SMALL = TransformerConfig(n_labels=7, embed_dim=48, depth=3, num_heads=3, max_frames=256)


def small_model(**changes: object) -> AudioSpectrogramTransformer:
    torch.manual_seed(0)
    return AudioSpectrogramTransformer(dataclasses.replace(SMALL, **changes)).eval()


def hugging_face_weights(model: AudioSpectrogramTransformer) -> dict[str, torch.Tensor]:
    """Our weights under the names of `transformers`."""
    names = {
        "cls_token": "audio_spectrogram_transformer.embeddings.cls_token",
        "dist_token": "audio_spectrogram_transformer.embeddings.distillation_token",
        "pos_embed": "audio_spectrogram_transformer.embeddings.position_embeddings",
        "patch_embed.proj": "audio_spectrogram_transformer.embeddings.patch_embeddings.projection",
        "norm": "audio_spectrogram_transformer.layernorm",
        "mlp_head.0": "classifier.layernorm",
        "mlp_head.1": "classifier.dense",
    }
    in_block = {
        "norm1": "layernorm_before",
        "norm2": "layernorm_after",
        "attn.proj": "attention.output.dense",
        "mlp.fc1": "intermediate.dense",
        "mlp.fc2": "output.dense",
    }
    theirs: dict[str, torch.Tensor] = {}
    for name, tensor in model.state_dict().items():
        stem, _, kind = name.rpartition(".")
        if name in names:
            theirs[names[name]] = tensor
        elif stem in names:
            theirs[f"{names[stem]}.{kind}"] = tensor
        else:
            _, layer, part = stem.split(".", 2)
            prefix = f"audio_spectrogram_transformer.encoder.layer.{layer}"
            if part == "attn.qkv":
                for word, piece in zip(("query", "key", "value"), tensor.chunk(3), strict=True):
                    theirs[f"{prefix}.attention.attention.{word}.{kind}"] = piece
            else:
                theirs[f"{prefix}.{in_block[part]}.{kind}"] = tensor
    return theirs


@pytest.mark.slow
@pytest.mark.parametrize(("n_frames", "stride"), [(1024, 10), (512, 10), (128, 10), (1024, 16)])
def test_logits_equal_hugging_face(n_frames: int, stride: int) -> None:
    from transformers import ASTConfig, ASTForAudioClassification

    torch.manual_seed(n_frames + stride)
    config = TransformerConfig(
        n_labels=11,
        max_frames=n_frames,
        stride_frames=stride,
        stride_mels=stride,
        embed_dim=192,
        depth=12,
        num_heads=3,
        norm_eps=1e-12,
        head_norm_eps=1e-12,
    )
    ours = AudioSpectrogramTransformer(config).eval()
    with torch.no_grad():  # larger than at the start, so that every part has a say in the logits
        for parameter in ours.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.05)
    theirs = ASTForAudioClassification(
        ASTConfig(
            hidden_size=192,
            num_hidden_layers=12,
            num_attention_heads=3,
            intermediate_size=768,
            frequency_stride=stride,
            time_stride=stride,
            max_length=n_frames,
            id2label={i: str(i) for i in range(11)},
        )
    ).eval()
    renamed = _to_installed_names(hugging_face_weights(ours), theirs)
    theirs.load_state_dict(renamed)
    log_mel = torch.randn(2, n_frames, 128)
    with torch.inference_mode():
        difference = (ours(log_mel) - theirs(log_mel).logits).abs().max().item()
    assert difference < 1e-4


def _to_installed_names(weights: dict[str, torch.Tensor], model: torch.nn.Module) -> dict[str, torch.Tensor]:
    """transformers 5 names some layers differently from 4: match whichever is installed."""
    expected = model.state_dict().keys()
    if weights.keys() == expected:
        return weights
    changes = (
        ("encoder.layer.", "layers."),
        ("attention.attention.query", "attention.q_proj"),
        ("attention.attention.key", "attention.k_proj"),
        ("attention.attention.value", "attention.v_proj"),
        ("attention.output.dense", "attention.o_proj"),
        ("intermediate.dense", "mlp.fc1"),
        ("output.dense", "mlp.fc2"),
    )
    renamed = {}
    for name, tensor in weights.items():
        for old, new in changes:
            name = name.replace(old, new)
        renamed[name] = tensor
    assert renamed.keys() == expected, f"{sorted(renamed.keys() ^ expected)[:6]}"
    return renamed


@pytest.mark.parametrize(
    ("n_frames", "stride", "grid"),
    [(1024, 10, (12, 101)), (1024, 12, (10, 85)), (1024, 14, (9, 73)), (1024, 16, (8, 64)), (512, 10, (12, 50)),
     (128, 10, (12, 12)), (98, 10, (12, 9)), (498, 16, (8, 31)), (998, 10, (12, 99))],
)  # fmt: skip
def test_patch_grids(n_frames: int, stride: int, grid: tuple[int, int]) -> None:
    config = dataclasses.replace(SMALL, stride_frames=stride, stride_mels=stride)
    assert config.grid(n_frames) == grid
    model = AudioSpectrogramTransformer(dataclasses.replace(config, depth=1)).eval()
    assert model.tokens(torch.randn(1, n_frames, 128)).x.shape[1] == grid[0] * grid[1] + 2


def test_parameter_counts_match_the_published_sizes() -> None:
    with torch.device("meta"):
        base = build_network(MODEL_VARIANTS["ast-base"].model)
    assert sum(p.numel() for p in base.parameters()) == 86_594_063


@pytest.mark.parametrize("n_frames", [16, 17, 100, 255, 256, 300, 1000])
def test_any_number_of_frames(n_frames: int) -> None:
    for model in (small_model(), small_model(stem="convolution", stride_frames=16, stride_mels=16)):
        log_mel = torch.randn(1, n_frames, 128)
        merge = MergeSchedule("constant", 4, reference_patches=model.config.n_patches(256))
        with torch.inference_mode():
            assert torch.isfinite(model(log_mel)).all()
            tokens = model.tokens(log_mel, merge=merge)
        assert tokens.x.shape[1] == model.tokens_per_layer(n_frames, merge)[-1]


def test_merging_is_no_state_of_the_module() -> None:
    model = small_model()
    log_mel = torch.randn(1, 256, 128)
    with torch.inference_mode():
        before = model(log_mel)
        merged = model(log_mel, merge=MergeSchedule("constant", 30))
        assert not torch.equal(before, merged)
        assert torch.equal(before, model(log_mel))


def test_unmerged_tokens_lie_on_the_grid_again() -> None:
    model = small_model()
    with torch.inference_mode():
        tokens = model.tokens(torch.randn(2, 256, 128), merge=MergeSchedule("constant", 40))
    assert tokens.places is not None
    assert unmerge_tokens(tokens.x, tokens.places).shape == (2, 12 * 25 + 2, 48)


@pytest.mark.parametrize("sized", [False, True])
def test_attention_in_bf16_learns_as_in_fp32(sized: bool) -> None:
    """With gradients, bf16 on a CPU takes another way through the attention."""
    torch.manual_seed(0)
    attention = SizedAttention(48, num_heads=3, qkv_bias=True)
    x = torch.randn(2, 21, 48)
    size = torch.randint(1, 5, (2, 21)).float() if sized else None

    def output_and_gradient(precision: torch.dtype) -> tuple[torch.Tensor, torch.Tensor]:
        given = x.clone().requires_grad_()
        with torch.autocast("cpu", precision, enabled=precision != torch.float32):
            out, _ = attention.attend(given, size)
        out.float().pow(2).sum().backward()
        assert given.grad is not None
        return out.detach().float(), given.grad

    for ours, wanted in zip(output_and_gradient(torch.bfloat16), output_and_gradient(torch.float32), strict=True):
        assert (ours - wanted).norm() < 0.02 * wanted.norm()


def test_a_gain_changes_nothing_with_window_level() -> None:
    model = small_model(level="window")
    log_mel = torch.randn(1, 256, 128)
    with torch.inference_mode():
        torch.testing.assert_close(model(log_mel), model(log_mel + 1.5), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize(
    "wrong",
    [{"embed_dim": 50}, {"stem": "convolution"}, {"stem": "other"}, {"pooling": "max"}, {"level": "x"}, {"depth": 0},
     {"n_mels": 8}],
)  # fmt: skip
def test_contradictions_are_refused(wrong: dict) -> None:
    with pytest.raises(UserError):
        dataclasses.replace(SMALL, **wrong)
