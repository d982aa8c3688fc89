"""Recipes, manifests, schedule, averaging and metrics: each small part keeps its word."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from core.errors import UserError
from training.averaging import WeightAverage
from training.config import RECIPES, load_recipe
from training.manifest import read_manifest
from training.metrics import accuracy, best_threshold, bootstrap_interval, mean_average_precision
from training.schedule import learning_rate


@pytest.mark.parametrize("recipe", sorted(path.stem for path in RECIPES.glob("*.toml")))
def test_every_recipe_loads(recipe: str) -> None:
    assert load_recipe(recipe).title


def test_settings_on_the_command_line_win() -> None:
    config = load_recipe("starter", ["epochs=3", "learning_rate=0.01", "test_folds=1,2", "lengths_s=1,2,3,4"])
    assert (config.epochs, config.learning_rate, config.test_folds) == (3, 0.01, ("1", "2"))
    assert config.lengths_s == (1.0, 2.0, 3.0, 4.0)


def test_whole_numbers_in_a_recipe_do_for_any_number_or_name(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text('variant = "ast-tiny"\ntest_folds = [5]\nwarmup_epochs = 2\nlengths_s = [5]\n')
    config = load_recipe(str(tmp_path / "a.toml"), ["warmup_epochs=0.5"])
    assert (config.test_folds, config.warmup_epochs, config.lengths_s) == (("5",), 0.5, (5.0,))


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (["epochs"], "is no setting"),
        (["epohcs=3"], "no recipe has"),
        (["epochs=many"], "int is wanted"),
        (["epochs=0"], "under 1"),
        (["loss=mse"], "not known"),
        (["variant=resnet"], "no model variant"),
        (["mixup=1.5"], "outside 0 to 1"),
        (["lengths_s=1,2"], "differ in number"),
        (["lengths_s=1,2,3,20"], "outside 0.5 to 10.24"),
        (["loss=ce"], "cannot learn clips without a label"),
        (["epochs=5.5"], "int is wanted"),
        (["merge_r=-1"], "negative"),
        (["patch_drop=1"], "outside 0 to 1"),
        (["mixup_alpha=0"], "no distribution"),
        (["lengths_s="], "wrong kind"),
    ],
)
def test_wrong_settings_are_refused(settings: list[str], says: str) -> None:
    with pytest.raises(UserError, match=says):
        load_recipe("starter", settings)


def test_wrong_recipes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no recipe 'nothing'"):
        load_recipe("nothing")
    (tmp_path / "a.toml").write_text("epochs = ")
    with pytest.raises(UserError, match="not valid TOML"):
        load_recipe(str(tmp_path / "a.toml"))
    (tmp_path / "a.toml").write_text("epochs = 3")
    with pytest.raises(UserError, match="does not say its variant"):
        load_recipe(str(tmp_path / "a.toml"))
    (tmp_path / "a.toml").write_text('variant = "ast-tiny"\nepochs = "many"')
    with pytest.raises(UserError, match="wrong kind"):
        load_recipe(str(tmp_path / "a.toml"))


def write_manifest(folder: Path, rows: list[str]) -> Path:
    (folder / "audio").mkdir()
    for row in rows:
        (folder / row.split(",")[0]).touch()
    (folder / "manifest.csv").write_text("\n".join(["path,label,fold_or_split,group,licence", *rows]) + "\n")
    return folder


def test_manifest_with_folds(tmp_path: Path) -> None:
    rows = ["audio/a.wav,rain,1,g1,CC0", "audio/b.wav,dog,2,g2,CC0", "audio/c.wav,dog,1,g3,CC BY"]
    manifest = read_manifest(write_manifest(tmp_path, rows))
    assert [label.id for label in manifest.labels] == ["dog", "rain"]
    assert manifest.licences == (("CC0", 2), ("CC BY", 1))
    split = manifest.split(("2",))
    assert [clip.path.name for clip in split.train] == ["a.wav", "c.wav"]
    assert [clip.label for clip in split.train] == [1, 0]
    assert [clip.path.name for clip in split.test] == ["b.wav"]
    with pytest.raises(UserError, match="leaves 3 clips to train on, 0 to test"):
        manifest.split(("9",))


def test_a_recording_on_both_sides_leaves_the_training_side(tmp_path: Path) -> None:
    rows = ["audio/a.wav,rain,1,same,", "audio/b.wav,rain,2,same,", "audio/c.wav,dog,1,other,"]
    split = read_manifest(write_manifest(tmp_path, rows)).split(("2",))
    assert [clip.path.name for clip in split.train] == ["c.wav"]
    assert split.n_left_out == 1


def test_missing_clips_are_reported_at_once(tmp_path: Path) -> None:
    folder = write_manifest(tmp_path, ["audio/a.wav,rain,1,,", "audio/b.wav,dog,2,,", "audio/c.wav,dog,2,,"])
    (folder / "audio/a.wav").unlink()
    (folder / "audio/c.wav").unlink()
    with pytest.raises(UserError, match=r"2 of 3 clips are missing \(a.wav, c.wav\)"):
        read_manifest(folder)


def test_esc50_as_published(tmp_path: Path) -> None:
    (tmp_path / "meta").mkdir()
    (tmp_path / "audio").mkdir()
    (tmp_path / "meta/esc50.csv").write_text(
        "filename,fold,target,category,esc10,src_file,take\n1-1-A-0.wav,1,0,dog,True,1,A\n2-7-A-1.wav,2,1,rain,True,7,A\n"
    )
    for name in ("1-1-A-0.wav", "2-7-A-1.wav"):
        (tmp_path / "audio" / name).touch()
    manifest = read_manifest(tmp_path)
    assert [(clip.path.name, clip.fold, clip.group) for clip in manifest.clips] == [
        ("1-1-A-0.wav", "1", "1"),
        ("2-7-A-1.wav", "2", "7"),
    ]


def test_a_folder_without_data_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="neither a manifest"):
        read_manifest(tmp_path)
    with pytest.raises(UserError, match="no data folder"):
        read_manifest(tmp_path / "nowhere")
    (tmp_path / "manifest.csv").write_text("file,class\n")
    with pytest.raises(UserError, match="no column path, label"):
        read_manifest(tmp_path)


def test_lists_as_spreadsheets_write_them(tmp_path: Path) -> None:
    folder = write_manifest(tmp_path, ["audio/a.wav,rain,1,g1,CC0"])
    text = (folder / "manifest.csv").read_text()
    (folder / "manifest.csv").write_text("\ufeff" + text)  # Excel's mark
    assert len(read_manifest(folder).clips) == 1
    (folder / "manifest.csv").write_text(text + "audio/b.wav\n")
    with pytest.raises(UserError, match=r"line 3 of manifest\.csv is incomplete"):
        read_manifest(folder)
    (folder / "manifest.csv").write_bytes(text.encode() + "audio/Vögel.wav,x,1,,\n".encode("latin-1"))
    with pytest.raises(UserError, match="not UTF-8"):
        read_manifest(folder)


def test_learning_rate_rises_then_falls() -> None:
    rates = [learning_rate(step, 100, 1.0, 10) for step in range(100)]
    assert rates[:10] == pytest.approx([0.1 * i for i in range(1, 11)])
    assert all(earlier >= later for earlier, later in pairwise(rates[9:]))
    assert rates[55] == pytest.approx(0.505, abs=1e-6)
    assert learning_rate(100, 100, 1.0, 10) == pytest.approx(0.01)


def test_weight_average_follows_and_ends_between() -> None:
    model = nn.BatchNorm1d(2)
    average = WeightAverage(model, decay=0.9)
    start = model.weight.detach().clone()
    assert model.num_batches_tracked is not None
    with torch.no_grad():
        model.weight.add_(1.0)
        model.num_batches_tracked.add_(5)
    average.update(model)
    # after one update the young average keeps (1 + 1) / (10 + 1) of what it was
    torch.testing.assert_close(average.model.weight.data, start + 1 - 2 / 11)
    assert average.model.num_batches_tracked == 5
    for _ in range(400):
        average.update(model)
    torch.testing.assert_close(average.model.weight.data, model.weight.data)
    assert not any(p.requires_grad for p in average.model.parameters())


def test_metrics_of_a_known_case() -> None:
    scores = np.array([[0.9, 0.1, 0.2], [0.2, 0.8, 0.1], [0.6, 0.3, 0.5]], np.float32)
    labels = np.array([0, 1, 2])
    assert accuracy(scores, labels) == pytest.approx(2 / 3)
    assert mean_average_precision(scores, labels) == pytest.approx(1.0)
    assert mean_average_precision(scores, np.array([0, 1, 1])) == pytest.approx((1 + 1) / 2)
    threshold, f1 = best_threshold(scores, labels)
    assert 0.30 < threshold <= 0.5  # three found, and 0.6 for label 0 as the one false alarm
    assert f1 == pytest.approx(2 * 3 / (2 * 3 + 1))


def test_interval_holds_the_accuracy_and_is_repeatable() -> None:
    scores = np.eye(4, dtype=np.float32)[np.arange(200) % 4]
    labels = np.where(np.arange(200) < 120, np.arange(200) % 4, (np.arange(200) + 1) % 4)
    low, high = bootstrap_interval(scores, labels)
    assert low < accuracy(scores, labels) == 0.6 < high
    assert (low, high) == bootstrap_interval(scores, labels)
    assert high - low == pytest.approx(2 * 1.96 * np.sqrt(0.6 * 0.4 / 200), abs=0.03)
