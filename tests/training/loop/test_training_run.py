"""Whole runs learn, in every way that a recipe may ask for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from core.errors import UsageError, UserError
from core.inference.file_tagging import tag_file
from core.inference.tagger import load_tagger
from core.model.checkpoints.loading import load_checkpoint
from core.model.merging.schedule import MergeSchedule
from core.model.networks import spectrogram_transformer
from core.run.messages import (
    Command,
    TrainingEpoch,
    TrainingFinished,
    TrainingMessage,
    TrainingStarted,
    TrainingStep,
)
from core.run.run_folder import STATE_NAME
from tests.training.runs import PLAIN, run, small
from training.config.loading import load_recipe
from training.data.run_data import load_run_data
from training.evaluation.publish import merge_schedule
from training.loop.control import RunControl
from training.loop.fabric import build_fabric
from training.loop.training_run import TrainingRun

pytestmark = pytest.mark.slow

FIRST_TEN_LOSSES = [1.711594, 1.209255, 1.520837, 1.239213, 1.217648, 1.15516, 1.161004, 1.224948, 1.437515, 1.46789]


class StopAt(RunControl):
    """Asks to stop before a step."""

    def __init__(self, step: int) -> None:
        super().__init__()
        self._left = step

    def poll(self) -> Command | None:
        self._left -= 1
        return "stop" if self._left == 0 else None


def test_it_learns_and_the_tagger_takes_what_it_wrote(data: Path, tmp_path: Path) -> None:
    messages = run(data, tmp_path / "out", *PLAIN, "epochs=8", "warmup_epochs=1")
    started, finished = next(message for message in messages if isinstance(message, TrainingStarted)), messages[-1]
    assert (started.n_clips, started.n_labels, started.first_epoch) == (16, 2, 1)
    assert isinstance(finished, TrainingFinished)
    assert finished.metrics["accuracy"] == 1.0
    epochs = [message for message in messages if isinstance(message, TrainingEpoch)]
    assert [message.epoch for message in epochs] == list(range(1, 9))
    assert epochs[-1].loss < epochs[0].loss

    tagger = load_tagger(finished.checkpoint, device="cpu")
    assert [label.id for label in tagger.labels] == ["noise", "tone"]
    [scores] = tag_file(data / "tone" / "tone0.wav", tagger)
    assert scores.probabilities[1] > scores.probabilities[0]


def test_twenty_clips_can_be_learned_by_heart(tmp_path: Path) -> None:
    """Twenty tones with labels dealt at random: a loop that loses gradients or mixes up targets stays at chance."""
    labels = "aabbbabaabbabaabbaba"
    (tmp_path / "data").mkdir()
    for i in range(len(labels)):
        tone = 0.2 * np.sin(2 * np.pi * 150 * 1.2**i * np.arange(8_000) / 16_000)
        soundfile.write(tmp_path / "data" / f"{i:02}.wav", tone, 16_000)
    lines = [f"{i:02}.wav,{label},all" for i, label in enumerate(labels)]
    (tmp_path / "data" / "manifest.csv").write_text("path,label,fold_or_split\n" + "\n".join(lines) + "\n")
    settings = ("test_folds=", "epochs=160", "batch_size=10", "evaluate_every=160")
    finished = run(tmp_path / "data", tmp_path / "out", *PLAIN, *settings, "save_every_s=999")[-1]
    assert isinstance(finished, TrainingFinished)
    assert finished.report == ""  # nothing was held out, so nothing is claimed
    tagger = load_tagger(finished.checkpoint, device="cpu")
    clips = (next(tag_file(tmp_path / "data" / f"{i:02}.wav", tagger)) for i in range(20))
    assert "".join("ab"[int(scores.probabilities.argmax())] for scores in clips) == labels


def test_the_first_ten_losses_are_these(data: Path) -> None:
    """Of a fixed seed. Whoever changes them on purpose changes what every recipe does, and says so."""
    config = small("epochs=5", "mixup=0.5", "gain_db=20", "noise_db=60", "time_masks=10", "patch_drop=0")
    of_ten = TrainingRun(config, load_run_data(config, data, None, lambda _message: None), build_fabric(config))
    losses = [of_ten.train_step(batch)[0] for batch in of_ten.loader()]
    assert losses == pytest.approx(FIRST_TEN_LOSSES, rel=1e-3)


def test_accumulated_parts_make_the_same_step(data: Path, tmp_path: Path) -> None:
    settings = (*PLAIN, "epochs=3", "optimiser=adam", "betas=0.9,0.999", "weight_decay=0")
    whole, parts = run(data, tmp_path / "1", *settings), run(data, tmp_path / "4", *settings, "accumulate=4")
    losses = [
        [message.loss for message in messages if isinstance(message, TrainingEpoch)] for messages in (whole, parts)
    ]
    assert losses[0] == pytest.approx(losses[1], abs=1e-4)


def test_a_run_may_start_from_a_checkpoint(data: Path, tmp_path: Path) -> None:
    first = run(data, tmp_path / "first", "epochs=1")[-1]
    assert isinstance(first, TrainingFinished)
    second = run(data, tmp_path / "second", "epochs=1", f"init={first.checkpoint}", "learning_rate=1e-9")[-1]
    assert isinstance(second, TrainingFinished)
    before, after = (
        load_checkpoint(Path(message.checkpoint)).weights["mlp_head.1.weight"] for message in (first, second)
    )
    torch.testing.assert_close(before, after, atol=1e-3, rtol=0)
    card = (Path(second.checkpoint) / "README.md").read_text()
    assert str(tmp_path) not in card + (Path(second.checkpoint) / "config.json").read_text()
    with pytest.raises(UserError, match="another architecture"):
        run(data, tmp_path / "third", "epochs=1", f"init={first.checkpoint}", "variant=nano-residual")


def test_validation_clips_choose_the_epoch_and_the_thresholds(data: Path, tmp_path: Path) -> None:
    settings = ("validation_folds=4", "select=best", "epochs=4")
    messages = run(data, tmp_path, *PLAIN, *settings)
    metrics = [message.metrics["map"] for message in messages if isinstance(message, TrainingEpoch)]
    state = torch.load(tmp_path / STATE_NAME, weights_only=True)
    assert state["best"]["score"] == max(metrics)
    assert state["best"]["epoch"] == metrics.index(max(metrics)) + 1
    finished = messages[-1]
    assert isinstance(finished, TrainingFinished)
    assert load_checkpoint(Path(finished.checkpoint)).config.provenance["thresholds_from"] == "validation"


def test_the_ensemble_of_all_epochs_so_far_is_reported_and_survives_a_stop(data: Path, tmp_path: Path) -> None:
    def ensembles(messages: list[TrainingMessage]) -> list[float | None]:
        return [message.metrics.get("map_of_epochs") for message in messages if isinstance(message, TrainingEpoch)]

    whole = ensembles(run(data, tmp_path / "whole", "epochs=3"))
    assert whole[0] is None  # of one epoch there is no ensemble
    assert all(value is not None for value in whole[1:])
    run(data, tmp_path / "parts", "epochs=3", control=StopAt(3))
    assert ensembles(run(data, tmp_path / "parts", "epochs=3", resume=True)) == whole[1:]


def test_cross_entropy_trains_too(data: Path, tmp_path: Path) -> None:
    finished = run(data, tmp_path, "loss=ce", "background=0", "overlay=0", "epochs=1", "mixup=1")[-1]
    assert isinstance(finished, TrainingFinished)
    [scores] = tag_file(data / "tone" / "tone0.wav", load_tagger(finished.checkpoint, device="cpu"))
    assert scores.probabilities.sum() == pytest.approx(1.0, abs=1e-5)  # softmax, as it was trained


def test_cross_entropy_refuses_windows_of_two_clips(data: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="join two clips"):
        run(data, tmp_path, "loss=ce", "background=0", "lengths_s=2.5")


def test_merging_takes_part_in_training(data: Path, tmp_path: Path) -> None:
    plain, merged = (run(data, tmp_path / r, *PLAIN, f"merge_r_training={r}", "epochs=1") for r in ("0", "64"))
    losses = [
        [message.loss for message in messages if isinstance(message, TrainingStep)] for messages in (plain, merged)
    ]
    assert losses[0] != losses[1]
    assert losses[0] == pytest.approx(losses[1], rel=0.5)


def test_a_run_merges_as_its_recipe_says(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    by_energy, removed = spectrogram_transformer.MATCHERS["energy"], list[int]()

    def spy(keys, r, n_protected):
        removed.append(r)
        return by_energy(keys, r, n_protected)

    monkeypatch.setitem(spectrogram_transformer.MATCHERS, "energy", spy)
    settings = ("epochs=1", "merge_r=24", "merge_r_training=160", "merge_kind=decreasing", "matcher=energy")
    finished = run(data, tmp_path / "out", *settings)[-1]
    assert isinstance(finished, TrainingFinished)
    full = 512  # what both r are meant for; half a second has 24 patches
    assert load_checkpoint(Path(finished.checkpoint)).config.merge == MergeSchedule(
        "decreasing", 24, reference_patches=full, matcher="energy"
    )
    in_training = MergeSchedule("decreasing", 160, reference_patches=full).per_layer(3, 24)
    assert tuple(removed[:2]) == in_training[:2] == (15, 7)
    assert "decreasing 24 by energy" in (Path(finished.checkpoint) / "README.md").read_text()


def test_no_merging_is_the_plain_schedule_whatever_its_kind() -> None:
    assert merge_schedule(0, 512, "decreasing", "energy") == MergeSchedule()
    assert merge_schedule(16, 512) == MergeSchedule("constant", 16, reference_patches=512)


@pytest.mark.parametrize("setting", ["merge_kind=listed", "matcher=nearest"])
def test_unknown_ways_are_refused(setting: str) -> None:
    with pytest.raises(UsageError, match=setting.partition("=")[2]):
        load_recipe("esc50-scratch", [setting])
    assert small().result.merge_kind == "constant"
    assert small().result.matcher == "bipartite"
