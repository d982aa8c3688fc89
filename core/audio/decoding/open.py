"""Opens a media file, or explains why it cannot be opened."""

from __future__ import annotations

import stat
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn, cast

import av
import av.error
import av.logging
from av import AudioCodecContext, AudioStream
from av.container import InputContainer

from core.errors import UserError

# None: libav prints nothing. What matters is reported as a UserError.
av.logging.set_level(None)

# A playlist that is called .wav must not make libav load anything from the network.
_OPTIONS = {"protocol_whitelist": "file"}


@contextmanager
def open_media(path: Path) -> Generator[InputContainer]:
    """Open a container that has an audio track which can be decoded. Raises UserError."""
    refuse_unreadable(path)
    try:
        # "file:" because a name such as "take:1.wav" would otherwise be taken for a protocol
        container = av.open(f"file:{path}", container_options=_OPTIONS, metadata_errors="replace")
    except (av.error.FFmpegError, OSError, ValueError) as error:
        _raise_user_error(path, error)
    with container:
        if not container.streams.audio:
            raise UserError(
                f"“{path.name}” has no sound{' in its video' if container.streams.video else ''}.",
                "Choose a file with an audio track.",
            )
        if not has_sound(container):
            raise UserError(
                f"The sound of “{path.name}” is in a format that this program cannot decode.",
                "Convert it to WAV, FLAC or MP3 with the program that made it, or with one that can play it.",
            )
        yield container


def has_sound(container: InputContainer) -> bool:
    """Whether it has an audio track that can be decoded."""
    return any(map(_has_decoder, container.streams.audio))


def sound_track(container: InputContainer) -> AudioStream:
    """The audio track to read from a container that has sound: the first one whose decoder starts."""
    tracks = [track for track in container.streams.audio if _has_decoder(track)]
    return next(filter(_decoder_starts, tracks), tracks[0])


def track_note(path: Path | str) -> str:
    """A sentence about the choice of the track; "" if it is the first one. Raises UserError."""
    path = Path(path)
    with open_media(path) as container:
        place = container.streams.audio.index(sound_track(container))
    if not place:
        return ""
    skipped = "Audio track 1" if place == 1 else f"Audio tracks 1 to {place}"
    return f"{skipped} cannot be decoded here, so audio track {place + 1} was used."


def _has_decoder(track: AudioStream) -> bool:
    # PyAV returns None if libav has no decoder, though its stubs do not say so; decoding would then crash.
    return cast(AudioCodecContext | None, track.codec_context) is not None


def _decoder_starts(track: AudioStream) -> bool:
    try:
        track.codec_context.open(strict=False)
    except (av.error.FFmpegError, ValueError):
        return False
    return True


def refuse_unreadable(path: Path) -> None:
    """Raise UserError for a path that cannot be a media file: missing, a folder, empty, not accessible."""
    try:
        status = path.stat()
    except FileNotFoundError as error:
        raise UserError(f"There is no file “{path}”.", "Check the name, and whether its drive is connected.") from error
    except OSError as error:
        _raise_user_error(path, error)
    if stat.S_ISDIR(status.st_mode):
        raise UserError(f"“{path.name}” is a folder, not a file.", "Choose the files in it.")
    if not stat.S_ISREG(status.st_mode):
        raise UserError(f"“{path.name}” is a device or a pipe, not a file.", "Choose an audio or video file.")
    if status.st_size == 0:
        raise UserError(f"“{path.name}” is empty (zero bytes).", "Copy, download or record it again.")


def _raise_user_error(path: Path, error: Exception) -> NoReturn:
    if isinstance(error, PermissionError):
        raise UserError(
            f"“{path.name}” cannot be read: permission denied.",
            "Allow your account to read it, or copy it to a folder of your own.",
        ) from error
    if isinstance(error, av.error.InvalidDataError | av.error.DemuxerNotFoundError | av.error.EOFError):
        if _is_mp4_without_index(path):
            raise UserError(
                f"“{path.name}” is truncated: the index at its end is missing, so it cannot be read.",
                "Copy or download it again, or repair it with a video tool.",
            ) from error
        raise UserError(
            f"“{path.name}” is not an audio or video file, or its beginning is damaged.",
            "Check that another program can play it; if so, convert it to WAV, FLAC or MP3.",
        ) from error
    raise UserError(
        f"“{path.name}” cannot be read: {getattr(error, 'strerror', None) or error}.",
        "Check its drive, or copy the file elsewhere and try again.",
    ) from error


def _is_mp4_without_index(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(8)[4:] == b"ftyp"
