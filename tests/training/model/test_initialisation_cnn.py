"""A CNN starts from a CNN's checkpoint, and a transformer from a transformer's."""

from __future__ import annotations

from pathlib import Path

import pytest
import safetensors.torch
import torch

from core.errors import UserError
from core.labels import LabelSet
from core.model.networks.build import build_network
from core.model.networks.convolutional import ConvolutionalTagger
from tests.training.runs import MODEL_VARIANTS, save_teacher
from training.model.initialisation import initialise, new_module_names

LABELS = LabelSet.from_ids(["noise", "dog", "tone"])
HEAD = {"mlp_head.1.weight", "mlp_head.1.bias"}


def fresh() -> ConvolutionalTagger:
    torch.manual_seed(5)
    network = build_network(MODEL_VARIANTS["nano-cnn"].with_labels(len(LABELS)))
    assert isinstance(network, ConvolutionalTagger)
    return network.eval()


@pytest.mark.slow
def test_a_cnn_goes_on_from_a_cnn_with_the_rows_of_the_labels_that_both_have(tmp_path: Path) -> None:
    start, model = save_teacher(tmp_path / "cnn", "nano-cnn", "sounds", seed=1), fresh()
    new_row = model.mlp_head.state_dict()["1.weight"][1].clone()
    words = initialise(model, str(start), LABELS)
    assert words == "weights of Owl nano-cnn, its last layer for 2 of 3 labels"
    theirs = safetensors.torch.load_file(next(start.glob("*.safetensors")))
    mine = model.state_dict()
    assert all(torch.equal(mine[name], theirs[name].to(mine[name].dtype)) for name in mine if name not in HEAD)
    rows = theirs["mlp_head.1.weight"].float()
    assert torch.equal(mine["mlp_head.1.weight"], torch.stack([rows[1], new_row, rows[0]]))
    assert set(new_module_names(model, str(start), LABELS)) == HEAD


def test_a_transformer_starts_no_cnn(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="another architecture"):
        initialise(fresh(), str(save_teacher(tmp_path / "ast", "nano", "sounds", seed=1)), LABELS)


def test_a_cnn_starts_no_transformer(tmp_path: Path) -> None:
    start = save_teacher(tmp_path / "cnn", "nano-cnn", "sounds", seed=1)
    transformer = build_network(MODEL_VARIANTS["nano"].with_labels(len(LABELS)))
    with pytest.raises(UserError, match="another architecture"):
        initialise(transformer, str(start), LABELS)
