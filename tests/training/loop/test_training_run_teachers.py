"""Whole runs with a teacher, CNN or AST: consistent, resumable, named in what they leave behind."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from torch import Tensor

from core.errors import UsageError, UserError
from core.inference.file_tagging import tag_file
from core.inference.tagger import load_tagger
from core.model.checkpoints.checkpoint import Checkpoint
from core.model.checkpoints.loading import load_checkpoint
from core.run.messages import TrainingFinished
from core.run.run_folder import STATE_NAME
from tests.training.runs import PLAIN, run, save_teacher, small, write_clips
from training.batches.sampling import Batch
from training.data.run_data import load_run_data
from training.loop.control import RunControl
from training.loop.fabric import build_fabric
from training.loop.training_run import TrainingRun
from training.model import initialisation, teachers
from training.model.teachers import content_of

pytestmark = pytest.mark.slow

CNN = ("variant=nano-cnn", "patch_drop=0")


@pytest.fixture(scope="module")
def cnn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_teacher(tmp_path_factory.mktemp("cnn") / "checkpoint", "nano-cnn", "sounds", seed=1)


@pytest.fixture(scope="module")
def ast(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_teacher(tmp_path_factory.mktemp("ast") / "checkpoint", "nano", "other sounds", seed=2)


def state(out: Path) -> dict[str, dict[str, Tensor]]:
    return torch.load(out / STATE_NAME, weights_only=True)


def assert_same_weights(first: Path, second: Path) -> None:
    for part in ("model", "average"):
        mine, theirs = state(first)[part], state(second)[part]
        assert all(torch.equal(mine[name], theirs[name]) for name in mine)


def set_up(data: Path, *settings: str) -> TrainingRun:
    config = small(*settings)
    return TrainingRun(config, load_run_data(config, data, None, lambda _message: None), build_fabric(config))


def test_teacher_and_student_hear_the_same_and_the_loss_is_of_the_blend(data: Path, cnn: Path) -> None:
    taught = set_up(data, "mixup=0.5", "gain_db=20", f"teacher={cnn}", "label_weight=0.25", "teacher_temperature=2")
    teacher, batch = taught.teachers._teachers[0], taught.batches[1, 0]
    heard: dict[str, Tensor] = {}
    answers: list[Tensor] = []
    taught.plain.register_forward_pre_hook(lambda _module, args: heard.update(student=args[0]))
    taught.plain.register_forward_hook(lambda _module, _args, logits: answers.append(logits.detach()))
    teacher._network.register_forward_pre_hook(lambda _module, args: heard.update(teacher=args[0]))
    loss, _ = taught.train_step(batch)
    mean, std = taught.data.log_mel.mean, taught.data.log_mel.std
    raw = heard["student"] * 2 * std + mean
    assert torch.equal(heard["student"], batch.log_mel)
    torch.testing.assert_close(heard["teacher"] * 2 * 4.0 - 5.0, raw, atol=1e-4, rtol=1e-4)
    with torch.no_grad():
        probabilities = (teacher._network((raw + 5.0) / (2 * 4.0))[:, [1, 0]] / 2).sigmoid()
    target = 0.25 * batch.targets + 0.75 * probabilities
    expected = torch.nn.functional.binary_cross_entropy_with_logits(answers[0], target, reduction="sum") / len(target)
    assert loss == pytest.approx(float(expected), rel=1e-5)
    assert not teacher._network.training
    assert all(parameter.grad is None for parameter in teacher._network.parameters())


def test_with_all_weight_on_the_labels_a_teacher_changes_nothing(data: Path, cnn: Path, tmp_path: Path) -> None:
    run(data, tmp_path / "alone", "mixup=0.5", "drop_path=0.2")
    run(data, tmp_path / "taught", "mixup=0.5", "drop_path=0.2", f"teacher={cnn}", "label_weight=1")
    assert_same_weights(tmp_path / "alone", tmp_path / "taught")


@pytest.mark.parametrize("loss", ["bce", "ce"])
def test_a_student_comes_to_say_what_its_teacher_says(data: Path, cnn: Path, loss: str) -> None:
    """The teacher's random answers, not the labels: with no weight on these they are all there is to learn."""
    settings = (*PLAIN, f"loss={loss}", f"teacher={cnn}", "label_weight=0", "epochs=30")
    taught = set_up(data, *settings)
    losses = [taught.train_step(taught.batches[epoch, 0])[0] for epoch in range(1, 30)]
    batch = taught.batches[1, 0]
    says = taught.teachers.probabilities(batch.log_mel, loss, 1.0)
    entropy = -(torch.xlogy(says, says) + (torch.xlogy(1 - says, 1 - says) if loss == "bce" else 0)).sum() / len(says)
    assert losses[-1] - float(entropy) < 0.5 * (losses[0] - float(entropy))


