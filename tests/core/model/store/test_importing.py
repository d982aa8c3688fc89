"""What is imported is kept whole under its name, and `--model NAME` finds it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from core.errors import UserError
from core.inference.tagger import load_tagger
from core.labels import LabelSet
from core.model.architecture import TransformerConfig
from core.model.checkpoints.checkpoint import Checkpoint, save_checkpoint
from core.model.checkpoints.hugging_face_export import export_hugging_face
from core.model.checkpoints.import_choices import ImportChoices
from core.model.checkpoints.known_data_sets import audioset_labels
from core.model.checkpoints.loading import load_checkpoint
from core.model.store import importing
from core.model.store.find import find_weights
from core.model.store.folder import find_kept, kept_models, models_folder
from core.model.store.importing import import_model
from fakes import LABELS, tiny_checkpoint

PUBLISHED = "ast-audioset-16-16-0.4422"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SOUNDMARK_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"


def write_own(path: Path, dtype: torch.dtype = torch.float16) -> Path:
    save_checkpoint(tiny_checkpoint(), path, card="# my card", dtype=dtype)
    return path


def test_the_folder_is_the_variables_or_in_the_users_data(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert models_folder() == folder
    monkeypatch.delenv("SOUNDMARK_MODELS")
    assert models_folder().name == "models"
    assert "Soundmark" in str(models_folder())


def test_an_own_checkpoint_is_kept_with_its_card_and_found_by_name(folder: Path, tmp_path: Path) -> None:
    path = import_model(write_own(tmp_path / "run 7" / "checkpoint"))
    assert path == folder / "run-7"
    assert (path / "README.md").read_text() == "# my card"
    assert find_weights("run-7") == path
    assert load_tagger("run-7", device="cpu").labels.names == ("Dog", "Rain", "Siren", "Clock tick")
    assert [(model.name, model.title, model.summary) for model in kept_models()] == [
        ("run-7", "Tiny", "4 labels, windows of 10.24 s")
    ]
    assert [path.name for path in folder.iterdir()] == ["run-7"]


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32])
def test_no_bit_is_lost(tmp_path: Path, dtype: torch.dtype) -> None:
    before = load_checkpoint(write_own(tmp_path / "a", dtype))
    after = load_checkpoint(import_model(tmp_path / "a"))
    assert after.config == before.config
    assert all(after.weights[name].dtype == dtype for name in before.weights)
    assert all(torch.equal(after.weights[name], tensor) for name, tensor in before.weights.items())


def test_a_hugging_face_folder_gets_a_card_and_the_name_asked_for(folder: Path, tmp_path: Path) -> None:
    export_hugging_face(tiny_checkpoint(provenance={"licence": "MIT", "source": "elsewhere"}), tmp_path / "hf")
    path = import_model(tmp_path / "hf", ImportChoices(name="barks", labels=LabelSet.from_ids(("a", "b", "c", "d"))))
    assert path == folder / "barks"
    assert load_checkpoint(path).config.labels.names == ("A", "B", "C", "D")
    card = (path / "README.md").read_text()
    assert "Source: elsewhere." in card
    assert "Licence: MIT." in card


@pytest.mark.parametrize("name", ["../evil", "a/b", ".hidden", "", "a b", "-x", "a" * 101])
def test_names_that_are_paths_are_refused(tmp_path: Path, name: str) -> None:
    write_own(tmp_path / "a")
    assert find_kept(name) is None
    if name:
        with pytest.raises(UserError, match="cannot be called"):
            import_model(tmp_path / "a", ImportChoices(name=name))


def test_a_taken_name_is_told(tmp_path: Path) -> None:
    write_own(tmp_path / "a")
    import_model(tmp_path / "a")
    with pytest.raises(UserError, match="already a model a"):
        import_model(tmp_path / "a")
    with pytest.raises(UserError, match="starter is the name"):
        import_model(tmp_path / "a", ImportChoices(name="starter"))


def test_a_run_among_the_models_is_not_replaced(folder: Path) -> None:
    """SOUNDMARK_MODELS names the folder of the runs: the checkpoint's name is that of its run."""
    own = write_own(folder / "myrun" / "checkpoint")
    (folder / "myrun" / "state.pt").write_text("all that it has learnt")
    before = sorted(folder.rglob("*"))
    for choices in (ImportChoices(), ImportChoices(name="myrun")):
        with pytest.raises(UserError, match=r"myrun exists") as caught:
            import_model(own, choices)
        assert "--name" in caught.value.remedy
    assert sorted(folder.rglob("*")) == before


