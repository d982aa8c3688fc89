"""Files that are cut off, damaged or no media at all: what can be read is given, and the rest is said in words."""

from __future__ import annotations

import os
import re
import struct
from pathlib import Path

import av.error
import numpy as np
import pytest
import soundfile

from core.audio.block import AudioBlock
from core.audio.decoding import open
from core.audio.decoding.declared_length import last_mp3_frame_is_cut
from core.audio.decoding.decode import decode_blocks, read_clip
from core.errors import UserError
from tests.core.audio.decoding.media_samples import (
    tone,
    truncated,
    write_encoded,
    write_stretches,
    write_two_tracks,
    write_wav,
)

RATE = 16_000


def read_until_error(path: Path) -> tuple[float, str]:
    """Seconds of sound given before the error, and the error's problem."""
    blocks: list[AudioBlock] = []
    with pytest.raises(UserError) as caught:
        blocks.extend(decode_blocks(path))
    assert caught.value.remedy
    return sum(len(block.samples) for block in blocks) / RATE, caught.value.problem


def test_a_wav_cut_off_gives_what_is_there_and_says_how_much(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, tone(10.0, RATE), RATE)

    given_s, problem = read_until_error(truncated(path, 0.32))

    assert given_s == pytest.approx(3.2, abs=0.01)
    assert problem == "“cut-a.wav” ends early: 3.2 s of 10.0 s could be read."


@pytest.mark.parametrize(
    ("name", "codec", "rate"),
    [
        ("a.mp3", "libmp3lame", 44_100),
        ("a.flac", "flac", 44_100),
        ("a.aiff", "pcm_s16be", 44_100),
        ("a.au", "pcm_s16be", 44_100),
        ("a.webm", "libopus", 48_000),
        ("24.wav", "pcm_s24le", 44_100),
        ("adpcm.wav", "adpcm_ima_wav", 44_100),
    ],
)
def test_a_cut_is_seen_where_the_header_tells_the_length(tmp_path: Path, name: str, codec: str, rate: int) -> None:
    given_s, problem = read_until_error(truncated(write_encoded(tmp_path / name, codec, 5.0, rate), 0.6))

    assert 2.0 < given_s < 3.5
    assert problem == f"“cut-{name}” ends early: {given_s:.1f} s of 5.0 s could be read."


@pytest.mark.parametrize(("name", "codec"), [("a.caf", "pcm_s16le"), ("a.w64", "pcm_s16le"), ("a.aac", "aac")])
def test_a_cut_is_seen_in_the_last_packet(tmp_path: Path, name: str, codec: str) -> None:
    given_s, problem = read_until_error(truncated(write_encoded(tmp_path / name, codec, 5.0), 0.6))

    assert problem == f"“cut-{name}” ends early: {given_s:.1f} s could be read."


def test_an_mp3_without_a_count_shows_its_cut_in_the_last_frame(tmp_path: Path) -> None:
    whole = write_encoded(tmp_path / "a.mp3", "libmp3lame", 5.0).read_bytes()
    info = whole.index(b"Info")
    plain = tmp_path / "plain.mp3"
    plain.write_bytes(whole[: info + 7] + b"\0" + whole[info + 8 :])  # the flag that says frames are counted

    assert len(read_clip(plain)) / RATE == pytest.approx(5.0, abs=0.1)
    _, problem = read_until_error(truncated(plain, 0.5))
    assert problem.startswith("“cut-plain.mp3” ends early: 2.5 s could be read")


def test_an_mp4_without_its_index_is_explained(tmp_path: Path) -> None:
    given_s, problem = read_until_error(truncated(write_encoded(tmp_path / "a.m4a", "aac", 5.0), 0.6))

    assert given_s == 0
    assert "“cut-a.m4a”" in problem
    assert "index" in problem


@pytest.mark.parametrize("tail", [b"TAG" + bytes(125), b"APETAGEX" + bytes(400)])
def test_tags_at_the_end_of_an_mp3_are_no_damage(tmp_path: Path, tail: bytes) -> None:
    path = write_encoded(tmp_path / "a.mp3", "libmp3lame", 1.0)
    path.write_bytes(path.read_bytes() + tail)

    assert len(read_clip(path)) / RATE == pytest.approx(1.0, abs=0.05)


