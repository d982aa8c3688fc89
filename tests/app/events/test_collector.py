"""What is heard becomes events in the store; what the disk refuses stays in memory."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.events.collector import EventCollector
from app.spectrogram.live_timeline import LiveTimeline
from app.tags.muted import MutedClasses
from app.tags.parents import ShownParents
from core.errors import UserError
from core.heard.event import HeardEvent
from core.inference.near_misses import MUTED
from core.inference.results import EventChange
from core.labels import LabelSet
from rig.waiting import PATIENCE_S
from tests.app.app_fakes import FakeTagger
from tests.app.event_fakes import READ_ONLY, MemoryStore
from tests.app.events.conftest import Ears

DOG, RAIN = 0, 1


def test_an_event_is_stored_when_it_begins_and_when_it_ends(ears: Ears, qtbot: QtBot) -> None:
    ears.begin(4, 1.0)
    qtbot.waitUntil(lambda: len(ears.store.events) == 1)
    begun = ears.store.events[1]
    assert (begun.label, begun.label_id, begun.onset_s, begun.offset_s) == ("Cow", "cow", 1.0, None)
    assert (begun.input, begun.model, begun.model_hash) == ("USB Mic", "Starter", "hash of Starter")
    assert begun.onset_at == pytest.approx(ears.live.wall_clock_s(1.0))
    ears.hear(EventChange(1, 4, 1.0, 0.95, 3.0, offset_s=2.5), until_s=3.0)
    qtbot.waitUntil(lambda: ears.store.events[1].offset_s == 2.5)
    ended = ears.store.events[1]
    assert ended.peak == 0.95
    assert ended.offset_at is not None
    assert ended.offset_at - ended.onset_at == pytest.approx(1.5)
    qtbot.waitUntil(lambda: not ears.collector.here)


def test_it_reports_each_step_and_at_last_the_id(ears: Ears, qtbot: QtBot) -> None:
    seen: list[HeardEvent] = []
    ears.collector.changed.connect(seen.append)
    ears.event(4, 1.0, 2.5)
    qtbot.waitUntil(lambda: bool(seen) and seen[-1].id == 1 and seen[-1].offset_s == 2.5)
    assert seen[0].offset_s is None


def test_a_picture_of_it_is_stored(ears: Ears, qtbot: QtBot) -> None:
    ears.event(4, 1.0, 2.5)
    qtbot.waitUntil(lambda: 1 in ears.store.pictures)
    assert ears.store.pictures[1].startswith(b"\x89PNG")


def test_it_becomes_a_box_on_the_picture_that_grows_until_it_ends(ears: Ears) -> None:
    ears.begin(4, 1.0)
    (box,) = ears.live.events.between(0.0, 10.0)
    assert (box.name, box.onset_s, box.offset_s) == ("Cow", 1.0, None)
    ears.hear(EventChange(1, 4, 1.0, 0.95, 3.0, offset_s=2.5), until_s=3.0)
    (box,) = ears.live.events.between(0.0, 10.0)
    assert box.offset_s == 2.5


def test_what_almost_was_an_event_is_stored_with_the_reason(ears: Ears, qtbot: QtBot) -> None:
    ears.hear(until_s=1.5, heard={2: 0.4})
    ears.hear(until_s=2.0, heard={})
    qtbot.waitUntil(lambda: len(ears.store.events) == 1)
    miss = ears.store.events[1]
    assert (miss.kind, miss.why, miss.label) == ("near_miss", "0.40 < 0.50", "Siren")
    assert len(ears.live.events) == 0


def test_an_event_that_a_more_specific_one_implies_is_left_out_unless_asked_for(
    ears: Ears, parents: ShownParents
) -> None:
    labels = FakeTagger().labels
    ears.tagger.labels = LabelSet(
        tuple(replace(label, parents=("cow",) if label.id == "hen" else ()) for label in labels)
    )
    ears.collector.use_tagger(ears.tagger)
    both = (EventChange(1, 4, 1.0, 0.9, 1.5), EventChange(2, 5, 1.0, 0.9, 1.5))
    ears.hear(*both, until_s=1.5)
    assert [event.label for event in ears.collector.here.values()] == ["Hen"]
    parents.choose(True)
    ears.hear(replace(both[0], id=3, onset_s=2.0), until_s=2.5)
    assert [event.label for event in ears.collector.here.values()] == ["Hen", "Cow"]


def test_what_has_begun_ends_also_when_its_class_is_not_to_be_shown_any_more(
    ears: Ears, parents: ShownParents, qtbot: QtBot
) -> None:
    labels = FakeTagger().labels
    ears.tagger.labels = LabelSet(
        tuple(replace(label, parents=("cow",) if label.id == "hen" else ()) for label in labels)
    )
    ears.collector.use_tagger(ears.tagger)
    parents.choose(True)
    both = (EventChange(1, 4, 1.0, 0.9, 1.5), EventChange(2, 5, 1.0, 0.9, 1.5))
    ears.hear(*both, until_s=1.5)
    parents.choose(False)
    ears.hear(*(replace(change, at_s=3.0, offset_s=2.5) for change in both), until_s=3.0)
    assert [event.offset_s for event in ears.collector.here.values()] == [2.5, 2.5]


def test_a_disk_that_takes_nothing_is_reported_once_and_nothing_is_lost(ears: Ears, qtbot: QtBot) -> None:
    failures: list[UserError] = []
    ears.collector.failed.connect(failures.append)
    ears.store.is_read_only = True
    ears.event(4, 1.0, 2.5, 1)
    ears.event(2, 4.0, 5.0, 2)
    qtbot.waitUntil(lambda: ears.collector._jobs.unfinished == 0)
    assert failures == [READ_ONLY]
    assert [event.label for event in ears.collector.here.values()] == ["Cow", "Siren"]
    ears.store.is_read_only = False
    ears.event(1, 7.0, 8.0, 3)
    qtbot.waitUntil(lambda: len(ears.store.events) == 3)
    qtbot.waitUntil(lambda: not ears.collector.here)
    assert sorted(event.label for event in ears.store.events.values()) == ["Cow", "Rain", "Siren"]


def test_a_disk_that_refuses_again_is_reported_again(ears: Ears, qtbot: QtBot) -> None:
    failures: list[UserError] = []
    ears.collector.failed.connect(failures.append)
    for number, is_read_only in enumerate((True, False, True)):
        ears.store.is_read_only = is_read_only
        ears.event(4, 1.0 + 3 * number, 2.0 + 3 * number, number + 1)
        qtbot.waitUntil(lambda: ears.collector._jobs.unfinished == 0)
    assert failures == [READ_ONLY, READ_ONLY]
    ears.store.is_read_only = False


@pytest.mark.parametrize("is_everything", [False, True])
def test_what_is_deleted_before_the_disk_takes_it_stays_deleted(ears: Ears, qtbot: QtBot, is_everything: bool) -> None:
    ears.store.is_read_only = True
    ears.event(4, 1.0, 2.5, 1)
    qtbot.waitUntil(lambda: ears.collector._jobs.unfinished == 0)
    if is_everything:
        ears.collector.forget()
    else:
        ears.collector.delete(list(ears.collector.here.values()))
    ears.store.is_read_only = False
    ears.event(2, 4.0, 5.0, 2)
    qtbot.waitUntil(lambda: [event.label for event in ears.store.events.values()] == ["Siren"])
    qtbot.waitUntil(lambda: ears.collector._jobs.unfinished == 0)
    assert [event.label for event in ears.store.events.values()] == ["Siren"]


def test_where_there_is_no_store_events_stay_in_memory(
    parents: ShownParents, muted: MutedClasses, qtbot: QtBot
) -> None:
    def refuse() -> MemoryStore:
        raise READ_ONLY

    failures: list[UserError] = []
    collector = EventCollector(refuse, LiveTimeline(), parents, muted)
    collector.failed.connect(failures.append)
    qtbot.waitUntil(lambda: failures == [READ_ONLY])
    collector.use_tagger(FakeTagger())
    assert collector.store is None
    assert collector.close(PATIENCE_S)


def test_a_note_that_is_written_while_it_lasts_stays(ears: Ears, qtbot: QtBot) -> None:
    change = ears.begin(4, 1.0)
    (event,) = ears.collector.here.values()
    ears.collector.change([event], note="a calf", is_starred=True)
    ears.hear(replace(change, at_s=3.0, offset_s=2.5), until_s=3.0)
    qtbot.waitUntil(lambda: not ears.collector.here)
    qtbot.waitUntil(lambda: ears.store.events[1].note == "a calf")
    assert ears.store.events[1].is_starred


def test_deleted_events_leave_store_picture_and_memory_but_not_while_they_last(ears: Ears, qtbot: QtBot) -> None:
    ears.event(4, 1.0, 2.5, 1)
    qtbot.waitUntil(lambda: not ears.collector.here)
    ears.begin(2, 4.0, 2)
    (lasting,) = ears.collector.here.values()
    ears.collector.delete([ears.store.events[1], lasting])
    qtbot.waitUntil(lambda: 1 not in ears.store.events)
    assert [box.name for box in ears.live.events.between(0.0, 10.0)] == ["Siren"]
    assert list(ears.collector.here.values()) == [replace(lasting, id=lasting.id)] or len(ears.collector.here) == 1


def test_closing_ends_what_is_open(ears: Ears, qtbot: QtBot) -> None:
    ears.begin(4, 1.0)
    assert ears.collector.close(PATIENCE_S)
    assert ears.store.events[1].offset_s == pytest.approx(ears.live.view.last_s)
    assert ears.store.is_closed


def test_another_model_ends_nothing_of_ours_twice(ears: Ears, qtbot: QtBot) -> None:
    ears.begin(4, 1.0)
    ears.hear(EventChange(1, 4, 1.0, 0.9, 2.0, offset_s=2.0), until_s=2.0)
    ears.collector.use_tagger(FakeTagger("Birds", ("wren", "owl")))
    ears.hear(EventChange(1, 4, 1.0, 0.9, 2.0, offset_s=2.0), EventChange(2, 1, 2.0, 0.9, 2.5), until_s=2.5)
    qtbot.waitUntil(lambda: len(ears.store.events) == 2)
    assert [event.label for event in ears.store.events.values()] == ["Cow", "Owl"]


def test_a_damaged_list_that_was_set_aside_is_told(parents: ShownParents, muted: MutedClasses, qtbot: QtBot) -> None:
    store, told = MemoryStore(), list[str]()
    store.set_aside = Path("events.sqlite.damaged-20261130-120000")
    collector = EventCollector(lambda: store, LiveTimeline(), parents, muted)
    collector.noticed.connect(told.append)
    qtbot.waitUntil(lambda: len(told) == 1)
    assert store.set_aside.name in told[0]
    assert collector.close(PATIENCE_S)


def _kinds(ears: Ears) -> list[tuple[str, str, str]]:
    return sorted((event.label, event.kind, event.why) for event in ears.store.events.values())


def test_a_muted_class_is_a_near_miss_instead_of_an_event(ears: Ears, muted: MutedClasses, qtbot: QtBot) -> None:
    muted.toggle("dog", "Dog")
    ears.hear(until_s=2.0, heard={DOG: 0.9})
    ears.hear(EventChange(1, DOG, 1.0, 0.9, 1.5), until_s=3.0, heard={DOG: 0.9, RAIN: 0.8})
    ears.hear(EventChange(2, RAIN, 2.0, 0.8, 3.0), until_s=3.5, heard={DOG: 0.9, RAIN: 0.8})
    ends = EventChange(1, DOG, 1.0, 0.9, 4.0, offset_s=3.5), EventChange(2, RAIN, 2.0, 0.8, 4.0, offset_s=3.5)
    ears.hear(*ends, until_s=5.0, heard={})
    qtbot.waitUntil(lambda: len(ears.store.events) == 2)
    assert _kinds(ears) == [("Dog", "near_miss", MUTED), ("Rain", "event", "")]


def test_what_lasts_when_it_is_muted_stays_an_event_and_what_lasts_when_it_is_unmuted_becomes_one(
    ears: Ears, muted: MutedClasses, qtbot: QtBot
) -> None:
    ears.hear(EventChange(1, DOG, 1.0, 0.9, 1.5), until_s=2.0, heard={DOG: 0.9})
    muted.toggle("dog", "Dog")
    ears.hear(EventChange(1, DOG, 1.0, 0.9, 3.0, offset_s=2.5), until_s=4.0, heard={})
    ears.hear(EventChange(2, DOG, 5.0, 0.9, 5.5), until_s=6.0, heard={DOG: 0.9})
    qtbot.waitUntil(lambda: _kinds(ears) == [("Dog", "event", "")])
    muted.clear()
    ears.hear(EventChange(2, DOG, 5.0, 0.95, 8.0, offset_s=7.0), until_s=8.0, heard={})
    qtbot.waitUntil(lambda: len(ears.store.events) == 2)
    assert _kinds(ears) == [("Dog", "event", ""), ("Dog", "event", "")]
    assert sorted(event.onset_s for event in ears.store.events.values()) == [1.0, 5.0]


def test_an_event_that_lasts_while_everything_is_deleted_goes_on(ears: Ears, qtbot: QtBot) -> None:
    ears.event(RAIN, 1.0, 2.0)
    ears.begin(DOG, 3.0, number=2)
    ears.collector.change(list(ears.collector.here.values()), note="next door")
    qtbot.waitUntil(lambda: len(ears.store.events) == 2 and not ears.collector._jobs.unfinished)
    with ThreadPoolExecutor(1) as pool:
        pool.submit(ears.collector.delete_stored).result()
    ears.collector.forget()
    assert [event.name for event in ears.live.events.between(0.0, 9.0)] == ["Dog"], "its box stays"
    ears.hear(EventChange(2, DOG, 3.0, 0.95, 6.0, offset_s=5.0), until_s=6.0)
    qtbot.waitUntil(lambda: [event.offset_s for event in ears.store.events.values()] == [5.0])
    [event] = ears.store.events.values()
    assert (event.label, event.note, event.peak) == ("Dog", "next door", 0.95)
    qtbot.waitUntil(lambda: not ears.collector.here)


def test_a_note_that_the_disk_refuses_is_told_once_and_stored_later_by_itself(
    ears: Ears, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    ears.event(DOG, 1.0, 2.0)
    qtbot.waitUntil(lambda: not ears.collector.here)
    [event] = ears.store.events.values()
    told: list[UserError] = []
    ears.collector.failed.connect(told.append)
    ears.collector._retry.setInterval(20)
    ears.store.is_read_only = True
    ears.collector.change([event], note="next door")
    ears.collector.change([event], is_starred=True)
    qtbot.waitUntil(lambda: bool(told) and ears.collector._retry.isActive())
    assert told == [READ_ONLY]
    ears.store.is_read_only = False
    qtbot.waitUntil(lambda: ears.store.events[event.id].is_starred)
    assert ears.store.events[event.id].note == "next door"
