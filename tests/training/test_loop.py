"""The loop learns, loses nothing when it is stopped, and ends with a checkpoint that the tagger takes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from core.audio.log_mel import LogMelConfig
from core.errors import UserError
from core.inference.file_tagging import tag_file
from core.inference.tagger import load_tagger
from core.model.checkpoint import load_checkpoint
from core.training_messages import TrainingEpoch, TrainingFinished, TrainingMessage, TrainingStarted, from_line, to_line
from training import loop
from training.command import run_training
from training.config import TrainConfig, load_recipe
from training.datasets import load_clips
from training.manifest import read_manifest

FAST = ["epochs=3", "batch_size=8", "lengths_s=0.5", "length_weights=1", "warmup_epochs=0", "evaluate_every=1"]


@pytest.fixture(scope="module")
def data_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two classes that differ plainly: a tone and noise, 10 half-second clips each; every fifth is held out."""
    folder = tmp_path_factory.mktemp("sounds")
    random = np.random.default_rng(0)
    for name in ("noise", "tone"):
        (folder / name).mkdir()
        for i in range(10):
            t = np.arange(12_000) / 16_000
            sound = random.normal(0, 0.1, len(t)) if name == "noise" else 0.2 * np.sin(2 * np.pi * (500 + 50 * i) * t)
            soundfile.write(folder / name / f"{i}.wav", sound, 16_000)
    return folder


def config(*settings: str) -> TrainConfig:
    return load_recipe("starter", [*FAST, "test_folds=5", "ramp_epochs=0", *settings])


def run(data: Path, out: Path, *settings: str) -> list[TrainingMessage]:
    messages: list[TrainingMessage] = []
    loop.train(config(*settings), data, out, messages.append)
    return messages


def test_it_learns_and_the_tagger_takes_what_it_wrote(data_folder: Path, tmp_path: Path) -> None:
    plain = [
        "mixup=0",
        "background=0",
        "drop_path=0",
        "patch_drop=0",
        "freq_masks=0",
        "noise_db=0",
        "tilt_db=0",
        "ema_decay=0.5",
    ]
    messages = run(data_folder, tmp_path / "out", "variant=ast-tiny-16", "epochs=8", "warmup_epochs=1", *plain)
    started, finished = messages[0], messages[-1]
    assert isinstance(started, TrainingStarted)
    assert (started.n_clips, started.n_labels, started.first_epoch) == (16, 2, 1)
    assert isinstance(finished, TrainingFinished)
    assert finished.metrics["accuracy"] == 1.0
    epochs = [message for message in messages if isinstance(message, TrainingEpoch)]
    assert [message.epoch for message in epochs] == list(range(1, 9))
    assert epochs[-1].loss < epochs[0].loss
    assert all(0 <= message.metrics["accuracy"] <= 1 for message in epochs)

    tagger = load_tagger(finished.checkpoint, device="cpu")
    assert [label.id for label in tagger.labels] == ["noise", "tone"]
    assert tagger.provenance["metrics"]["accuracy"] == 1.0
    card = (Path(finished.checkpoint) / "README.md").read_text()
    assert "100.0%" in card
    assert "not stated" in card