def test_a_tag_of_another_file_encoding_is_no_obstacle(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a.wav", tone(0.1, RATE).astype("<f4").tobytes(), 32, tag=3)
    title = struct.pack("<4sI4s", b"INAM", 4, b"\xe4\xf6\xfc\xff")
    path.write_bytes(path.read_bytes() + struct.pack("<4sI4s", b"LIST", 4 + len(title), b"INFO") + title)

    assert len(read_clip(path)) == 1600


@pytest.mark.parametrize("length", [0, 0x7FFF_F000, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF - 36, 0xFFFF_FFFF])
def test_a_wav_written_to_a_pipe_knows_no_length_and_is_no_cut(tmp_path: Path, length: int) -> None:
    path = write_wav(tmp_path / "a.wav", bytes(2 * RATE), 16)
    whole = bytearray(path.read_bytes())
    whole[40:44] = struct.pack("<I", length)
    path.write_bytes(whole)

    assert len(read_clip(path)) == RATE


@pytest.mark.parametrize(
    ("length", "told"),
    [
        (0x7000_0000, "1.0 s of 58720.3 s"),
        (0xB000_0000, "1.0 s of 92274.7 s"),
        (4 * RATE, "1.0 s of 2.0 s"),
        (2 * RATE + 4000, "1.0 s of 1.1 s"),
    ],
)
def test_a_wav_that_holds_less_than_it_declares_says_how_much(tmp_path: Path, length: int, told: str) -> None:
    path = write_wav(tmp_path / "a.wav", bytes(2 * RATE), 16)
    whole = bytearray(path.read_bytes())
    whole[40:44] = struct.pack("<I", length)
    path.write_bytes(whole)

    assert read_until_error(path) == (1.0, f"“a.wav” ends early: {told} could be read.")


def test_a_small_loss_is_told_in_figures_that_differ(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a.wav", bytes(600), 16)
    whole = bytearray(path.read_bytes())
    whole[40:44] = struct.pack("<I", 1200)
    path.write_bytes(whole)

    assert read_until_error(path)[1] == "“a.wav” ends early: 0.02 s of 0.04 s could be read."


@pytest.mark.parametrize(("bits", "channels", "spare"), [(24, 1, 1), (24, 1, 2), (16, 1, 1), (24, 2, 5), (32, 2, 3)])
def test_a_spare_byte_costs_no_sample(tmp_path: Path, bits: int, channels: int, spare: int) -> None:
    for n_samples in (RATE, 15 * 1024):  # within a packet of libav's, and between two
        body = bytes(n_samples * channels * bits // 8 + spare)
        assert len(read_clip(write_wav(tmp_path / "a.wav", body, bits, channels=channels))) == n_samples


@pytest.mark.parametrize("bytes_per_s", [0, 1, RATE, 8 * RATE])
def test_a_wrong_byte_rate_is_no_cut(tmp_path: Path, bytes_per_s: int) -> None:
    path = write_wav(tmp_path / "a.wav", bytes(4 * RATE), 16, channels=2)
    whole = bytearray(path.read_bytes())
    whole[28:32] = struct.pack("<I", bytes_per_s)
    path.write_bytes(whole)

    assert len(read_clip(path)) == RATE


def test_the_long_sizes_of_rf64_count_in_rf64_alone(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a.wav", bytes(2 * RATE), 16)
    plain = path.read_bytes()
    long_sizes = struct.pack("<4sIQQQI", b"ds64", 28, 0, 4 * RATE, 2 * RATE, 0)
    path.write_bytes(plain[:12] + long_sizes + plain[12:])
    assert len(read_clip(path)) == RATE

    path.write_bytes(b"RF64\xff\xff\xff\xffWAVE" + long_sizes + plain[12:40] + b"\xff\xff\xff\xff" + plain[44:])
    assert read_until_error(path) == (1.0, "“a.wav” ends early: 1.0 s of 2.0 s could be read.")


def test_a_matroska_file_that_begins_late_is_whole_and_its_cut_is_seen(tmp_path: Path) -> None:
    path = write_stretches(tmp_path / "a.webm", "libopus", [(30.0, 35.0)])

    assert len(read_clip(path)) / RATE == pytest.approx(5.0, abs=0.1)
    assert " ends early: " in read_until_error(truncated(path, 0.6))[1]


def test_a_matroska_track_shorter_than_the_other_is_whole_and_its_cut_is_seen(tmp_path: Path) -> None:
    path = write_two_tracks(tmp_path / "a.mka", "libopus", 2.0, 8.0)

    assert len(read_clip(path)) / RATE == pytest.approx(2.0, abs=0.1)
    assert " ends early: " in read_until_error(truncated(path, 0.1))[1]


def test_damage_is_placed_on_the_files_clock(tmp_path: Path) -> None:
    path = write_stretches(tmp_path / "a.m4a", "aac", [(5.0, 7.0)])
    damaged = bytearray(path.read_bytes())
    middle = damaged.index(b"mdat") + (damaged.index(b"moov") - damaged.index(b"mdat")) // 2
    damaged[middle : middle + 1000] = bytes(1000)
    path.write_bytes(damaged)

    place = re.search(r"the first at ([0-9.]+) s", read_until_error(path)[1])

    assert place
    assert 5.5 < float(place[1]) < 6.5


@pytest.mark.parametrize(("name", "codec"), [("a.mp3", "libmp3lame"), ("a.flac", "flac"), ("a.m4a", "aac")])
def test_damage_in_the_middle_is_skipped_and_reported_at_the_end(tmp_path: Path, name: str, codec: str) -> None:
    path = write_encoded(tmp_path / name, codec, 5.0)
    damaged = bytearray(path.read_bytes())
    middle = len(damaged) // 2
    damaged[middle : middle + 2000] = bytes(2000)
    path.write_bytes(damaged)

    given_s, problem = read_until_error(path)

    assert 3.5 < given_s < 5.0
    assert problem.startswith(f"“{name}” is damaged: ")
    first_s = re.search(r"of its packets could not be decoded, the first at ([0-9.]+) s", problem)
    assert first_s
    assert 1.5 < float(first_s[1]) < 3.0
    assert f"; {given_s:.1f} s" in problem


@pytest.mark.parametrize("text", ["Dear diary,\ntoday it rained.\n" * 50, "x"])
def test_text_that_calls_itself_sound_is_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "diary.wav"
    path.write_text(text)

    assert read_until_error(path)[1].startswith("“diary.wav” is not an audio or video file")


def test_a_playlist_reaches_no_network_and_no_other_file(tmp_path: Path) -> None:
    write_encoded(tmp_path / "secret.ts", "aac", 1.0)
    path = tmp_path / "list.wav"
    path.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:9/secret.ts\n#EXT-X-ENDLIST\n")

    assert read_until_error(path)[0] == 0


def test_zero_bytes_are_told(tmp_path: Path) -> None:
    path = tmp_path / "a.mp3"
    path.touch()

    assert read_until_error(path)[1] == "“a.mp3” is empty (zero bytes)."


def test_a_track_without_samples_is_told(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a.wav", b"", 16)

    assert "“a.wav”" in read_until_error(path)[1]


def test_a_missing_file_and_a_folder_are_told(tmp_path: Path) -> None:
    assert read_until_error(tmp_path / "no.wav")[1].startswith("There is no file “")
    assert read_until_error(tmp_path)[1].endswith("is a folder, not a file.")


@pytest.mark.skipif(os.name != "posix", reason="named pipes of this kind exist on POSIX systems only")
def test_a_pipe_is_refused_instead_of_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.wav")

    assert "is a device or a pipe" in read_until_error(tmp_path / "pipe.wav")[1]


def test_no_permission_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_wav(tmp_path / "a.wav", bytes(20), 16)

    def refuse(*_: object, **__: object) -> None:
        raise av.error.PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(open.av, "open", refuse)

    problem = read_until_error(path)[1]
    assert "“a.wav”" in problem
    assert "permission" in problem


def test_samples_that_are_not_numbers_are_counted_and_placed(tmp_path: Path) -> None:
    samples = tone(2.0, RATE)
    samples[[20_000, 20_001, 31_000]] = [np.nan, np.inf, -np.inf]
    path = write_wav(tmp_path / "a.wav", samples.tobytes(), 32, tag=3)

    given_s, problem = read_until_error(path)

    assert given_s <= 1.25
    assert re.search(r"“a.wav” .*\b3 samples .* 1\.25 s", problem)


def test_libav_writes_nothing_to_stderr(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    read_until_error(truncated(write_encoded(tmp_path / "a.mp3", "libmp3lame", 2.0), 0.5))
    read_until_error(truncated(write_encoded(tmp_path / "a.flac", "flac", 2.0), 0.5))

    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("packet", "is_cut"),
    [
        (bytes.fromhex("fffb9064") + bytes(413), False),  # MPEG 1, 128 kbit/s, 44.1 kHz: 417 bytes
        (bytes.fromhex("fffb9064") + bytes(400), True),
        (bytes.fromhex("fff38064") + bytes(204), False),  # MPEG 2, 64 kbit/s, 22.05 kHz: 208 bytes
        (bytes.fromhex("fff38064") + bytes(150), True),
        (b"TAG" + bytes(20), False),
        (b"\xff", False),
        (bytes.fromhex("fffb0064"), False),  # free format: unknown
    ],
)
def test_a_cut_mp3_frame_is_known_by_its_header(packet: bytes, is_cut: bool) -> None:
    assert last_mp3_frame_is_cut(packet) == is_cut
