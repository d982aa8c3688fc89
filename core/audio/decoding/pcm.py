"""Turns decoded frames into mono float32, whatever their sample format, and repairs PCM packets."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, cast

import av
import numpy as np
from av.stream import Stream
from numpy.typing import NDArray

# libav's name -> type of a sample in memory, its zero, its full scale. 24-bit sound comes as s32, shifted up.
_FORMATS: dict[str, tuple[type[np.generic], float, float]] = {
    "u8": (np.uint8, 128.0, 2.0**7),
    "s16": (np.int16, 0.0, 2.0**15),
    "s32": (np.int32, 0.0, 2.0**31),
    "s64": (np.int64, 0.0, 2.0**63),
    "flt": (np.float32, 0.0, 1.0),
    "dbl": (np.float64, 0.0, 1.0),
}
_INTEGERS = frozenset({np.uint8, np.int16, np.int32, np.int64})
_BELOW_ONE = np.nextafter(np.float32(1.0), np.float32(0.0))


def mono_samples(frame: av.AudioFrame) -> NDArray[np.float32]:
    """The mean over the channels, float32 `(n_samples,)`. Integers are scaled to [-1, 1); floats stay as they are."""
    sample_type, zero, full_scale = _FORMATS[frame.format.packed.name]
    channels = _channels(frame, sample_type)
    if sample_type is np.int16 and len(channels) <= 2:
        return _mean_of_int16(channels)
    if sample_type in _INTEGERS:
        scale = np.float32(1.0 / full_scale)
        scaled = [(channel.astype(np.float32) - np.float32(zero)) * scale for channel in channels]
        # float32 rounds the largest 32-bit integers up to full scale
        return np.minimum(_mean(scaled), _BELOW_ONE)
    # too large for float32, or infinities that cancel: `refuse_non_numbers` finds what is not finite
    with np.errstate(invalid="ignore", over="ignore"):
        return _mean([channel.astype(np.float32) for channel in channels])


def without_torn_sample(packet: av.Packet[av.AudioStream]) -> av.Packet[Stream] | None:
    """The packet up to its last whole sample, if it is PCM and ends within a sample; None otherwise.

    libav rejects the whole packet for an extra byte at its end.
    """
    sample_bytes = pcm_sample_bytes(packet.stream)
    torn = packet.size % sample_bytes if sample_bytes else 0
    if not torn:
        return None
    whole = av.Packet(bytes(packet)[:-torn])
    whole.pts, whole.dts, whole.time_base = packet.pts, packet.dts, packet.time_base
    return whole


def pcm_sample_bytes(track: av.AudioStream) -> int:
    """Bytes of one sample of all channels of uncompressed sound, as stored in the file; 0 for any other codec."""
    name = track.codec_context.name
    if not name.startswith("pcm_"):
        return 0
    bits = re.search("[0-9]+", name)
    return track.channels * (int(bits[0]) // 8 if bits else 1)  # A-law and µ-law have a byte


def _channels(frame: av.AudioFrame, sample_type: type[np.generic]) -> list[NDArray[Any]]:
    """Views of the frame's memory, one `(n_samples,)` for each channel."""
    n_samples, n_channels = frame.samples, frame.layout.nb_channels
    planes = [memoryview(cast(bytes, plane)) for plane in frame.planes]  # planes are buffers; av's stubs do not say so
    if frame.format.is_planar:
        return [np.frombuffer(plane, sample_type, n_samples) for plane in planes]
    packed = np.frombuffer(planes[0], sample_type, n_samples * n_channels)
    return list(packed.reshape(n_samples, n_channels).T)


def _mean_of_int16(channels: Sequence[NDArray[np.int16]]) -> NDArray[np.float32]:
    """The mean of one or two channels on the scale of [-1, 1): float32 holds the sum of two exactly, so it is that of
    scaled channels, in half the time."""
    if len(channels) == 1:
        return channels[0].astype(np.float32) * np.float32(1 / 2**15)
    return np.add(*channels, dtype=np.int32).astype(np.float32) * np.float32(1 / 2**16)


def _mean(channels: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """The mean of channels that are nobody else's."""
    if len(channels) == 1:
        return channels[0]
    if len(channels) == 2:
        return (channels[0] + channels[1]) * np.float32(0.5)
    return np.stack(channels).mean(axis=0, dtype=np.float32)
