"""The loss of scenes: labels where they are known, the teacher where it speaks, nothing where both are silent."""

from __future__ import annotations

import math

import pytest
import torch

from core.labels import Label, LabelSet
from training.batches.sampling import SceneTargets
from training.model.scene_loss import (
    Targets,
    TaughtLabels,
    blended,
    column_targets,
    embedding_loss,
    patch_states,
    pooled_loss,
    summed_bce,
)
from training.scenes.activity import SILENT, SOUNDING, UNSURE


def labels(*ids: str) -> LabelSet:
    return LabelSet(tuple(Label(i, name, name) for i, name in enumerate(ids)))


def test_labels_are_matched_by_id() -> None:
    taught = TaughtLabels.of(labels("dog", "own", "cat"), labels("cat", "bird", "dog"))
    assert taught.labels.tolist() == [0, 2]
    assert taught.classes.tolist() == [2, 0]


def test_the_target_is_the_label_the_teacher_or_their_blend() -> None:
    taught = TaughtLabels(torch.tensor([0, 1]), torch.tensor([1, 0]))
    own = Targets(torch.tensor([[1.0, 0.0, 1.0, 0.0]]), torch.tensor([[True, False, True, False]]))
    both = blended(own, torch.tensor([[0.2, 0.6]]), taught, 0.75)
    assert both.values[0, :3].tolist() == pytest.approx([0.75 + 0.25 * 0.6, 0.2, 1.0])
    assert both.known.tolist() == [[True, True, True, False]]
    assert blended(own, None, taught, 0.75) is own


def test_a_label_is_in_a_patch_where_it_sounds_in_any_of_its_columns() -> None:
    inside = torch.tensor([[True, True, False], [False, True, True]])
    columns = torch.tensor([[[SOUNDING, SILENT, SILENT], [SILENT, SILENT, UNSURE], [SILENT, SILENT, SILENT]]])
    found = patch_states(columns.to(torch.int8), inside)
    assert found.values.tolist() == [[[1, 0, 0], [0, 0, 0]]]
    assert found.known.tolist() == [[[True, True, False], [True, True, False]]]


def test_the_columns_of_unsure_labels_cost_nothing() -> None:
    states = torch.tensor([[[SOUNDING, UNSURE], [SILENT, UNSURE]]], dtype=torch.int8)
    scenes = SceneTargets(known=torch.ones(1, 2, dtype=torch.bool), columns=states)
    logits = torch.zeros(1, 2, 2, requires_grad=True)
    loss = summed_bce(logits, column_targets(scenes))
    assert float(loss.detach()) == pytest.approx(math.log(2))
    loss.backward()
    assert logits.grad is not None
    assert logits.grad[0, :, 1].tolist() == [0, 0]
    assert logits.grad[0, 0, 0] < 0 < logits.grad[0, 1, 0]


def test_pooling_raises_the_columns_that_are_sure_already() -> None:
    logits = torch.tensor([[[2.0], [-2.0], [0.0]]], requires_grad=True)
    inside = torch.tensor([[True, True, False]])
    target = Targets(torch.ones(1, 1, 1), torch.ones(1, 1, 1, dtype=torch.bool))
    pooled_loss(logits, target, inside).backward()
    assert logits.grad is not None
    sure, unsure, outside = logits.grad[0, :, 0].tolist()
    assert sure < 0 < unsure
    assert outside == 0


def test_unknown_patches_cost_nothing() -> None:
    target = Targets(torch.ones(1, 1, 1), torch.zeros(1, 1, 1, dtype=torch.bool))
    assert float(pooled_loss(torch.randn(1, 3, 1), target, torch.ones(1, 3, dtype=torch.bool))) == 0


def test_embeddings_are_compared_by_their_direction() -> None:
    theirs = torch.rand(2, 1, 8)
    inside = torch.ones(1, 3, dtype=torch.bool)
    guessed = (5 * theirs.sqrt()).expand(2, 3, 8)
    assert float(embedding_loss(guessed, inside, theirs)) == pytest.approx(0, abs=1e-5)
    assert float(embedding_loss(-guessed, inside, theirs)) == pytest.approx(4, abs=1e-4)
