"""Recording the session: whole files, exact samples, and what a killed process leaves."""

from __future__ import annotations

import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from core.audio.block import AudioBlock
from core.audio.decoding.decode import decode_blocks
from core.audio.kept.kept_sound import KeptSound
from core.audio.kept.pieces import to_float
from core.audio.kept.recordings import SESSION, Recordings
from core.audio.kept.ring import SoundRing
from core.audio.kept.session_recorder import SessionRecorder
from core.audio.kept.take import Take
from core.errors import UserError
from rig.waiting import PATIENCE_S, wait_for

RATE = 8000


class Bench:
    """A recorder with pieces of one second, on a clock that a test sets."""

    def __init__(self, folder: Path) -> None:
        self.now = 1_800_000_000.0
        self.folder = folder / "recorded"
        self.recordings = Recordings(folder / "recordings.jsonl")
        self.recorder = SessionRecorder(self.recordings, 1.0, lambda: self.now)
        self.kept = KeptSound(SoundRing(folder / "ring", is_on=False), [self.recorder])

    def push(self, take: Take, samples: NDArray[np.int16], start: int = 0, rate: int = RATE) -> None:
        take.push(AudioBlock(to_float(samples), start, rate))

    def files(self) -> list[NDArray[np.int16]]:
        assert self.kept.flush()
        paths = [recording.path for recording in self.recordings.all()]
        return [np.asarray(soundfile.read(path, dtype="int16")[0], np.int16) for path in paths]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def numbers(n: int, seed: int = 0) -> NDArray[np.int16]:
    return np.random.default_rng(seed).integers(-32768, 32768, n).astype(np.int16)


def test_nothing_is_written_until_it_is_asked_for(bench: Bench) -> None:
    take = bench.kept.begin_take("USB Mic")
    take.place(0.0)
    bench.push(take, numbers(100))
    assert bench.kept.flush()
    assert not bench.folder.exists()
    assert bench.recordings.all() == ()
    assert bench.kept.close()


def test_files_of_a_length_follow_each_other_to_the_sample(bench: Bench) -> None:
    take = bench.kept.begin_take("USB Mic")
    take.place(0.0)
    bench.recorder.folder = bench.folder
    sound = numbers(20_000)
    for start in range(0, 20_000, 700):
        bench.push(take, sound[start : start + 700], start)
        bench.now += 700 / RATE
    assert bench.kept.flush()
    assert bench.recorder.is_recording
    bench.recorder.folder = None
    pieces = bench.files()
    assert [len(piece) for piece in pieces] == [8000, 8000, 4000]
    np.testing.assert_array_equal(np.concatenate(pieces), sound)
    listed = bench.recordings.all()
    assert [recording.kind for recording in listed] == [SESSION] * 3
    assert [recording.stop_at - recording.start_at for recording in listed] == pytest.approx([1.0, 1.0, 0.5])
    assert listed[1].start_at == pytest.approx(listed[0].stop_at)
    assert bench.kept.close()


def test_a_short_gap_is_silence_and_a_long_one_another_file(bench: Bench) -> None:
    take = bench.kept.begin_take("USB Mic")
    take.place(0.0)
    bench.recorder.folder = bench.folder
    bench.push(take, numbers(1000), 0)
    bench.push(take, numbers(1000), 1500)
    bench.push(take, numbers(1000), 1000 * RATE)
    assert bench.kept.close()
    first, second = bench.files()
    np.testing.assert_array_equal(first, np.concatenate([numbers(1000), np.zeros(500), numbers(1000)]))
    np.testing.assert_array_equal(second, numbers(1000))


def test_another_input_is_recorded_from_its_first_sample_once_it_is_the_current_one(bench: Bench) -> None:
    bench.recorder.folder = bench.folder
    one, two, never = (bench.kept.begin_take(name) for name in ("one", "two", "never"))
    one.place(0.0)
    bench.push(one, numbers(1000))
    bench.push(two, numbers(500, 1), 0, 16000)
    bench.push(never, numbers(500, 2))
    assert bench.kept.flush()
    never.discard()
    bench.push(never, numbers(500, 2), 500)
    two.place(5.0)
    bench.push(two, numbers(500, 3), 500, 16000)
    bench.push(one, numbers(1000), 1000)
    assert bench.kept.close()
    first, second = bench.files()
    np.testing.assert_array_equal(first, numbers(1000))
    np.testing.assert_array_equal(second, np.concatenate([numbers(500, 1), numbers(500, 3)]))


