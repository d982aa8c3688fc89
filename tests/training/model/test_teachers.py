"""A teacher hears what the student hears and answers in the student's labels; what it cannot answer is refused."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from core.audio.log_mel import LogMelConfig
from core.errors import UserError
from core.labels import LabelSet
from core.model.architecture import ModelConfig, TransformerConfig
from core.model.checkpoints.checkpoint import Checkpoint, CheckpointConfig, save_checkpoint
from core.model.checkpoints.loading import load_checkpoint
from core.model.networks.build import build_network, last_layer
from tests.training.runs import MODEL_VARIANTS
from training.model import teachers
from training.model.teachers import Teacher, TeacherFiles, Teachers, content_of, facts_of, read_teachers

STUDENT = LogMelConfig(mean=-6.0, std=5.0)
IDS = ("cat", "dog", "rain")
CPU = torch.device("cpu")


def checkpoint(ids: tuple[str, ...] = IDS, variant: str = "nano", seed: int = 0, **changes: Any) -> Checkpoint:
    """Random weights, with a head that is not shy."""
    torch.manual_seed(seed)
    model: ModelConfig = MODEL_VARIANTS[variant].with_labels(len(ids))
    network = build_network(dataclasses.replace(model, level="absolute"))
    torch.nn.init.normal_(last_layer(network).weight)
    values: dict[str, Any] = {
        "name": "Owl",
        "variant": variant,
        "model": network.config,
        "log_mel": STUDENT,
        "labels": LabelSet.from_ids(ids),
        "thresholds": (0.5,) * len(ids),
        **changes,
    }
    return Checkpoint(CheckpointConfig(**values), network.state_dict())


def teacher(*args: Any, labels: LabelSet | None = None, log_mel: LogMelConfig = STUDENT, **changes: Any) -> Teacher:
    return Teacher(checkpoint(*args, **changes), labels or LabelSet.from_ids(IDS), log_mel)


def heard_by(teacher: Teacher, log_mel: Tensor) -> Tensor:
    """What goes into the teacher's network."""
    inputs: list[Tensor] = []
    hook = teacher._network.register_forward_pre_hook(lambda _module, args: inputs.append(args[0]))
    teacher.probabilities(log_mel, "bce", 1.0)
    hook.remove()
    return inputs[0]


@pytest.fixture
def log_mel() -> Tensor:
    return torch.randn(2, 98, 128, generator=torch.Generator().manual_seed(1))


def test_with_the_students_statistics_it_hears_the_very_same(log_mel: Tensor) -> None:
    assert heard_by(teacher(), log_mel) is log_mel


def test_with_others_it_hears_the_same_sound_as_it_was_trained_on(log_mel: Tensor) -> None:
    theirs = LogMelConfig(mean=-4.0, std=3.0)
    raw = log_mel * 2 * STUDENT.std + STUDENT.mean
    expected = torch.from_numpy(theirs.normalise(raw.numpy()))
    adapted = Teacher(checkpoint(log_mel=theirs), LabelSet.from_ids(IDS), STUDENT)
    torch.testing.assert_close(heard_by(adapted, log_mel), expected)


def test_one_that_learnt_with_zero_frames_gets_them(log_mel: Tensor) -> None:
    heard = heard_by(teacher(pad_to_window=True), log_mel)
    assert heard.shape == (2, 1024, 128)
    assert torch.equal(heard[:, :98], log_mel)
    silent = torch.from_numpy(STUDENT.normalise(torch.zeros(1).numpy())).item()
    torch.testing.assert_close(heard[:, 98:], torch.full((2, 926, 128), silent))


@pytest.mark.parametrize("variant", ["nano", "nano-cnn"])
@pytest.mark.parametrize("kind", ["bce", "ce"])
def test_it_answers_in_the_order_of_the_students_labels(variant: str, kind: str, log_mel: Tensor) -> None:
    ids = ("sea", "rain", "cat", "dog")
    adapted = teacher(ids, variant)
    answers = adapted.probabilities(log_mel, kind, 2.0)
    with torch.no_grad():
        logits = checkpoint(ids, variant).build()(log_mel)[:, [2, 3, 1]] / 2.0
    assert answers.shape == (2, 3)
    assert not answers.requires_grad
    torch.testing.assert_close(answers, logits.softmax(dim=-1) if kind == "ce" else logits.sigmoid())


def test_labels_match_by_name_where_ids_differ(log_mel: Tensor) -> None:
    labels = LabelSet.from_dicts([{"id": f"/m/{i}", "name": name} for i, name in enumerate(("Rain", "Cat"))])
    by_name = teacher(labels=labels).probabilities(log_mel, "bce", 1.0)
    by_id = teacher(labels=LabelSet.from_ids(["rain", "cat"])).probabilities(log_mel, "bce", 1.0)
    assert torch.equal(by_name, by_id)


def test_a_softmax_teacher_tells_a_sigmoid_student_its_own_probabilities(log_mel: Tensor) -> None:
    answers = teacher(activation="softmax").probabilities(log_mel, "bce", 1.0)
    torch.testing.assert_close(answers.sum(dim=-1), torch.ones(2))


