"""How many tokens each layer merges: as numbers, as words, and as old checkpoints have it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.errors import UserError
from core.inference.tagger import parse_merge
from core.model.checkpoints.checkpoint import CheckpointConfig
from core.model.merging.schedule import NO_MERGING, MergeSchedule, schedule_from_word, tokens_after_layers
from fakes import tiny_checkpoint


def test_schedules() -> None:
    assert MergeSchedule("constant", 8).per_layer(4, 100) == (8, 8, 8, 8)
    decreasing = MergeSchedule("decreasing", 40).per_layer(12, 1212)
    assert decreasing == (80, 72, 65, 58, 50, 43, 36, 29, 21, 14, 7, 0)
    assert sum(decreasing) == 475
    assert MergeSchedule("listed", listed=(5, 3)).per_layer(4, 100) == (5, 3, 0, 0)
    assert MergeSchedule("decreasing", 4).per_layer(1, 100) == (8,)


def test_short_inputs_do_not_collapse() -> None:
    schedule = MergeSchedule("constant", 40, reference_patches=512)
    assert schedule.per_layer(12, 512) == (40,) * 12
    short = schedule.per_layer(12, 48)
    assert short == (3,) * 12
    assert tokens_after_layers(50, short, 2)[-1] == 14
    assert schedule.per_layer(12, 2000) == (40,) * 12  # longer ones are not merged harder


@pytest.mark.parametrize(
    "wrong",
    [{"kind": "random"}, {"r": -1}, {"r": 1.5}, {"kind": "listed", "listed": (1, -2)}, {"matcher": "nearest"}],
)
def test_nonsense_schedules_are_refused(wrong: dict) -> None:
    with pytest.raises(UserError):
        MergeSchedule(**wrong)


WORDS = {
    "16": MergeSchedule("constant", 16, reference_patches=512),
    "decreasing:20": MergeSchedule("decreasing", 20, reference_patches=512),
    "energy:16": MergeSchedule("constant", 16, reference_patches=512, matcher="energy"),
    "energy-decreasing:20": MergeSchedule("decreasing", 20, reference_patches=512, matcher="energy"),
    "8,8,4": MergeSchedule("listed", listed=(8, 8, 4), reference_patches=512),
    "energy:8,8,4": MergeSchedule("listed", listed=(8, 8, 4), reference_patches=512, matcher="energy"),
}


@pytest.mark.parametrize("word", WORDS)
def test_words_mean_schedules_and_schedules_have_words(word: str) -> None:
    assert schedule_from_word(word, 512) == WORDS[word]
    assert WORDS[word].to_word() == word
    assert parse_merge(word, MergeSchedule("constant", 1), 512) == WORDS[word]


@pytest.mark.parametrize("word", ["off", "0", "decreasing:0", "energy:0", "0,0,0"])
def test_words_that_merge_nothing(word: str) -> None:
    assert schedule_from_word(word, 512) == NO_MERGING


def test_what_has_no_word_of_its_own_has_one_that_does_the_same() -> None:
    assert NO_MERGING.to_word() == "off"
    alone = schedule_from_word(MergeSchedule("listed", listed=(8,)).to_word(), 0)
    assert alone.per_layer(4, 100) == (8, 0, 0, 0)


@pytest.mark.parametrize(
    "word",
    ["", "lots", "-3", "1.5", "8,", ",8", "8,x", ":16", "constant:16", "decreasing:", "energy", "decreasing:8,4",
     "energy-decreasing:8,4", "energy:decreasing:8", "auto"],
)  # fmt: skip
def test_other_words_are_refused_with_what_to_write(word: str) -> None:
    with pytest.raises(UserError, match="cannot be") as caught:
        schedule_from_word(word, 512)
    assert caught.value.remedy.startswith("Use ")


def test_auto_is_the_checkpoints_own() -> None:
    own = MergeSchedule("decreasing", 20, reference_patches=512, matcher="energy")
    assert parse_merge("auto", own, 512) == own
    assert parse_merge("auto", NO_MERGING, 512) == NO_MERGING


def test_people_read() -> None:
    assert WORDS["16"].describe() == "constant 16"
    assert WORDS["energy:8,8,4"].describe() == "listed 8, 8, 4 by energy"


def test_checkpoints_keep_the_matcher_and_old_ones_have_none() -> None:
    config = tiny_checkpoint(WORDS["energy-decreasing:20"]).config
    text = config.to_json()
    assert CheckpointConfig.from_json(text, Path("config.json")).merge == config.merge
    old = json.loads(text)
    del old["merge"]["matcher"]
    read = CheckpointConfig.from_json(json.dumps(old), Path("config.json"))
    assert read.merge == MergeSchedule("decreasing", 20, reference_patches=512)