def test_a_folder_that_cannot_be_written_is_told_and_tried_again(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    take = bench.kept.begin_take("USB Mic")
    take.place(0.0)
    bench.recorder.folder = tmp_path / "file" / "x"
    bench.push(take, numbers(100))
    assert bench.kept.flush()
    assert bench.recorder.trouble is not None
    bench.recorder.folder = bench.folder
    bench.push(take, numbers(100), 100)
    assert bench.kept.flush()
    bench.now += 10
    bench.push(take, numbers(100, 5), 200)
    assert bench.kept.flush()
    assert bench.recorder.trouble is None
    assert bench.kept.close()
    np.testing.assert_array_equal(np.concatenate(bench.files()), numbers(100, 5))


def test_what_is_refused_again_and_again_leaves_no_empty_files(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    bench.recorder._recordings = Recordings(tmp_path / "file" / "recordings.jsonl")
    bench.recorder.folder = bench.folder
    take = bench.kept.begin_take("USB Mic")
    take.place(0.0)
    for start in (0, 100, 200):
        bench.push(take, numbers(100), start)
        assert bench.kept.flush()
        assert bench.recorder.trouble is not None
        assert not bench.recorder.is_recording
        bench.now += 10
    assert list(bench.folder.iterdir()) == []
    bench.recorder._recordings = bench.recordings
    bench.push(take, numbers(100, 5), 300)
    assert bench.kept.close()
    np.testing.assert_array_equal(np.concatenate(bench.files()), numbers(100, 5))


_RECORD = """
import sys
from pathlib import Path
import numpy as np
from core.audio.block import AudioBlock
from core.audio.kept.kept_sound import KeptSound
from core.audio.kept.recordings import Recordings
from core.audio.kept.ring import SoundRing
from core.audio.kept.session_recorder import SessionRecorder
folder = Path(sys.argv[1])
recorder = SessionRecorder(Recordings(folder / "recordings.jsonl"), 2.0)
recorder.folder = folder / "recorded"
kept = KeptSound(SoundRing(folder / "ring"), [recorder])
take = kept.begin_take("x")
take.place(0.0)
sound = np.random.default_rng(0).integers(-32768, 32768, 5 * 8000) / 32768
for start in range(0, 5 * 8000, 800):
    take.push(AudioBlock(sound[start:start + 800].astype(np.float32), start, 8000))
assert kept.flush(60)
print("there", flush=True)
sys.stdin.read()
"""


def test_a_killed_process_leaves_whole_files_and_most_of_the_open_one(tmp_path: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", _RECORD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "there\n"
    child.send_signal(signal.SIGKILL)
    child.communicate()
    paths = sorted((tmp_path / "recorded").glob("*.flac"), key=lambda path: path.stat().st_mtime_ns)
    sound = np.random.default_rng(0).integers(-32768, 32768, 5 * 8000).astype(np.int16)
    whole = [soundfile.read(path, dtype="int16")[0] for path in paths[:2]]
    np.testing.assert_array_equal(np.concatenate(whole), sound[:32_000])
    assert [recording.path for recording in Recordings(tmp_path / "recordings.jsonl").all()] == sorted(map(str, paths))
    wait_for(lambda: paths[2].stat().st_size > 0, PATIENCE_S, "the open file")


def test_the_open_file_can_be_read_although_it_was_cut(tmp_path: Path) -> None:
    """After a kill it lacks what was in buffers: of noise, less than three seconds."""
    long = _RECORD.replace("2.0)", "600.0)").replace("5 * 8000", "20 * 8000")
    child = subprocess.Popen(
        [sys.executable, "-c", long, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "there\n"
    child.send_signal(signal.SIGKILL)
    child.communicate()
    (path,) = (tmp_path / "recorded").glob("*.flac")
    samples: list[NDArray[np.float32]] = []
    with suppress(UserError):  # it says that the file is cut
        samples.extend(block.samples for block in decode_blocks(path, 8000))
    read = np.concatenate(samples)
    sound = np.random.default_rng(0).integers(-32768, 32768, 20 * 8000).astype(np.int16)
    assert len(read) > 17 * 8000
    np.testing.assert_array_equal(np.rint(read * 32768).astype(np.int16), sound[: len(read)])
