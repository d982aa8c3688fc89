"""`soundmark models` lists, downloads, imports and exports; every other verb then finds the model by its name."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

import main
from core.model.checkpoints.checkpoint import save_checkpoint
from core.model.checkpoints.hugging_face_export import export_hugging_face
from core.model.checkpoints.loading import load_checkpoint
from core.model.checkpoints.published import PUBLISHED_MODELS, find_published
from core.model.store import hub_transfer
from core.model.store.folder import find_kept
from fakes import tiny_checkpoint
from rig import sounds
from rig.hub_server import Hub, hub_server, take_for_the_hub
from rig.waiting import PATIENCE_S

pytestmark = pytest.mark.slow

ROW = find_published("ast-audioset-16-16-0.4422")
REPOSITORY_ROOT = Path(main.__file__).parent


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SOUNDMARK_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with hub_server() as server:
        export_hugging_face(tiny_checkpoint(), tmp_path / "on-the-hub")
        for file in (tmp_path / "on-the-hub").iterdir():
            server.add(ROW.repository, file.name, file.read_bytes())
        take_for_the_hub(server, tmp_path / "hf", monkeypatch)
        monkeypatch.setattr(hub_transfer, "_PAUSE_S", 0.0)
        yield server


def run(capsys: pytest.CaptureFixture[str], *words: str | Path) -> tuple[int, str, str]:
    code = main.main([str(word) for word in words])
    out, err = capsys.readouterr()
    return code, out, err


def test_all_published_models_are_listed_and_none_is_here(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "models", "list", "--json")
    rows = {row["name"]: row for row in json.loads(out)}
    assert code == 0
    assert set(rows) == {"starter"} | {row.name for row in PUBLISHED_MODELS}
    assert rows["starter"]["state"] == "shipped"
    assert Path(rows["starter"]["path"]).is_dir()
    row = rows["ast-speechcommands-10-10-0.9812"]
    assert (row["state"], row["path"], row["metric"], row["score"]) == ("absent", "", "accuracy", 0.9812)
    assert (row["window_s"], row["strides"], row["licence"]) == (1.28, [10, 10], "BSD-3-Clause")
    assert rows["ast-audioset-bal-10-10-0.3499"]["state"] == "by hand"
    code, out, _ = run(capsys, "models", "list")
    assert len(out.splitlines()) == len(rows)
    assert "mAP 0.4590, strides 10x10, 10.24 s, BSD-3-Clause; 527 sounds" in out


def test_a_downloaded_model_is_used_by_name(
    hub: Hub, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run(capsys, "models", "download", ROW.name)
    assert (code, err) == (0, "")
    assert out == f"{folder / ROW.name}\nUse it with --model {ROW.name}.\n"
    assert run(capsys, "models", "download", ROW.name)[1] == f"{ROW.name} is already installed: {folder / ROW.name}\n"
    rows = {row["name"]: row for row in json.loads(run(capsys, "models", "list", "--json")[1])}
    assert (rows[ROW.name]["state"], rows[ROW.name]["score"]) == ("here", ROW.score)
    file = sounds.write_wav(tmp_path / "a.wav", sounds.sweep(1))
    code, out, _ = run(capsys, "tag", file, "--model", ROW.name, "--format", "jsonl", "--device", "cpu")
    assert code == 0
    assert json.loads(out.splitlines()[0])["scores"][0]["label"] in ("dog", "rain", "siren", "clock_tick")


def test_a_download_reports_how_far_it_is_as_json(hub: Hub, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(capsys, "models", "download", ROW.name, "--json")
    *progress, last = (json.loads(line) for line in out.splitlines())
    assert {line["type"] for line in progress} == {"progress"}
    assert (
        progress[-1]["done_bytes"] == progress[-1]["total_bytes"] == sum(len(content) for content in hub.files.values())
    )
    assert last == {"type": "model", "name": ROW.name, "path": str(folder / ROW.name)}


def test_names_that_cannot_be_downloaded_are_reported(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, "models", "get", "ast-audioset-9-9")
    assert code == 1
    assert "There is no published model 'ast-audioset-9-9'. Choose one of" in err
    code, _, err = run(capsys, "models", "download", "ast-audioset-bal-10-10-0.3499")
    assert code == 1
    assert "models import audioset_bal_10_10_0.3499.pth" in err
    code, _, err = run(capsys, "bench", "--model", ROW.name)
    assert code == 1
    assert f"soundmark models download {ROW.name}" in err


def test_the_environment_says_where_the_hub_is_and_where_things_are_kept(hub: Hub, tmp_path: Path) -> None:
    """In a process of its own, as a user sets it."""
    environment = {
        **os.environ,
        "HF_ENDPOINT": hub.url,
        "HF_HOME": str(tmp_path / "other hf"),
        "SOUNDMARK_MODELS": str(tmp_path / "other models"),
    }
    hub.cut_after["model.safetensors"] = [10_000] + [0] * 9
    small_counts = "import main; from core.model.store import importing; importing.fits_row = lambda *_: True"
    words = [
        sys.executable,
        "-c",
        f"{small_counts}; import sys; sys.exit(main.main(sys.argv[1:]))",
        "models",
        "download",
        ROW.name,
    ]
    options = {
        "cwd": REPOSITORY_ROOT,
        "env": environment,
        "capture_output": True,
        "encoding": "utf-8",
        "timeout": PATIENCE_S,
    }
    broken = subprocess.run(words, **options)
    assert broken.returncode == 1
    assert "cannot be reached" in broken.stderr
    assert "Traceback" not in broken.stderr
    (part,) = (tmp_path / "other hf").rglob("*.part")
    assert part.stat().st_size == 10_000
    offline = subprocess.run(words, **{**options, "env": environment | {"HF_HUB_OFFLINE": "1"}})
    assert offline.returncode == 1
    assert "HF_HUB_OFFLINE forbids" in offline.stderr
    hub.cut_after.clear()
    whole = subprocess.run(words, **options)
    assert (whole.returncode, whole.stderr) == (0, "")
    assert hub.ranges_of("model.safetensors")[-1] == "bytes=10000-"
    assert find_kept(ROW.name, tmp_path / "other models") is not None


def test_import_takes_name_and_labels(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save_checkpoint(tiny_checkpoint(), tmp_path / "a")
    lines = ["index,mid,display_name", *(f"{i},/m/x{i},word {i}" for i in range(4))]
    (tmp_path / "labels.csv").write_text("\n".join(lines))
    words = ["models", "import", tmp_path / "a", "--name", "words", "--labels", tmp_path / "labels.csv", "--json"]
    code, out, _ = run(capsys, *words)
    assert (code, json.loads(out)) == (0, {"type": "model", "name": "words", "path": str(folder / "words")})
    assert load_checkpoint(folder / "words").config.labels.names[2] == "Word 2"
    code, _, err = run(capsys, *words)
    assert code == 1
    assert "There is already a model words" in err
    assert run(capsys, "models", "import", tmp_path / "nothing")[0] == 1


def test_export_and_import_come_back_to_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save_checkpoint(tiny_checkpoint(), tmp_path / "a", card="# card")
    for layout in ("hf", "soundmark"):
        out = tmp_path / layout
        code, said, _ = run(capsys, "models", "export", "--model", tmp_path / "a", "--layout", layout, "--out", out)
        assert (code, said) == (0, f"{out}\n")
        assert (out / "README.md").read_text() == "# card"
        log_mel = torch.randn(1, 1024, 128)
        expected = load_checkpoint(tmp_path / "a").build()(log_mel)
        torch.testing.assert_close(load_checkpoint(out).build()(log_mel), expected, rtol=0, atol=1e-5)
    assert load_checkpoint(tmp_path / "soundmark").config == tiny_checkpoint().config
    assert load_checkpoint(tmp_path / "soundmark").weights["cls_token"].dtype == torch.float16


def test_export_refuses_full_folders_and_what_cannot_be_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("keep me")
    code, _, err = run(capsys, "models", "export", "--layout", "hf", "--out", tmp_path / "full")
    assert (code, "is not empty" in err) == (1, True)
    code, _, err = run(capsys, "models", "export", "--layout", "hf", "--out", tmp_path / "new")
    assert code == 1
    assert "cannot represent" in err
    assert "--layout soundmark" in err
    assert not (tmp_path / "new").exists()


def test_a_place_that_forbids_writing_is_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    out = tmp_path / "file" / "out"
    code, _, err = run(capsys, "models", "export", "--layout", "soundmark", "--out", out)
    assert (code, "cannot be written" in err) == (1, True)