def test_an_ast_teaches_a_cnn_and_several_teach_together(data: Path, ast: Path, cnn: Path, tmp_path: Path) -> None:
    finished = run(data, tmp_path, *CNN, "epochs=1", f"teacher={ast},{cnn}")[-1]
    assert isinstance(finished, TrainingFinished)
    provenance = load_checkpoint(Path(finished.checkpoint)).config.provenance
    assert [facts["name"] for facts in provenance["teachers"]] == ["Owl nano", "Owl nano-cnn"]
    assert provenance["recipe"]["teacher"] == ["Owl nano", "Owl nano-cnn"]
    assert str(ast.parent) not in (Path(finished.checkpoint) / "config.json").read_text()
    card = (Path(finished.checkpoint) / "README.md").read_text()
    assert "## Teacher" in card
    assert "* Owl nano (`nano`), trained on other sounds; accuracy 75.0%" in card
    doubts = [line for line in card.splitlines() if "too optimistic" in line]
    assert len(doubts) == 1  # the CNN held out the same fold of the same data
    assert doubts[0].startswith("* Owl nano (`nano`)")


def test_without_a_teacher_the_card_has_none(data: Path, tmp_path: Path) -> None:
    finished = run(data, tmp_path, "epochs=1")[-1]
    assert isinstance(finished, TrainingFinished)
    assert "Teacher" not in (Path(finished.checkpoint) / "README.md").read_text()


def test_merging_and_dropping_patches_go_with_a_teacher(data: Path, cnn: Path, tmp_path: Path) -> None:
    settings = (f"teacher={cnn}", "merge_r=60", "merge_r_training=60", "patch_drop=0.25", "precision=bf16")
    finished = run(data, tmp_path, *settings)[-1]
    assert isinstance(finished, TrainingFinished)
    config = load_checkpoint(Path(finished.checkpoint)).config
    assert config.merge.r == 60
    tagger = load_tagger(finished.checkpoint, device="cpu")
    scores = tagger.tag(np.zeros((1024, 128), np.float32))
    assert scores.tokens_out < scores.tokens_in


def test_a_transformer_that_has_learnt_with_patchout_teaches(data: Path, tmp_path: Path) -> None:
    taught = run(data, tmp_path / "teacher", "patch_drop=0.1", "row_drop=0.25", "column_drop=0.4", "epochs=2")[-1]
    assert isinstance(taught, TrainingFinished)
    student = run(data, tmp_path / "student", f"teacher={taught.checkpoint}", *CNN, "epochs=1")[-1]
    assert isinstance(student, TrainingFinished)
    [teacher] = load_checkpoint(Path(student.checkpoint)).config.provenance["teachers"]
    assert teacher["content"] == content_of(load_checkpoint(Path(taught.checkpoint)))


@pytest.mark.parametrize("variant", ["nano", "nano-cnn"])
def test_a_run_that_goes_on_is_the_run_that_never_stopped(
    data: Path, cnn: Path, ast: Path, tmp_path: Path, variant: str
) -> None:
    """The teacher has moved in between."""
    here = cnn if variant == "nano" else ast
    settings = (f"variant={variant}", "patch_drop=0", "drop_path=0.2", "mixup=0.5", "epochs=3", "evaluate_every=3")
    run(data, tmp_path / "whole", *settings, f"teacher={here}")
    control = RunControl()
    control.request("stop")
    run(data, tmp_path / "broken", *settings, f"teacher={here}", control=control)
    assert state(tmp_path / "broken")["step"] < state(tmp_path / "whole")["step"]  # pyright: ignore[reportOperatorIssue]
    moved = shutil.copytree(here, tmp_path / "elsewhere")
    run(data, tmp_path / "broken", *settings, f"teacher={moved}", resume=True)
    assert_same_weights(tmp_path / "whole", tmp_path / "broken")


def test_another_teacher_does_not_go_on_with_a_run(data: Path, cnn: Path, ast: Path, tmp_path: Path) -> None:
    run(data, tmp_path, "epochs=1", f"teacher={cnn}")
    for setting in (f"teacher={ast}", "teacher="):
        with pytest.raises(UserError, match="another teacher"):
            run(data, tmp_path, "epochs=1", setting, resume=True)
    with pytest.raises(UserError, match="another label_weight"):
        run(data, tmp_path, "epochs=1", f"teacher={cnn}", "label_weight=0.7", resume=True)
    with pytest.raises(UserError, match="no model"):
        run(data, tmp_path, "epochs=1", f"teacher={tmp_path / 'gone'}", resume=True)


