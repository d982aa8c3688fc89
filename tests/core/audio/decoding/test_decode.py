"""Any file of sound comes out as the same mono blocks, in constant pieces, and is closed again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from av.container import InputContainer

from core.audio.decoding import decode
from core.audio.decoding.decode import decode_blocks, duration_s, read_clip, track_note
from core.errors import UserError
from tests.core.audio.decoding.media_samples import (
    joined,
    tone,
    with_unknown_codec,
    write_encoded,
    write_silent_video,
    write_two_tracks,
    write_wav,
)

RATE = 16_000


def loudest_hz(samples: np.ndarray, rate: int = RATE) -> float:
    """Where the spectrum has its peak."""
    return float(np.fft.rfftfreq(len(samples), 1 / rate)[np.abs(np.fft.rfft(samples)).argmax()])


INTEGERS = {
    8: np.array([0, 64, 128, 192, 255], dtype=np.uint8).tobytes(),
    16: np.array([-32768, -16384, 0, 16384, 32767], dtype="<i2").tobytes(),
    24: b"".join(v.to_bytes(3, "little", signed=True) for v in (-(2**23), -(2**22), 0, 2**22, 2**23 - 1)),
    32: np.array([-(2**31), -(2**30), 0, 2**30, 2**31 - 1], dtype="<i4").tobytes(),
    64: np.array([-(2**63), -(2**62), 0, 2**62, 2**63 - 1], dtype="<i8").tobytes(),
}


@pytest.mark.parametrize("bits", INTEGERS)
def test_integers_of_every_width_are_scaled_to_one(tmp_path: Path, bits: int) -> None:
    samples = read_clip(write_wav(tmp_path / "a.wav", INTEGERS[bits], bits))

    assert samples.dtype == np.float32
    np.testing.assert_allclose(samples[:4], [-1.0, -0.5, 0.0, 0.5], atol=1e-7)
    assert 1 - 2.0 ** (1 - min(bits, 24)) - 1e-7 <= samples[4] < 1.0


@pytest.mark.parametrize(("bits", "sample_type"), [(32, "<f4"), (64, "<f8")])
def test_floats_pass_through(tmp_path: Path, bits: int, sample_type: str) -> None:
    values = np.array([-1.0, 0.25, 1.5, 0.0], dtype=np.float32)
    path = write_wav(tmp_path / "a.wav", values.astype(sample_type).tobytes(), bits, tag=3)

    assert read_clip(path).tobytes() == values.tobytes()


def test_channels_are_averaged(tmp_path: Path) -> None:
    path = tmp_path / "six.wav"
    levels = np.array([0.6, 0.0, -0.3, 0.3, 0.0, 0.6], dtype=np.float32)
    soundfile.write(path, np.tile(levels, (RATE, 1)), RATE, subtype="FLOAT")

    np.testing.assert_allclose(read_clip(path), np.full(RATE, 0.2), atol=1e-6)


def test_opposite_channels_of_a_planar_codec_cancel(tmp_path: Path) -> None:
    path = tmp_path / "a.flac"
    left = tone(0.5)
    soundfile.write(path, np.stack([left, -left], axis=1), 44_100)

    assert np.abs(read_clip(path)).max() < 1e-4


def test_96_khz_is_brought_down_in_time(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, tone(2.0, 96_000), 96_000, subtype="PCM_24")

    samples = read_clip(path)

    np.testing.assert_allclose(samples[500:-500], tone(2.0, RATE)[500:-500], atol=1e-5)
    assert len(samples) == 2 * RATE


@pytest.mark.parametrize(
    ("name", "codec", "rate"),
    [
        ("a.mp3", "libmp3lame", 44_100),
        ("a.m4a", "aac", 44_100),
        ("a.aac", "aac", 22_050),
        ("a.opus", "libopus", 48_000),
        ("a.webm", "libopus", 48_000),
        ("a.flac", "flac", 32_000),
        ("a.aiff", "pcm_s16be", 8_000),
        ("a.caf", "pcm_s16le", 44_100),
        ("a.au", "pcm_s16be", 44_100),
        ("a.MKA", "aac", 48_000),
        ("law.wav", "pcm_mulaw", 8_000),
        ("adpcm.wav", "adpcm_ima_wav", 22_050),
    ],
)
def test_ordinary_files_are_read_without_complaint(tmp_path: Path, name: str, codec: str, rate: int) -> None:
    path = write_encoded(tmp_path / name, codec, 2.0, rate)

    samples = read_clip(path)

    assert len(samples) / RATE == pytest.approx(2.0, abs=0.1)
    assert loudest_hz(samples) == pytest.approx(440, abs=2)
    assert duration_s(path) == pytest.approx(2.0, abs=0.1)
    blocks = list(decode_blocks(path))
    begins = [block.start_sample for block in blocks]
    assert begins == [0, *(block.end_sample for block in blocks[:-1])], "an encoder's delay is no gap"
    assert track_note(path) == ""


def test_ogg_vorbis_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.ogg"
    soundfile.write(path, tone(2.0), 44_100)

    assert loudest_hz(read_clip(path)) == pytest.approx(440, abs=1)


def test_the_sound_of_a_video_is_read(tmp_path: Path) -> None:
    samples = read_clip(write_encoded(tmp_path / "a.mp4", "aac", 1.5, video=True))

    assert len(samples) / RATE == pytest.approx(1.5, abs=0.1)
    assert loudest_hz(samples) == pytest.approx(440, abs=2)


def test_a_video_without_sound_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"“a.mp4” has no sound in its video\."):
        read_clip(write_silent_video(tmp_path / "a.mp4"))


def test_blocks_follow_each_other_and_join_to_the_clip(tmp_path: Path) -> None:
    path = write_encoded(tmp_path / "a.mp3", "libmp3lame", 3.0)

    blocks = list(decode_blocks(path))

    assert [block.start_sample for block in blocks] == [0, *(block.end_sample for block in blocks[:-1])]
    assert {block.sample_rate for block in blocks} == {RATE}
    assert all(len(block.samples) >= RATE // 4 for block in blocks[:-1])
    assert np.concatenate([block.samples for block in blocks]).tobytes() == read_clip(path).tobytes()


def test_another_rate_may_be_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, tone(1.0, 44_100), 44_100, subtype="FLOAT")

    assert read_clip(path, 44_100).tobytes() == tone(1.0, 44_100).tobytes()


@pytest.mark.parametrize(("suffix", "codec"), [("mp3", "libmp3lame"), ("aac", "aac")])
def test_a_rate_and_layout_that_change_on_the_way(tmp_path: Path, suffix: str, codec: str) -> None:
    first = write_encoded(tmp_path / f"1.{suffix}", codec, 1.0, 44_100, "stereo")
    second = write_encoded(tmp_path / f"2.{suffix}", codec, 2.0, 22_050, "mono")
    third = write_encoded(tmp_path / f"3.{suffix}", codec, 1.0, 44_100, "mono")

    samples = read_clip(joined(tmp_path / f"all.{suffix}", first, second, third))

    assert len(samples) / RATE == pytest.approx(4.0, abs=0.3)
    for middle_s in (0.5, 2.0, 3.6):
        part = samples[round((middle_s - 0.3) * RATE) : round((middle_s + 0.3) * RATE)]
        assert loudest_hz(part) == pytest.approx(440, abs=3)


def test_a_chain_of_ogg_files_is_followed_to_its_end(tmp_path: Path) -> None:
    parts = []
    for rate, channels, length_s in [(44_100, 1, 1.0), (22_050, 2, 1.5), (22_050, 2, 0.5), (44_100, 1, 1.0)]:
        parts.append(tmp_path / f"{len(parts)}.ogg")
        soundfile.write(parts[-1], np.tile(tone(length_s, rate)[:, None], (1, channels)), rate)

    samples = read_clip(joined(tmp_path / "all.ogg", *parts))

    assert len(samples) / RATE == pytest.approx(4.0, abs=0.05)
    assert loudest_hz(samples[-RATE // 2 :]) == pytest.approx(440, abs=3)


def test_a_length_that_no_header_tells_is_none(tmp_path: Path) -> None:
    path = write_encoded(tmp_path / "live.webm", "libopus", 1.0, 48_000)
    whole = path.read_bytes()
    assert whole.count(b"\x44\x89\x88") == 1
    # what a browser's recorder writes: no Duration element (0x4489), a void one (0xEC) stands in its place
    path.write_bytes(whole.replace(b"\x44\x89\x88", b"\xec\x89\x00"))

    assert duration_s(path) is None
    assert len(read_clip(path)) == pytest.approx(RATE, abs=400)


def test_a_track_without_a_decoder_is_told(tmp_path: Path) -> None:
    webm = with_unknown_codec(write_encoded(tmp_path / "a.webm", "libopus", rate=48_000), b"A_OPUS", b"A_XPUS")
    wav = write_wav(tmp_path / "a.wav", bytes(2 * RATE), 16, tag=0x1234)

    for path in (webm, wav):
        for read in (read_clip, duration_s, track_note):
            with pytest.raises(UserError, match=r"“.*”") as caught:
                read(path)
            assert caught.value.remedy


def test_the_first_track_that_can_be_decoded_is_read_and_a_note_says_so(tmp_path: Path) -> None:
    path = write_two_tracks(tmp_path / "a.m4a", "aac", 2.0, 2.0)
    # as a telephone records it: spatial sound that nobody decodes, and plain AAC beside it
    with_unknown_codec(with_unknown_codec(path, b"mp4a", b"apac"), b"esds", b"dapa")

    samples = read_clip(path)

    assert len(samples) / RATE == pytest.approx(2.0, abs=0.1)
    assert loudest_hz(samples) == pytest.approx(440, abs=1)
    assert duration_s(path) == pytest.approx(2.0, abs=0.1)
    assert track_note(path) == "Audio track 1 cannot be decoded here, so audio track 2 was used."


def test_a_name_with_a_colon_is_no_protocol(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "http:x%20ö '1.wav", INTEGERS[16], 16)

    assert len(read_clip(path)) == 5


def test_a_dropped_iterator_closes_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, tone(3.0), 44_100)
    closed = []
    open_media = decode.open_media

    class Watched:
        def __init__(self, opened: Path) -> None:
            self._media = open_media(opened)

        def __enter__(self) -> InputContainer:
            return self._media.__enter__()

        def __exit__(self, *error: object) -> None:
            closed.append(True)
            self._media.__exit__(None, None, None)

    monkeypatch.setattr(decode, "open_media", Watched)
    blocks = decode_blocks(path)
    next(blocks)
    assert not closed
    del blocks
    assert closed == [True]
