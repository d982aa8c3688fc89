"""Turns decoded frames into mono float32, whatever their sample format, and repairs PCM packets."""

from __future__ import annotations

import re
from typing import cast

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
_BELOW_ONE = np.nextafter(np.float32(1.0), np.float32(0.0))


def mono_samples(frame: av.AudioFrame) -> NDArray[np.float32]:
    """The mean over the channels, float32 `(n_samples,)`. Integers are scaled to [-1, 1); floats stay as they are."""
    sample_type, zero, full_scale = _FORMATS[frame.format.packed.name]
    channels = _channels(frame, np.dtype(sample_type))
    if np.issubdtype(sample_type, np.integer):
        scaled = (channels.astype(np.float32) - np.float32(zero)) * np.float32(1.0 / full_scale)
        # float32 rounds the largest 32-bit integers up to full scale
        return np.minimum(_mean(scaled), _BELOW_ONE)
    # too large for float32, or infinities that cancel: `refuse_non_numbers` finds what is not finite
    with np.errstate(invalid="ignore", over="ignore"):
        return _mean(channels.astype(np.float32))


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


def _channels(frame: av.AudioFrame, sample_type: np.dtype[np.generic]) -> NDArray[np.generic]:
    """A view of the frame's memory, `(channels, n_samples)`."""
    n_samples, n_channels = frame.samples, frame.layout.nb_channels
    planes = [memoryview(cast(bytes, plane)) for plane in frame.planes]  # planes are buffers; av's stubs do not say so
    if frame.format.is_planar:
        return np.stack([np.frombuffer(plane, sample_type, n_samples) for plane in planes])
    packed = np.frombuffer(planes[0], sample_type, n_samples * n_channels)
    return packed.reshape(n_samples, n_channels).T


def _mean(channels: NDArray[np.float32]) -> NDArray[np.float32]:
    if len(channels) == 1:
        return np.ascontiguousarray(channels[0])
    return channels.mean(axis=0, dtype=np.float32)