def test_a_teacher_of_other_sounds_is_refused(cnn: Path, tmp_path: Path) -> None:
    data = write_clips(tmp_path / "sounds")
    text = (data / "manifest.csv").read_text()
    (data / "manifest.csv").write_text(text.replace(",tone,", ",whistle,"))
    with pytest.raises(UserError, match="1 of the 2 labels: Whistle"):
        run(data, tmp_path / "out", f"teacher={cnn}")


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (("label_weight=1.1",), "label_weight"),
        (("label_weight=-0.1",), "label_weight"),
        (("teacher_temperature=0",), "teacher_temperature"),
        (("freeze=true", "init=starter", "teacher=x"), "freeze = true.*teacher"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: tuple[str, ...], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        small(*settings)


def test_a_cnn_takes_no_settings_of_patches(data: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no patches to drop") as caught:
        run(data, tmp_path, "variant=nano-cnn", "patch_drop=0.1", "merge_r=8")
    assert "patch_drop=0 and merge_r=0" in caught.value.remedy


def test_a_cnn_learns_twenty_clips_by_heart(tmp_path: Path) -> None:
    """Twenty tones with labels dealt at random, as for the transformer."""
    labels = "aabbbabaabbabaabbaba"
    (tmp_path / "data").mkdir()
    for i in range(len(labels)):
        tone = 0.2 * np.sin(2 * np.pi * 150 * 1.2**i * np.arange(8_000) / 16_000)
        soundfile.write(tmp_path / "data" / f"{i:02}.wav", tone, 16_000)
    lines = [f"{i:02}.wav,{label},all" for i, label in enumerate(labels)]
    (tmp_path / "data" / "manifest.csv").write_text("path,label,fold_or_split\n" + "\n".join(lines) + "\n")
    settings = (*PLAIN, *CNN, "test_folds=", "epochs=40", "batch_size=10", "evaluate_every=40", "roll_frames=0")
    finished = run(tmp_path / "data", tmp_path / "out", *settings, "save_every_s=999")[-1]
    assert isinstance(finished, TrainingFinished)
    tagger = load_tagger(finished.checkpoint, device="cpu")
    clips = (next(tag_file(tmp_path / "data" / f"{i:02}.wav", tagger)) for i in range(20))
    assert "".join("ab"[int(scores.probabilities.argmax())] for scores in clips) == labels


def test_a_step_that_fails_leaves_the_running_statistics_of_a_cnn(data: Path) -> None:
    cnn_run = set_up(data, *CNN)
    batch = cnn_run.batches[1, 0]
    before = [buffer.clone() for buffer in cnn_run.plain.buffers()]
    broken = Batch(batch.log_mel * float("nan"), batch.targets, batch.clips)
    with pytest.raises(UserError, match="loss became"):
        cnn_run.train_step(broken)
    assert all(torch.equal(mine, theirs) for mine, theirs in zip(cnn_run.plain.buffers(), before, strict=True))


def test_another_start_does_not_go_on_with_a_run(data: Path, ast: Path, tmp_path: Path) -> None:
    settings = ("variant=", "epochs=1")
    run(data, tmp_path / "out", *settings, f"init={ast}")
    moved = shutil.copytree(ast, tmp_path / "moved")
    assert isinstance(run(data, tmp_path / "out", *settings, f"init={moved}", resume=True)[-1], TrainingFinished)
    other = save_teacher(tmp_path / "other", "nano", "other sounds", seed=3)
    with pytest.raises(UserError, match="another init"):
        run(data, tmp_path / "out", *settings, f"init={other}", resume=True)
    old = torch.load(tmp_path / "out" / STATE_NAME, weights_only=True)
    del old["start"]  # as states were before
    torch.save(old, tmp_path / "out" / STATE_NAME)
    assert isinstance(run(data, tmp_path / "out", *settings, f"init={other}", resume=True)[-1], TrainingFinished)


def test_what_a_run_begins_with_is_read_once_also_with_a_time_budget(
    data: Path, ast: Path, cnn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Path] = []

    def counted(path: Path) -> Checkpoint:
        read.append(path)
        return load_checkpoint(path)

    monkeypatch.setattr(initialisation, "load_checkpoint", counted)
    monkeypatch.setattr(teachers, "load_checkpoint", counted)
    run(data, tmp_path, "variant=", "time_budget_min=0.001", f"init={ast}", f"teacher={cnn}")
    assert sorted(read) == sorted([ast, cnn])