def test_a_sigmoid_teacher_tells_a_softmax_student_which_one_it_is_if_it_is_one(log_mel: Tensor) -> None:
    each = teacher().probabilities(log_mel, "bce", 1.0).double()
    alone = torch.stack([each[:, i] * (1 - each[:, [j for j in range(3) if j != i]]).prod(dim=1) for i in range(3)], 1)
    expected = (alone / alone.sum(dim=1, keepdim=True)).float()
    # Float32 has few digits left of a probability near one.
    torch.testing.assert_close(teacher().probabilities(log_mel, "ce", 1.0), expected, atol=1e-3, rtol=1e-3)


def test_several_speak_with_one_voice(log_mel: Tensor) -> None:
    labels = LabelSet.from_ids(IDS)
    both = [checkpoint(seed=1), checkpoint(("rain", "dog", "cat"), "nano-cnn", seed=2)]
    apart = [Teacher(single, labels, STUDENT).probabilities(log_mel, "bce", 1.0) for single in both]
    together = Teachers(TeacherFiles(tuple(both)), labels, STUDENT, device=CPU)
    torch.testing.assert_close(together.probabilities(log_mel, "bce", 1.0), (apart[0] + apart[1]) / 2)
    assert len(together) == 2
    assert not Teachers(TeacherFiles(), labels, STUDENT, device=CPU)


def test_one_that_lacks_labels_is_refused() -> None:
    with pytest.raises(UserError, match="1 of the 3 labels: Rain"):
        teacher(("cat", "dog"))


@pytest.mark.parametrize("other", [{"window": "hamming"}, {"sample_rate": 32_000}])
def test_one_that_hears_other_frames_is_refused(other: dict[str, Any]) -> None:
    with pytest.raises(UserError, match="another log-mel"):
        teacher(log_mel=dataclasses.replace(STUDENT, **other))


def test_its_content_is_its_answers_not_its_place(tmp_path: Path) -> None:
    saved = checkpoint()
    for name in ("folder", "file.safetensors"):
        save_checkpoint(saved, tmp_path / name, dtype=torch.float32)
        assert content_of(load_checkpoint(tmp_path / name)) == content_of(saved)
    renamed = dataclasses.replace(saved.config, name="Another", provenance={"data": "x"})
    assert content_of(Checkpoint(renamed, saved.weights)) == content_of(saved)
    other = {name: tensor.clone() for name, tensor in saved.weights.items()}
    other["mlp_head.1.bias"][0] += 1e-3
    assert content_of(Checkpoint(saved.config, other)) != content_of(saved)
    moved = dataclasses.replace(saved.config, log_mel=LogMelConfig())
    assert content_of(Checkpoint(moved, saved.weights)) != content_of(saved)


def test_the_facts_name_no_path() -> None:
    provenance = {"data": "farm", "test_folds": ["2"], "metrics": {"accuracy": 0.5}, "started_from": None}
    facts = facts_of(checkpoint(provenance=provenance))
    assert facts.pop("content") == content_of(checkpoint())
    expected = {"name": "Owl", "variant": "nano", "data": "farm", "test_folds": ["2"], "accuracy": 0.5}
    assert facts == {**expected, "went_on": False, "teachers": []}


def test_teachers_are_read_by_path_and_asked_for_where_they_are_missing(tmp_path: Path) -> None:
    save_checkpoint(checkpoint(), tmp_path / "owl")
    [first] = read_teachers([str(tmp_path / "owl")]).checkpoints
    assert first.config.name == "Owl"
    assert read_teachers([]) == TeacherFiles()
    with pytest.raises(UserError, match="teacher") as caught:
        read_teachers(["required"])
    assert "teacher=CHECKPOINT" in caught.value.remedy
    with pytest.raises(UserError, match="no model"):
        read_teachers([str(tmp_path / "nothing")])


def test_the_facts_name_those_that_it_learnt_from_itself() -> None:
    own = facts_of(checkpoint(provenance={"data": "woods"}))
    assert facts_of(checkpoint(provenance={"data": "farm", "teachers": [own]}))["teachers"] == [own]


@pytest.mark.parametrize("metrics", ["good", [1, 2], None])
def test_metrics_of_another_kind_give_no_accuracy(metrics: Any) -> None:
    assert facts_of(checkpoint(provenance={"metrics": metrics}))["accuracy"] is None


def test_a_setting_that_a_later_version_brings_leaves_the_content_as_it_was() -> None:
    @dataclasses.dataclass(frozen=True)
    class Later(TransformerConfig):
        brought_later: int = 7

    saved = checkpoint()
    values = {field.name: getattr(saved.config.model, field.name) for field in dataclasses.fields(saved.config.model)}
    told = teachers._unlike_defaults(saved.config.model)
    assert teachers._unlike_defaults(Later(**values)) == told
    assert teachers._unlike_defaults(Later(**values, brought_later=8)) == {**told, "brought_later": 8}
