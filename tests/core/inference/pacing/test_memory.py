"""What is remembered of each model on each machine, and files that are damaged."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.inference.engines.models import Setting
from core.inference.pacing.memory import MOST_KEPT, PaceMemory, Remembered
from core.model.merging.schedule import NO_MERGING, schedule_from_word

FINE = Setting("openvino", "fp32", NO_MERGING)
FAST = Setting("openvino", "int8", schedule_from_word("energy:8,8,4", 512))
KNOWN = Remembered(FAST, 0.5, {FINE: 120.25, FAST: 30.0})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "new folder" / "pacing.json"


def test_it_comes_back_for_this_machine_and_this_model_alone(path: Path) -> None:
    PaceMemory(path, "laptop").remember("starter", KNOWN)
    assert PaceMemory(path, "laptop").recall("starter") == KNOWN
    assert PaceMemory(path, "laptop").recall("other") is None
    assert PaceMemory(path, "server").recall("starter") is None


def test_the_newest_counts_and_others_stay(path: Path) -> None:
    memory = PaceMemory(path, "laptop")
    memory.remember("starter", KNOWN)
    memory.remember("other", Remembered(FINE, 0.25))
    memory.remember("starter", Remembered(FINE, 1.0, {FINE: 90.0}))
    assert memory.recall("starter") == Remembered(FINE, 1.0, {FINE: 90.0})
    assert memory.recall("other") == Remembered(FINE, 0.25)
    assert len(json.loads(path.read_text())["models"]) == 2


def test_it_forgets_what_was_used_longest_ago(path: Path) -> None:
    memory = PaceMemory(path, "laptop")
    models = [{"machine": "laptop", "model": f"model {number}"} for number in range(MOST_KEPT)]
    path.parent.mkdir()
    path.write_text(json.dumps({"format": 1, "models": models}))
    memory.remember("newest", KNOWN)
    kept = [one["model"] for one in json.loads(path.read_text())["models"]]
    assert (len(kept), kept[0], kept[-1]) == (MOST_KEPT, "model 1", "newest")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b'{"format": 99, "models": []}', b'{"format": 1}'])
def test_a_damaged_file_is_set_aside_and_a_new_one_begun(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    memory = PaceMemory(path, "laptop")
    assert memory.recall("starter") is None
    assert path.with_name("pacing.json.damaged").read_bytes() == content
    memory.remember("starter", KNOWN)
    assert memory.recall("starter") == KNOWN


@settings(max_examples=60)
@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["setting", "merge", "costs", "ms", "hop_s", "engine"]), inner, max_size=4
            )
        ),
        max_leaves=12,
    )
)
def test_an_entry_that_makes_no_sense_is_nothing(tmp_path_factory: pytest.TempPathFactory, value: object) -> None:
    path = tmp_path_factory.mktemp("memory") / "pacing.json"
    entry = {"machine": "laptop", "model": "starter", **(value if isinstance(value, dict) else {"setting": value})}
    path.write_text(json.dumps({"format": 1, "models": [entry, value]}))
    assert PaceMemory(path, "laptop").recall("starter") is None


def test_a_folder_that_cannot_be_written_stops_nobody(tmp_path: Path) -> None:
    blocked = tmp_path / "a file"
    blocked.write_text("")
    memory = PaceMemory(blocked / "pacing.json", "laptop")
    memory.remember("starter", KNOWN)
    assert memory.recall("starter") is None


def test_entries_without_a_time_are_old(path: Path) -> None:
    memory = PaceMemory(path, "laptop")
    memory.remember("starter", replace(KNOWN, at=1e9))
    assert memory.recall("starter") == replace(KNOWN, at=1e9)
    content = json.loads(path.read_text())
    del content["models"][0]["at"]
    path.write_text(json.dumps(content))
    assert memory.recall("starter") == KNOWN
