"""The network of a training step merges tokens and returns the frame head's logits where it is asked to."""

from __future__ import annotations

from dataclasses import replace

import torch

from core.model.architecture import TransformerConfig
from core.model.merging.schedule import NO_MERGING, MergeSchedule
from core.model.networks.build import Network, build_network
from tests.training.runs import MODEL_VARIANTS
from training.model.training_network import TrainingNetwork


def network(*, frame_head: bool = False) -> Network:
    torch.manual_seed(0)
    config = MODEL_VARIANTS["nano"].with_labels(2)
    assert isinstance(config, TransformerConfig)
    return build_network(replace(config, frame_head=frame_head)).eval()


def test_without_a_frame_head_the_logits_are_the_networks() -> None:
    plain, log_mel = network(), torch.randn(2, 100, 128)
    logits, columns, _ = TrainingNetwork(plain, NO_MERGING)(log_mel, 3)
    assert columns is None
    assert torch.equal(logits, plain(log_mel, first_column=3))
    merge = MergeSchedule("constant", 4)
    merged = TrainingNetwork(plain, merge)(log_mel, 3).logits
    assert torch.equal(merged, plain(log_mel, merge=merge, first_column=3))
    assert not torch.equal(merged, logits)


def test_with_a_frame_head_each_column_has_logits_too() -> None:
    plain, log_mel = network(frame_head=True), torch.randn(2, 100, 128)
    logits, columns, _ = TrainingNetwork(plain, NO_MERGING, with_frame_head=True)(log_mel, 0)
    assert logits.shape == (2, 2)
    assert columns is not None
    assert columns.shape[::2] == (2, 2)


def test_embeddings_are_guessed_for_each_column() -> None:
    plain, log_mel = network(frame_head=True), torch.randn(2, 100, 128)
    output = TrainingNetwork(plain, NO_MERGING, with_frame_head=True, embedding_width=7)(log_mel, 0)
    assert output.columns is not None
    assert output.embeddings is not None
    assert output.embeddings.shape == (2, output.columns.shape[1], 7)
