"""`soundmark recipes`: everything that can be trained, the quick ones first, known without loading torch."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import main
from training.cli.recipes import list_recipes
from training.config.loading import RECIPES

REPOSITORY = Path(__file__).resolve().parents[3]


def test_every_recipe_is_listed_the_quick_ones_first() -> None:
    names = [recipe.name for recipe in list_recipes()]
    assert set(names) == {path.stem for path in RECIPES.glob("*.toml")}
    assert names[:3] == ["few-clips", "fine-tune", "starter"]
    assert names[3:] == sorted(names[3:])


def test_the_json_list_is_what_the_dialog_reads(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["recipes", "--json"]) == 0
    first = json.loads(capsys.readouterr().out)[0]
    assert first.keys() == {"name", "title", "summary", "minutes"}
    assert first["name"] == "few-clips"
    assert first["minutes"] is None


def test_listing_loads_no_torch() -> None:
    script = "import sys, main; main.main(['recipes', '--json']); sys.exit('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], cwd=REPOSITORY, capture_output=True)
    assert done.returncode == 0
