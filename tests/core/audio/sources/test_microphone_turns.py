"""A sound server that hangs in one thread, while another opens or lists: PortAudio is never ended under the first."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from core.audio.sources import microphone_turns
from core.audio.sources.input_devices import list_inputs
from core.audio.sources.microphone import Microphone
from core.audio.sources.microphone_turns import close_stream, open_streams
from core.errors import UserError
from rig.waiting import wait_for
from tests.core.audio.sources.fake_sounddevice import FakeSounddevice, install_fake
from tests.core.audio.sources.live_microphone import opened

LONG_S = 30


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeSounddevice]:
    made = install_fake(monkeypatch)
    yield made
    made.may_open.set()
    for stream in made.streams:
        stream.may_abort.set()
        close_stream(stream)


def in_thread(work: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def joined(thread: threading.Thread) -> bool:
    thread.join(LONG_S)
    return not thread.is_alive()


def test_opening_waits_for_a_close_that_hangs(fake: FakeSounddevice) -> None:
    first = opened(fake)
    fake.stream.may_abort.clear()
    closing = in_thread(first.close)
    wait_for(lambda: fake.calls[-1] == "abort", LONG_S, "a thread that hangs in abort")
    second = Microphone()
    opening = in_thread(second.open)
    opening.join(0.2)

    assert fake.calls[-1] == "abort"
    assert open_streams == {fake.stream}
    fake.stream.may_abort.set()
    assert joined(closing)
    assert joined(opening)
    assert fake.calls[-4:] == ["abort", "close", "terminate", "initialize"]
    assert open_streams == {fake.stream}
    assert len(fake.streams) == 2


@pytest.mark.parametrize("other", [list_inputs, lambda: Microphone().open()])
def test_nothing_is_read_anew_while_a_stream_is_being_opened(
    fake: FakeSounddevice, other: Callable[[], object]
) -> None:
    fake.may_open.clear()
    opening = in_thread(Microphone().open)
    wait_for(lambda: bool(fake.streams), LONG_S, "a thread that hangs in opening")
    meanwhile = in_thread(other)
    meanwhile.join(0.2)

    assert fake.calls == ["terminate", "initialize"]
    fake.may_open.set()
    assert joined(opening)
    assert joined(meanwhile)
    assert fake.calls.count("terminate") == 1


def test_a_server_that_hangs_for_long_is_told(fake: FakeSounddevice, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(microphone_turns, "_PATIENCE_S", 0.05)
    first = opened(fake)
    fake.stream.may_abort.clear()
    closing = in_thread(first.close)
    wait_for(lambda: fake.calls[-1] == "abort", LONG_S, "a thread that hangs in abort")

    for ask in (list_inputs, Microphone().open):
        with pytest.raises(UserError, match="sound system") as caught:
            ask()
        assert caught.value.remedy
    fake.stream.may_abort.set()
    assert joined(closing)
    assert [device.name for device in list_inputs()] == ["Mic"]