def test_what_appears_meanwhile_is_not_replaced(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(checkpoint: Checkpoint, path: Path, **options: Any) -> None:
        save_checkpoint(checkpoint, path, **options)
        (folder / "a").mkdir()
        (folder / "a" / "letter.txt").write_text("keep me")

    write_own(tmp_path / "a")
    monkeypatch.setattr(importing, "save_checkpoint", slow)
    with pytest.raises(UserError, match="cannot be stored"):
        import_model(tmp_path / "a")
    assert [path.name for path in folder.rglob("*")] == ["a", "letter.txt"]


@pytest.mark.parametrize("published", [PUBLISHED, "ast-audioset-bal-10-10-0.3499"])
def test_published_names_are_for_published_models(folder: Path, tmp_path: Path, published: str) -> None:
    for provenance in ({}, {"published": published}):
        path = tmp_path / f"{len(provenance)}" / published
        save_checkpoint(tiny_checkpoint(provenance=provenance), path)
        for choices in (ImportChoices(), ImportChoices(name=published)):
            with pytest.raises(UserError, match="name of a published model") as caught:
                import_model(path, choices)
            assert "--name" in caught.value.remedy
    assert not folder.exists()
    assert import_model(path, ImportChoices(name="mine")) == folder / "mine"


def test_a_published_model_takes_its_name(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = TransformerConfig(n_labels=527, stride_mels=16, stride_frames=16)
    named = {"labels": audioset_labels(), "thresholds": (0.3,) * 527, "provenance": {"published": PUBLISHED}}
    config = replace(tiny_checkpoint().config, model=model, **named)
    monkeypatch.setattr(importing, "load_checkpoint", lambda *_: Checkpoint(config, {"x": torch.zeros(1)}))
    path = import_model(tmp_path / "audioset_16_16_0.4422.pth")
    assert path == folder / PUBLISHED
    assert import_model(tmp_path / "other", ImportChoices(name="other")) == folder / "other"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "sigmoid, not calibrated. It is not known"),
        ({"provenance": {"thresholds_from": "none"}}, "not calibrated. The thresholds were not fitted"),
        ({"provenance": {"thresholds_from": "test"}}, "not calibrated. One threshold"),
        (
            {"calibration": ((2.0, 0.1),) * 4, "provenance": {"thresholds_from": "validation"}},
            "sigmoid, calibrated. Each label's threshold was fitted to validation clips.",
        ),
    ],
)
def test_the_card_says_what_was_fitted(tmp_path: Path, changes: dict[str, Any], words: str) -> None:
    save_checkpoint(tiny_checkpoint(**changes), tmp_path / "a.safetensors")
    assert words in (import_model(tmp_path / "a.safetensors") / "README.md").read_text()


def test_labels_that_do_not_fit_are_told_and_nothing_is_kept(folder: Path, tmp_path: Path) -> None:
    write_own(tmp_path / "a")
    with pytest.raises(UserError, match=r"1 labels, .* 4 outputs"):
        import_model(tmp_path / "a", ImportChoices(labels=LabelSet.from_ids(["only"])))
    assert not folder.exists()


def test_a_broken_write_leaves_nothing(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_checkpoint: Checkpoint, path: Path, **_: object) -> None:
        path.mkdir(parents=True)
        (path / "config.json").write_text("{")
        raise OSError(28, "No space left on device")

    write_own(tmp_path / "a")
    monkeypatch.setattr(importing, "save_checkpoint", fails)
    with pytest.raises(UserError, match="No space left"):
        import_model(tmp_path / "a")
    assert list(folder.iterdir()) == []


def test_what_is_no_checkpoint_is_not_listed(folder: Path) -> None:
    for name in ("empty", "half", "broken", ".a.new", "strange"):
        (folder / name).mkdir(parents=True)
    (folder / "half" / "config.json").write_text("{}")
    for name, text in (("broken", "{broken"), ("strange", "[1]"), (".a.new", "{}")):
        (folder / name / "config.json").write_text(text)
        (folder / name / "model.safetensors").touch()
    assert kept_models() == ()
    save_checkpoint(tiny_checkpoint(), folder / "whole")
    assert [model.name for model in kept_models()] == ["whole"]
    assert json.loads((folder / "whole" / "config.json").read_text())["labels"][0]["id"] == LABELS[0]


def test_a_published_name_that_is_not_here_says_how_to_get_it() -> None:
    with pytest.raises(UserError, match=r"ast-audioset-16-16-0.4422") as caught:
        find_weights("ast-audioset-16-16-0.4422")
    assert "soundmark models download ast-audioset-16-16-0.4422" in caught.value.remedy
    with pytest.raises(UserError, match="no model 'nowhere'"):
        find_weights("nowhere")
