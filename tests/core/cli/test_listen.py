"""`listen` writes windows and a summary, chooses its source, and ends with the file."""

from __future__ import annotations

import json
import wave
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.audio.sources import input_devices
from core.audio.sources.file_source import FileSource
from core.cli.listen import ListenOptions, _Report, choose_source, run_listen
from core.cli.model_options import ModelOptions
from core.errors import UsageError, UserError
from core.inference.pacing.ladder import ladder_of
from core.inference.pacing.models import PaceState, PaceWish, Place
from core.inference.pacing.settings import settings_for
from core.inference.results import LiveUpdate
from core.inference.tagger import Tagger
from core.labels import LabelSet
from core.model.checkpoints.checkpoint import save_checkpoint
from core.model.merging.schedule import NO_MERGING, MergeSchedule
from fakes import telling_checkpoint, tiny_checkpoint
from tests.core.inference.pacing.simulated_machine import ladder_of as made_up

pytestmark = pytest.mark.slow


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    path = tmp_path / "noise.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(np.random.default_rng(0).normal(0, 3000, 40_000).astype("<i2").tobytes())
    return path


def test_a_file_is_listened_to_in_real_time_to_its_end(
    sound: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_checkpoint(tiny_checkpoint(), tmp_path / "m")
    options = ListenOptions(ModelOptions(str(tmp_path / "m"), device="cpu"), input=str(sound), format="jsonl")
    assert run_listen(options) == 0
    captured = capsys.readouterr()
    *lines, summary = map(json.loads, captured.out.splitlines())
    windows = [line for line in lines if line["type"] == "window"]
    assert [line["end_s"] for line in windows] == [1.0, 1.5, 2.0]
    assert all(line["source"] == "noise.wav" and line["latency_ms"] > 0 for line in windows)
    assert [line["index"] for line in windows] == [0, 1, 2]
    assert summary["type"] == "summary"
    assert (summary["windows"], summary["skipped_windows"], summary["dropped_blocks"]) == (3, 0, 0)
    assert summary["real_time_factor"] > 0
    assert "Listening to noise.wav with Tiny" in captured.err


def lines_of(text: str) -> list[dict[str, Any]]:
    """The lines without what a run at full speed cannot have."""
    lines = [json.loads(line) for line in text.splitlines()]
    for line in lines:
        line.pop("latency_ms", None)
        line.pop("real_time_factor", None)
    return lines


def test_at_full_speed_a_file_gives_the_lines_of_real_time(
    sound: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_checkpoint(telling_checkpoint(), tmp_path / "m")
    options = ListenOptions(ModelOptions(str(tmp_path / "m"), device="cpu"), input=str(sound), format="jsonl")
    assert run_listen(options) == 0
    in_real_time = lines_of(capsys.readouterr().out)
    if in_real_time[-1]["skipped_windows"]:
        pytest.skip("this machine is too busy to tag in real time")
    assert run_listen(replace(options, fast=True)) == 0
    text = capsys.readouterr().out
    assert lines_of(text) == in_real_time
    assert "latency_ms" not in text
    assert [line["end_s"] for line in in_real_time if line["type"] == "window"] == [0.5 + 0.25 * i for i in range(8)]
    events = [line for line in in_real_time if line["type"] == "event"]
    began = {line["id"]: line for line in events if line["state"] == "started"}
    over = {line["id"]: line for line in events if line["state"] == "ended"}
    assert began
    assert began.keys() == over.keys(), "what is open is ended at the end of the stream"
    for number, line in began.items():
        assert list(line) == ["type", "state", "id", "label", "onset_s", "p", "at_s"]
        assert list(over[number]) == ["type", "state", "id", "label", "onset_s", "offset_s", "peak_p", "at_s"]
        assert (line["label"], line["onset_s"]) == (over[number]["label"], over[number]["onset_s"])
        assert line["onset_s"] < line["at_s"] <= over[number]["at_s"]


def test_events_follow_the_window_that_they_became_known_with(
    sound: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_checkpoint(telling_checkpoint(), tmp_path / "m")
    model = ModelOptions(str(tmp_path / "m"), device="cpu")
    assert run_listen(ListenOptions(model, input=str(sound), format="jsonl", fast=True, seconds=1.5)) == 0
    heard_s = 0.0
    *lines, summary = lines_of(capsys.readouterr().out)
    for line in lines:
        heard_s = line.get("end_s", heard_s)
        assert line.get("at_s", heard_s) == heard_s
    assert heard_s == 1.5 == max(line["end_s"] for line in lines if line["type"] == "window"), "on the stream's clock"
    assert summary["windows"] == 5


def test_what_a_more_specific_event_implies_is_shown_when_asked_for(
    sound: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plain = telling_checkpoint()
    model = ModelOptions(str(tmp_path / "m"), device="cpu")
    options = ListenOptions(model, input=str(sound), format="jsonl", fast=True, parents=True)
    save_checkpoint(plain, tmp_path / "m")
    run_listen(options)
    everything = lines_of(capsys.readouterr().out)
    first, *others = dict.fromkeys(line["label"] for line in everything if line.get("state") == "started")
    chain = tuple(replace(label, parents=(first,) if label.id in others else ()) for label in plain.config.labels)
    save_checkpoint(replace(plain, config=replace(plain.config, labels=LabelSet(chain))), tmp_path / "m")
    run_listen(options)
    assert lines_of(capsys.readouterr().out) == everything
    run_listen(replace(options, parents=False))
    specific = lines_of(capsys.readouterr().out)
    assert [line for line in specific if line["type"] == "window"] == [
        line for line in everything if line["type"] == "window"
    ]
    left_out = [line for line in everything if line not in specific]
    assert left_out
    assert {(line["type"], line["label"]) for line in left_out} == {("event", first)}


def test_only_a_file_can_be_run_at_full_speed() -> None:
    for input in (None, "demo", "no such file"):
        with pytest.raises(UsageError, match="Only a file"):
            run_listen(ListenOptions(ModelOptions("not even loaded"), input=input, fast=True))


def test_the_time_can_be_limited(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save_checkpoint(tiny_checkpoint(), tmp_path / "m")
    options = ListenOptions(ModelOptions(str(tmp_path / "m"), device="cpu"), input="demo", seconds=1.0, format="jsonl")
    assert run_listen(options) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert lines[-1]["type"] == "summary"
    assert len([line for line in lines if line["type"] == "window"]) <= 2


def test_a_file_that_breaks_off_ends_in_its_error(
    sound: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sound.write_bytes(sound.read_bytes()[:50_000])
    save_checkpoint(tiny_checkpoint(), tmp_path / "m")
    options = ListenOptions(ModelOptions(str(tmp_path / "m"), device="cpu"), input=str(sound), format="jsonl")
    with pytest.raises(UserError, match="ends early"):
        run_listen(options)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    kinds = [line["type"] for line in lines if line["type"] != "event"]
    assert kinds == ["window", "window", "summary"][-len(kinds) :]
    assert lines[-1]["type"] == "summary"


def test_a_path_is_a_file_and_a_name_is_a_device(sound: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mic = input_devices.InputDevice("USB Mic", "ALSA", 1, 48_000, is_default=True)
    monkeypatch.setattr(input_devices, "list_inputs", lambda: (mic,))
    assert isinstance(choose_source(str(sound)), FileSource)
    assert choose_source("USB Mic").name == "USB Mic"
    assert choose_source("USB Mic, ALSA").is_live
    assert choose_source(None).is_live
    with pytest.raises(UsageError, match="'Other'") as caught:
        choose_source("Other")
    assert "USB Mic" in caught.value.remedy


def test_without_an_input_device_the_demo_scene_plays_and_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(input_devices, "list_inputs", lambda: ())
    source = choose_source(None)
    assert not source.is_live
    assert source.name == "Demo scene"
    assert "demo scene" in capsys.readouterr().err


@pytest.mark.parametrize("hop_s", [0.009, 20.0])
def test_a_hop_that_no_window_has_is_wrong_usage(hop_s: float) -> None:
    with pytest.raises(UsageError, match="--hop-s cannot be"):
        run_listen(ListenOptions(ModelOptions("not even loaded"), hop_s=hop_s))


def test_the_pace_is_written_once_it_is_known_or_forecast_and_at_each_change(
    sound: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_checkpoint(tiny_checkpoint(), tmp_path / "m")
    options = ListenOptions(ModelOptions(str(tmp_path / "m"), device="cpu"), input=str(sound), format="jsonl")
    tagger = options.model.load_tagger()
    report = _Report(FileSource(sound), tagger, options)
    ladder = made_up(2, (0.5, 1.0))
    first = PaceState(ladder, Place(0, 0), PaceWish(), "finest", is_forecast=True)
    changed = PaceState(ladder, Place(1, 1), PaceWish(), "hops too short", share=0.5, is_forecast=True)
    behind = replace(changed, share=1.5, is_forecast=False, is_behind=True)
    forecast, known = replace(first, share=0.8), replace(first, share=0.9, is_forecast=False)
    for state in (first, forecast, known, changed, changed, behind, behind):
        report.write(LiveUpdate(pace=state))
    captured = capsys.readouterr()
    lines = [json.loads(line) for line in captured.out.splitlines()]
    assert [(line["type"], line["setting"], line["hop_s"]) for line in lines] == [
        ("pace", 1, 0.5),
        ("pace", 2, 1.0),
        ("pace", 2, 1.0),
    ]
    assert [line["is_behind"] for line in lines] == [False, False, True]
    assert "80 %" in lines[0]["sentence"]
    assert captured.err.splitlines() == [line["sentence"] for line in lines]


def test_a_pace_and_full_speed_do_not_go_together(sound: Path) -> None:
    with pytest.raises(UsageError):
        run_listen(ListenOptions(ModelOptions(), input=str(sound), fast=True, pace="finest"))


def test_a_chosen_pace_is_the_setting_that_runs(
    sound: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    taggers: list[Tagger] = []
    tag = Tagger.tag
    monkeypatch.setattr(Tagger, "tag", lambda self, *args, **more: taggers.append(self) or tag(self, *args, **more))
    merging = MergeSchedule(r=4, reference_patches=512)
    save_checkpoint(tiny_checkpoint(merge=merging), tmp_path / "m")
    options = ListenOptions(ModelOptions(str(tmp_path / "m"), device="cpu"), input=str(sound))
    ladder = ladder_of(settings_for(options.model.load_tagger()), (0.5,))
    assert ladder.settings[0].merge == NO_MERGING
    for pace, merge in (("finest", NO_MERGING), ("fastest", ladder.settings[-1].merge)):
        taggers.clear()
        assert run_listen(replace(options, pace=pace)) == 0
        assert {tagger.merge for tagger in taggers} == {merge}
    capsys.readouterr()
