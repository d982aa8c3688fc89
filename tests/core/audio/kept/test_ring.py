"""The ring on disk gives back what was pushed, sample by sample, and keeps to its limits."""

from __future__ import annotations

import errno
import shutil
import threading
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from core.audio.block import AudioBlock
from core.audio.kept import segments
from core.audio.kept.kept_sound import KeptSound
from core.audio.kept.pieces import to_float, to_int16
from core.audio.kept.ring import SoundRing
from core.audio.kept.segments import RingLimits
from core.audio.kept.take import Take
from core.errors import UserError

RATE = 1000


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[KeptSound]:
    made = KeptSound(SoundRing(tmp_path / "sound"))
    yield made
    assert made.close()


def numbers(n: int, seed: int = 0) -> NDArray[np.int16]:
    return np.random.default_rng(seed).integers(-32768, 32768, n).astype(np.int16)


def push(take: Take, samples: NDArray[np.int16], start: int = 0, rate: int = RATE) -> None:
    take.push(AudioBlock(to_float(samples), start, rate))


def test_every_16_bit_number_survives_the_way_through_floats() -> None:
    every = np.arange(-32768, 32768).astype(np.int16)
    np.testing.assert_array_equal(to_int16(to_float(every)), every)
    np.testing.assert_array_equal(to_int16(np.array([-1.5, 1.0, 7.0], np.float32)), [-32768, 32767, 32767])


def test_sound_is_read_where_the_take_was_placed(kept: KeptSound) -> None:
    take = kept.begin_take("USB Mic")
    sound = numbers(2000)
    push(take, sound[:700])
    push(take, sound[700:], 700)
    assert kept.flush()
    assert kept.ring.read(0, 1e9) == (), "nobody knows yet where it lies"
    take.place(5.0)
    (piece,) = kept.ring.read(0, 1e9)
    np.testing.assert_array_equal(piece.samples, sound)
    assert (piece.start_s, piece.stop_s, piece.sample_rate) == (5.0, 7.0, RATE)
    (part,) = kept.ring.read(5.25, 5.5)
    np.testing.assert_array_equal(part.samples, sound[250:500])


def test_a_gap_is_exact_and_saved_as_silence(kept: KeptSound, tmp_path: Path) -> None:
    take = kept.begin_take("USB Mic")
    take.place(0.0)
    sound = numbers(300)
    push(take, sound[:100])
    push(take, sound[100:], 437)
    assert kept.flush()
    first, second = kept.ring.read(0, 1)
    assert (first.end_sample, second.first_sample, second.end_sample) == (100, 437, 637)
    kept.ring.save(0.05, 0.7, tmp_path / "a.wav")
    expected = np.zeros(650, np.int16)
    expected[:50], expected[387:587] = sound[50:100], sound[100:]
    with wave.open(str(tmp_path / "a.wav")) as saved:
        assert (saved.getframerate(), saved.getnchannels(), saved.getsampwidth()) == (RATE, 1, 2)
        np.testing.assert_array_equal(np.frombuffer(saved.readframes(10_000), np.int16), expected)


@pytest.mark.parametrize("rate", [8000, 16000, 44100, 48000, 96000])
def test_flac_holds_the_same_samples_at_the_devices_rate(kept: KeptSound, tmp_path: Path, rate: int) -> None:
    take = kept.begin_take("USB Mic")
    take.place(100.0)
    sound = numbers(rate + 123)
    push(take, sound, rate=rate)
    assert kept.flush()
    for name in ("a.flac", "a.wav"):
        kept.ring.save(100.0, 100 + len(sound) / rate, tmp_path / name)
        saved, saved_rate = soundfile.read(tmp_path / name, dtype="int16")
        assert saved_rate == rate
        np.testing.assert_array_equal(saved, sound)


def test_an_inputs_sound_ends_where_the_next_one_takes_over(kept: KeptSound) -> None:
    before, after = kept.begin_take("one"), kept.begin_take("two")
    push(before, numbers(1000))
    push(after, numbers(500, 1), rate=500)
    before.place(0.0)
    after.place(0.75)
    assert kept.flush()
    first, second = kept.ring.read(0, 10)
    assert (first.stop_s, second.start_s, second.stop_s) == (0.75, 0.75, 1.75)
    assert (first.sample_rate, second.sample_rate) == (1000, 500)


