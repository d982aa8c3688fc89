"""What a label rests on, which labels meet the bar, and what is published without the others."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import torch

from core.labels import Label, LabelSet
from core.model.checkpoints.loading import load_checkpoint
from core.program import asset_path
from tests.training.evaluation.published_runs import LABELS, finished_run, predictions, published, recipe, side
from training.evaluation import label_bar
from training.evaluation.label_bar import Evidence, TeacherWindows, label_evidence, labels_that_meet
from training.evaluation.label_selection import manifest_of_labels, network_of_labels


@pytest.mark.parametrize(
    ("evidence", "meets"),
    [
        (Evidence("clips", 0.4, 0.1, 0.9, 5), True),
        (Evidence("clips", 0.39, 0.1, 0.9, 5), False),
        (Evidence("clips", 0.99, 0.9, 1.0, 4), False),
        (Evidence("teacher", 0.5, 0.5, 0.5, 10, "Owl"), True),
        (Evidence("teacher", 0.49, 0.49, 0.49, 10, "Owl"), False),
        (Evidence("teacher", 0.99, 0.99, 0.99, 9, "Owl"), False),
    ],
)
def test_the_bar_is_what_the_card_states(evidence: Evidence, meets: bool) -> None:
    assert evidence.meets_bar is meets
    words = label_bar.bar_in_words()
    assert all(figure in words for figure in ("0.4 over at least 5", "0.5 against", "at least 10 positive windows"))


def test_a_label_rests_on_five_clips_or_on_the_teacher() -> None:
    truth = np.zeros((20, 4), np.float32)
    truth[:6, 0], truth[:4, 1], truth[:2, 2] = 1, 1, 1
    scores = truth.copy()
    decisions = np.zeros((30, 4), bool)
    decisions[:12, [0, 1, 3]] = True
    windows = TeacherWindows("Owl", decisions.astype(np.float32), decisions, np.array([True, True, False, True]))
    evidence = label_evidence((scores, truth, None), windows, 4)
    assert [(found.source, found.n_positive) if found else None for found in evidence] == [
        ("clips", 6),
        ("teacher", 12),
        ("clips", 2),
        ("teacher", 12),
    ]
    assert labels_that_meet(evidence) == [0, 1, 3]
    assert label_evidence(None, None, 4) == (None,) * 4
    assert [found.source if found else None for found in label_evidence((scores, truth, None), None, 4)] == [
        *("clips", "clips", "clips"),
        None,
    ]


def test_clips_of_which_nothing_is_known_take_no_part_in_the_ap() -> None:
    truth = np.zeros((12, 1), np.float32)
    truth[:6] = 1
    scores = np.where(truth > 0, 0.5, 0.1).astype(np.float32)
    scores[6:9] = 0.9
    [blamed] = label_evidence((scores, truth, None), None, 1)
    unknown = scores == np.float32(0.9)
    [fair] = label_evidence((scores, truth, unknown), None, 1)
    assert blamed is not None
    assert fair is not None
    assert (fair.average_precision, fair.n_positive) == (1.0, 6)
    assert blamed.average_precision < 0.7


def test_the_interval_holds_the_ap_and_grows_with_fewer_clips() -> None:
    rng = np.random.default_rng(5)
    truth = (rng.random((400, 2)) < (0.5, 0.03)).astype(np.float32)
    scores = (truth + rng.normal(0, 0.5, truth.shape)).astype(np.float32)
    many, few = label_evidence((scores, truth, None), None, 2)
    assert many is not None
    assert few is not None
    for found in (many, few):
        assert 0 <= found.low <= found.average_precision <= found.high <= 1
    assert few.high - few.low > 2 * (many.high - many.low) > 0


def test_a_network_without_some_labels_gives_the_others_the_same_logits() -> None:
    run = finished_run(recipe())
    smaller = network_of_labels(run.model, [2, 0])
    log_mel = torch.randn(2, 200, 128)
    with torch.inference_mode():
        assert torch.equal(smaller(log_mel), run.model.eval()(log_mel)[:, [2, 0]])
    assert smaller.config.n_labels == 2


def test_clips_keep_their_other_labels() -> None:
    manifest = finished_run(recipe()).manifest
    kept = manifest_of_labels(manifest, [2, 0])
    assert [label.id for label in kept.labels] == ["rain", "bell"]
    for before, after in zip(manifest.clips, kept.clips, strict=True):
        assert [kept.labels[i].id for i in after.labels] == [
            manifest.labels[i].id for i in before.labels if manifest.labels[i].id != "dog"
        ]


def poor_dog_run(**settings: bool):
    """A run whose scores of dogs are worthless."""
    test, validation = predictions(side("2"), 1), predictions(side("3"), 2)
    test.logits[:, 1] = -test.truth[:, 1]
    return finished_run(recipe(**settings), test=test, validation=validation)


def test_labels_below_the_bar_are_published_unless_the_recipe_says_otherwise(tmp_path: Path) -> None:
    config = load_checkpoint(published(poor_dog_run(), tmp_path)).config
    assert [label.id for label in config.labels] == [label.id for label in LABELS]
    card = (tmp_path / "checkpoint" / "README.md").read_text()
    assert "2 of the 3 labels meet it" in card
    [row] = [line for line in card.splitlines() if line.startswith("| Dog |")]
    assert re.match(r"\| Dog \| 19 clips \| 0\.\d\d \(0\.\d\d to 0\.\d\d\) \| 0\.\d\d \|", row), row


def test_labels_below_the_bar_are_dropped_with_their_rows_thresholds_and_calibration(tmp_path: Path) -> None:
    whole = load_checkpoint(published(poor_dog_run(), tmp_path / "whole"))
    folder = published(poor_dog_run(drop_labels_below_bar=True), tmp_path / "part")
    part = load_checkpoint(folder)
    assert [label.id for label in part.config.labels] == ["bell", "rain"]
    assert len(part.config.thresholds) == len(part.config.calibration) == part.config.model.n_labels == 2
    for name, tensor in part.weights.items():
        expected = whole.weights[name]
        assert torch.equal(tensor, expected if tensor.shape == expected.shape else expected[[0, 2]])
    card = (folder / "README.md").read_text()
    assert "1 of the 3 labels that were trained are below the bar and left out." in card
    assert "Dog" not in card
    evidence = part.config.provenance["label_evidence"]
    assert [found["id"] for found in evidence] == ["bell", "rain"]
    assert all(found["average_precision"] >= 0.4 for found in evidence)


def test_where_no_label_meets_the_bar_all_stay(tmp_path: Path) -> None:
    run = poor_dog_run(drop_labels_below_bar=True)
    assert run.test is not None
    run.test.logits[:] = -run.test.truth
    assert len(load_checkpoint(published(run, tmp_path)).config.labels) == 3


def test_parents_of_dropped_labels_pass_on() -> None:
    labels = LabelSet((Label(0, "a", "A"), Label(1, "b", "B", ("a",)), Label(2, "c", "C", ("b",))))
    assert labels.keep([0, 2])[1].parents == ("a",)


def test_every_label_of_the_starter_has_its_row_on_the_card() -> None:
    """Cards with the column `rests on` also say on what, and each label meets the bar."""
    config = load_checkpoint(asset_path("starter")).config
    lines = (asset_path("starter") / "README.md").read_text(encoding="utf-8").splitlines()
    tables = [i for i, line in enumerate(lines) if line.startswith("| label |")]
    assert len(tables) == 1
    head = [cell.strip() for cell in lines[tables[0]].strip("|").split("|")]
    rows = {}
    for line in lines[tables[0] + 2 :]:
        if not line.startswith("|"):
            break
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        rows[cells[0]] = dict(zip(head, cells, strict=True))
    assert set(rows) == set(config.labels.names)
    assert all(0 <= float(row["threshold"]) <= 1 for row in rows.values())
    if "rests on" in head:
        evidence = config.provenance["label_evidence"]
        stated = [Evidence(**{key: value for key, value in found.items() if key != "id"}) for found in evidence]
        assert labels_that_meet(stated) == list(range(len(config.labels)))
        for label, found in zip(config.labels, stated, strict=True):
            assert (found.teacher or "clip") in rows[label.name]["rests on"]