def test_a_resumed_run_equals_an_unbroken_one_to_the_bit(
    data_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(data_folder, tmp_path / "whole")

    class Killed(Exception):
        pass

    save = loop.TrainingRun.save

    def save_then_die(self: loop.TrainingRun, path: Path, epoch: int) -> None:
        save(self, path, epoch)
        if epoch == 1:
            raise Killed

    monkeypatch.setattr(loop.TrainingRun, "save", save_then_die)
    with pytest.raises(Killed):
        run(data_folder, tmp_path / "broken")
    monkeypatch.undo()
    messages = run(data_folder, tmp_path / "broken")
    assert isinstance(messages[0], TrainingStarted)
    assert messages[0].first_epoch == 2
    whole, broken = (
        torch.load(tmp_path / name / loop.STATE_NAME, weights_only=True)["average"] for name in ("whole", "broken")
    )
    assert all(torch.equal(whole[name], broken[name]) for name in whole)


def test_another_recipe_does_not_go_on_in_an_old_folder(data_folder: Path, tmp_path: Path) -> None:
    run(data_folder, tmp_path / "out", "epochs=1")
    with pytest.raises(UserError, match="another epochs, learning_rate"):
        run(data_folder, tmp_path / "out", "epochs=2", "learning_rate=0.1")


def test_a_loss_that_is_no_number_stops_the_run_and_keeps_the_last_epoch(
    data_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original, calls = loop._loss, []

    def bad_from_the_second_epoch(kind: str, logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        calls.append(kind)
        loss = original(kind, logits, targets)
        return loss * float("nan") if len(calls) > 2 else loss

    monkeypatch.setattr(loop, "_loss", bad_from_the_second_epoch)
    with pytest.raises(UserError, match="loss became nan at step 3"):
        run(data_folder, tmp_path)
    state = torch.load(tmp_path / loop.STATE_NAME, weights_only=True)
    assert state["epoch"] == 1
    assert all(torch.isfinite(tensor).all() for tensor in state["model"].values())


def test_a_run_may_start_from_a_checkpoint(data_folder: Path, tmp_path: Path) -> None:
    first = run(data_folder, tmp_path / "first", "epochs=1")[-1]
    assert isinstance(first, TrainingFinished)
    second = run(data_folder, tmp_path / "second", "epochs=1", f"init={first.checkpoint}", "learning_rate=1e-9")[-1]
    assert isinstance(second, TrainingFinished)
    before, after = (load_checkpoint(Path(one.checkpoint)).weights["mlp_head.1.weight"] for one in (first, second))
    torch.testing.assert_close(before, after, atol=1e-3, rtol=0)
    card = (Path(second.checkpoint) / "README.md").read_text()
    assert "went on from weights" in card
    assert str(tmp_path) not in card + (Path(second.checkpoint) / "config.json").read_text()
    with pytest.raises(UserError, match="another architecture"):
        run(data_folder, tmp_path / "third", "epochs=1", f"init={first.checkpoint}", "variant=ast-tiny-16")


def test_cross_entropy_trains_too(data_folder: Path, tmp_path: Path) -> None:
    messages = run(data_folder, tmp_path, "loss=ce", "background=0", "epochs=1")
    finished = messages[-1]
    assert isinstance(finished, TrainingFinished)
    [scores] = tag_file(data_folder / "tone" / "0.wav", load_tagger(finished.checkpoint, device="cpu"))
    assert scores.probabilities.sum() == pytest.approx(1.0, abs=1e-5)  # softmax, as it was trained


def test_cross_entropy_refuses_windows_of_two_clips(data_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="join two clips"):
        run(data_folder, tmp_path, "loss=ce", "background=0", "lengths_s=2.5")


def test_other_data_does_not_go_on_in_an_old_folder(data_folder: Path, tmp_path: Path) -> None:
    run(data_folder, tmp_path / "out", "epochs=1")
    other = tmp_path / "other"
    for name in ("cat", "dog"):
        (other / name).mkdir(parents=True)
        for i in range(10):
            (other / name / f"{i}.wav").write_bytes((data_folder / "tone" / f"{i}.wav").read_bytes())
    with pytest.raises(UserError, match="another data"):
        run(other, tmp_path / "out", "epochs=1")


def test_words_for_the_card_may_change_when_a_run_goes_on(data_folder: Path, tmp_path: Path) -> None:
    run(data_folder, tmp_path, "epochs=1")
    messages = run(data_folder, tmp_path, "epochs=1", "limits=None known.", "merge_r=8", "title=Renamed")
    finished = messages[-1]
    assert isinstance(finished, TrainingFinished)
    assert "None known." in (Path(finished.checkpoint) / "README.md").read_text()
    tagger = load_tagger(finished.checkpoint, device="cpu")
    assert tagger.name == "Renamed"
    assert tagger.merge is not None
    assert tagger.merge.per_layer(2, 512) == (8, 8)


def test_a_damaged_state_is_told(data_folder: Path, tmp_path: Path) -> None:
    run(data_folder, tmp_path, "epochs=1")
    state = tmp_path / loop.STATE_NAME
    state.write_bytes(state.read_bytes()[:5000])
    with pytest.raises(UserError, match="damaged"):
        run(data_folder, tmp_path, "epochs=1")


def test_unreadable_clips_are_named_together(data_folder: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        for i in range(5):
            (tmp_path / name / f"{i}.wav").write_bytes((data_folder / "tone" / f"{i}.wav").read_bytes())
    (tmp_path / "a/1.wav").write_text("no sound")
    (tmp_path / "b/3.wav").write_bytes(b"")
    manifest = read_manifest(tmp_path)
    with pytest.raises(UserError, match="2 clips cannot be read") as caught:
        load_clips(manifest.clips, LogMelConfig())
    assert "1.wav" in caught.value.problem
    assert "3.wav" in caught.value.problem


def test_the_cache_is_used_again_and_notices_changes(data_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    for i in range(2):
        (tmp_path / "a" / f"{i}.wav").write_bytes((data_folder / "tone" / f"{i}.wav").read_bytes())
    clips = read_manifest(tmp_path).clips
    first = load_clips(clips, LogMelConfig())
    again = load_clips(clips, LogMelConfig())
    assert np.array_equal(first.frames, again.frames)
    assert isinstance(first.frames, np.memmap)
    assert isinstance(again.frames, np.memmap)
    assert first.frames.filename == again.frames.filename
    (tmp_path / "a/0.wav").write_bytes((data_folder / "noise/0.wav").read_bytes())
    changed = load_clips(clips, LogMelConfig())
    assert not np.array_equal(first.frames, changed.frames)


def test_the_command_says_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_training("starter", None, tmp_path, []) == 2
    failed = json.loads(capsys.readouterr().out)
    assert failed["type"] == "failed"
    assert "No training data" in failed["problem"]
    assert run_training("starter", tmp_path / "nowhere", tmp_path / "out", []) == 1
    assert "no data folder" in json.loads(capsys.readouterr().out)["problem"]
    assert run_training("starter", tmp_path, tmp_path / "out", ["epochs=no"]) == 2
    (tmp_path / "file").touch()
    assert run_training("starter", tmp_path, tmp_path / "file", []) == 1
    assert "cannot be used" in capsys.readouterr().out


def test_a_surprise_is_a_message_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def surprise(*_: object) -> None:
        raise RuntimeError("CUDA out of memory")

    monkeypatch.setattr(loop, "train", surprise)
    assert run_training("starter", tmp_path, tmp_path / "out", []) == 1
    assert "CUDA out of memory" in json.loads(capsys.readouterr().out)["problem"]
    assert "CUDA out of memory" in (tmp_path / "out" / "log.jsonl").read_text()


def test_messages_come_back_as_they_were_sent() -> None:
    message = TrainingEpoch(3, 10, 0.5, 12.0, 84.0, {"accuracy": 0.5})
    assert from_line(to_line(message)) == message
    with pytest.raises(UserError, match="no message"):
        from_line('{"type": "song"}')
    with pytest.raises(UserError, match="no message"):
        from_line("Traceback")