def test_two_rates_are_saved_at_that_of_the_longer_part(kept: KeptSound, tmp_path: Path) -> None:
    tone = np.sin(np.arange(16000) * 0.2 / 2) * 0.5
    before, after = kept.begin_take("one"), kept.begin_take("two")
    push(before, to_int16(tone[:8000].astype(np.float32)), rate=16000)
    push(after, to_int16(tone[::2][:8000].astype(np.float32)), rate=8000)
    before.place(0.0)
    after.place(0.5)
    assert kept.flush()
    kept.ring.save(0.0, 1.5, tmp_path / "a.wav")
    saved, rate = soundfile.read(tmp_path / "a.wav")
    assert rate == 8000
    assert len(saved) == 12000
    wanted = np.sin(np.arange(4000) * 0.2) * 0.5
    np.testing.assert_allclose(saved[100:3900], wanted[100:3900], atol=0.01)


def test_a_discarded_take_leaves_nothing(kept: KeptSound, tmp_path: Path) -> None:
    take = kept.begin_take("USB Mic")
    push(take, numbers(1000))
    assert kept.flush()
    assert kept.ring.n_bytes == 2000
    take.discard()
    push(take, numbers(1000), 1000)
    assert kept.flush()
    assert kept.ring.n_bytes == 0
    assert list(tmp_path.rglob("*.pcm")) == []


def test_nothing_is_written_while_it_is_off_and_what_was_kept_goes(kept: KeptSound, tmp_path: Path) -> None:
    take = kept.begin_take("USB Mic")
    take.place(0.0)
    push(take, numbers(1000))
    assert kept.flush()
    kept.ring.is_on = False
    push(take, numbers(1000), 1000)
    assert kept.flush()
    assert kept.ring.read(0, 10) == ()
    assert list(tmp_path.rglob("*.pcm")) == []
    kept.ring.is_on = True
    push(take, numbers(10), 2000)
    assert kept.flush()
    assert [piece.start_s for piece in kept.ring.read(0, 10)] == [2.0]


def test_a_ring_that_is_off_makes_no_folder(tmp_path: Path) -> None:
    kept = KeptSound(SoundRing(tmp_path / "sound", is_on=False))
    push(kept.begin_take("USB Mic"), numbers(10))
    assert kept.flush()
    assert kept.close()
    assert list(tmp_path.iterdir()) == []


def test_what_was_kept_is_deleted_on_demand_and_new_sound_is_kept(kept: KeptSound) -> None:
    take = kept.begin_take("USB Mic")
    take.place(0.0)
    push(take, numbers(1000))
    assert kept.flush()
    kept.ring.delete_all()
    assert kept.flush()
    assert kept.ring.n_bytes == 0
    push(take, numbers(100), 1000)
    assert kept.flush()
    assert kept.ring.n_bytes == 200


def test_smaller_limits_apply_to_what_is_there(kept: KeptSound) -> None:
    take = kept.begin_take("USB Mic")
    take.place(0.0)
    for start in range(0, 60_000, 100):
        push(take, numbers(100, start), start)
    assert kept.flush()
    assert kept.ring.seconds == 60
    kept.ring.limits = RingLimits(seconds=60, bytes=80_000)
    assert kept.flush()
    assert kept.ring.n_bytes <= 80_000


def test_a_stretch_that_is_not_kept_cannot_be_saved(kept: KeptSound, tmp_path: Path) -> None:
    with pytest.raises(UserError):
        kept.ring.save(0, 1, tmp_path / "a.wav")
    take = kept.begin_take("USB Mic")
    take.place(0.0)
    push(take, numbers(100))
    assert kept.flush()
    with pytest.raises(UserError, match=r"\.flac"):
        kept.ring.save(0, 1, tmp_path / "a.mp3")
    with pytest.raises(UserError, match="nowhere"):
        kept.ring.save(0, 1, tmp_path / "nowhere" / "a.wav")
    assert list(tmp_path.glob("a*")) == []


def test_the_folder_goes_with_the_ring(tmp_path: Path) -> None:
    kept = KeptSound(SoundRing(tmp_path / "sound"))
    push(kept.begin_take("USB Mic"), numbers(10))
    assert kept.flush()
    assert len(list((tmp_path / "sound").rglob("*.pcm"))) == 1
    assert kept.close()
    assert list((tmp_path / "sound").iterdir()) == []


def test_a_full_disk_is_told_and_what_comes_after_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    kept = KeptSound(SoundRing(tmp_path, clock=lambda: now[0]))
    take = kept.begin_take("USB Mic")
    take.place(0.0)
    push(take, numbers(100))
    assert kept.flush()
    with monkeypatch.context() as full:
        full.setattr(segments, "FileIO", _FullFile)
        kept.ring._segments._close(take)  # type: ignore[union-attr]
        push(take, numbers(100), 100)
        assert kept.flush()
        assert kept.ring.trouble is not None
        assert "disk space" in kept.ring.trouble.remedy
    push(take, numbers(100), 200)
    assert kept.flush()
    now[0] += 10.0
    push(take, numbers(100), 300)
    assert kept.flush()
    assert kept.ring.trouble is None
    assert [(piece.first_sample, piece.end_sample) for piece in kept.ring.read(0, 1)] == [(0, 100), (300, 400)]
    assert kept.close()


class _FullFile(segments.FileIO):
    def write(self, data: object) -> int:
        raise OSError(errno.ENOSPC, "No space left")


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    kept = KeptSound(SoundRing(tmp_path / "file" / "sound"))
    take = kept.begin_take("USB Mic")
    push(take, numbers(10))
    assert kept.flush()
    assert kept.ring.trouble is not None
    assert kept.close()


def test_old_sound_makes_room_while_the_disk_is_nearly_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    free = shutil._ntuple_diskusage(1 << 40, 1 << 40, 0)  # type: ignore[attr-defined]
    kept = KeptSound(SoundRing(tmp_path, RingLimits(seconds=8)))
    take = kept.begin_take("USB Mic")
    take.place(0.0)
    push(take, numbers(3500))
    assert kept.flush()
    monkeypatch.setattr(segments.shutil, "disk_usage", lambda _: free)
    push(take, numbers(1000), 3500)
    assert kept.flush()
    assert [piece.stop_s for piece in kept.ring.read(0, 10)] == [4.5]
    assert kept.ring.seconds == pytest.approx(4.5), "so little would help nobody"
    assert kept.ring.trouble is not None
    monkeypatch.setattr(segments, "_LEAST_BYTES", 2000)
    monkeypatch.setattr(segments, "_LARGEST_BYTES", 2000)
    push(take, numbers(1000), 4500)
    push(take, numbers(1000), 5500)
    assert kept.flush()
    assert 0.5 <= kept.ring.seconds <= 2.0
    assert [piece.stop_s for piece in kept.ring.read(0, 10)] == [6.5], "the newest stays"
    monkeypatch.undo()
    push(take, numbers(1000), 6500)
    assert kept.flush()
    assert kept.ring.trouble is None
    assert kept.close()


def test_blocks_that_find_the_queue_full_are_counted_and_become_a_gap(tmp_path: Path) -> None:
    class SlowSink:
        """Holds the writer until it may go on."""

        def __init__(self) -> None:
            self.may_go, self.is_held = threading.Event(), threading.Event()

        def write(self, take: Take, block: AudioBlock) -> None:
            self.is_held.set()
            assert self.may_go.wait(60)

        def tidy(self) -> None: ...
        def close(self) -> None: ...

    slow = SlowSink()
    kept = KeptSound(SoundRing(tmp_path), [slow])
    take = kept.begin_take("USB Mic")
    take.place(0.0)
    push(take, numbers(10))
    assert slow.is_held.wait(60)
    for n in range(1, 2011):
        push(take, numbers(10), 10 * n)
    assert take.dropped_blocks == 10
    slow.may_go.set()
    assert kept.flush()
    push(take, numbers(10), 30_000)
    assert kept.flush()
    assert [(piece.first_sample, piece.end_sample) for piece in kept.ring.read(0, 100)] == [
        (0, 20_010),
        (30_000, 30_010),
    ]
    assert kept.close()
