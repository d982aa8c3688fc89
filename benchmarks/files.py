"""Measures tagging long files: where the processor's time goes, how long an hour takes, and how memory grows.

    python benchmarks/files.py [--seconds 3600] [--kind flac] [--hop-s 5] [--long-s 36000] [--rounds 3] [--json]

Makes files of the demo scene with a little noise, 44.1 kHz stereo, in a temporary folder; the model is the starter.
Measures the parts of the work one after the other, in processor time, median of three rounds; inference and output on
sixty windows. Then runs `soundmark tag` on the file as a process of its own, start included, once to warm up and three
times. Without a graph PyTorch answers at first: `soundmark models convert` makes it. --long-s also tags a file of so
many seconds, and one of 600 s, and compares the most memory that each process held. These are M4A at 64 kbit/s, whose
index is the largest; five minutes of packets again and again, which takes seconds to write and 290 MB for ten hours.
`--seconds 0` measures nothing but that.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from fractions import Fraction
from io import StringIO
from itertools import islice
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import av
import numpy as np
import soxr

from core.audio.decoding.decode import decode_blocks
from core.audio.decoding.file_part import sound_rate
from core.audio.demo.scene import demo_scene
from core.cli.output.window_output import FORMATS, TaggedWindow
from core.inference.file_tagging import decode_frames, windows_of
from core.inference.results import FrameRun, TagScores, Window
from core.inference.tagger import Tagger, load_tagger

REPOSITORY = Path(__file__).resolve().parents[1]
RATE = 44_100
CODECS = {"wav": "pcm_s16le", "flac": "flac", "mp3": "libmp3lame", "m4a": "aac"}
SHORT_S, ROUNDS = 600.0, 3
_PIECE_S, AAC_SAMPLES = 300.0, 1024
_N_ASKED, _AT_ONCE, _LOOKS_EVERY_S = 60, 4, 0.02


@dataclass(frozen=True, slots=True)
class Run:
    """What one `soundmark tag` took, start included."""

    wall_s: float
    cpu_s: float
    most_memory_mb: float


def main(argv: list[str]) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=3600.0, help="length of the file")
    parser.add_argument("--kind", choices=tuple(CODECS), default="flac")
    parser.add_argument("--hop-s", type=float, default=5.0)
    parser.add_argument("--long-s", type=float, help="also compare memory: a file of this length with a short one")
    parser.add_argument("--rounds", type=int, default=3, help="runs of the command")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        measured: dict[str, Any] = {"parts_cpu_s": {}, "runs": []}
        if options.seconds:
            path = write_scene(Path(folder) / f"scene.{options.kind}", options.seconds)
            measured["parts_cpu_s"] = parts_of(path, options.hop_s)
            measured["runs"] = [asdict(one) for one in runs_of(path, options.hop_s, options.rounds)]
        if options.long_s:
            measured["long"] = {}
            for length_s in (min(SHORT_S, options.long_s / 2), options.long_s):
                path = write_long(Path(folder) / "long.m4a", length_s)
                measured["long"][f"{length_s:g}"] = asdict(tag(path, options.hop_s))
                path.unlink()
    if options.json:
        print(json.dumps(measured))
    else:
        print_table(measured, options)
    return 0


def write_scene(path: Path, seconds: float) -> Path:
    """A file of the demo scene."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(CODECS[path.suffix[1:]], rate=RATE)
        assert isinstance(stream, av.AudioStream)
        stream.layout = "stereo"
        for frame in scene_frames(seconds):
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def scene_frames(seconds: float) -> Iterator[av.AudioFrame]:
    """The demo scene again and again, each time with other noise."""
    scene = soxr.resample(demo_scene(), 16_000, RATE).astype(np.float32)
    rng, position, end = np.random.default_rng(0), 0, round(seconds * RATE)
    while position < end:
        n = min(len(scene), end - position)
        sound = scene[:n] + rng.normal(0, 1e-3, n).astype(np.float32)
        both = np.clip(np.stack([sound, sound[::-1]]), -1, 1)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(both), format="fltp", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = RATE, position, Fraction(1, RATE)
        yield frame
        position += n


def write_long(path: Path, seconds: float) -> Path:
    """An M4A file of the demo scene whose packets come again after five minutes, so that nothing is encoded twice."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=RATE)
        assert isinstance(stream, av.AudioStream)
        stream.layout, stream.bit_rate = "stereo", 64_000
        packets: list[bytes] = []
        for frame in scene_frames(min(seconds, _PIECE_S)):
            packets += map(bytes, stream.encode(frame))
        for place in range(math.ceil(seconds * RATE / AAC_SAMPLES)):
            packet = av.Packet(packets[place % len(packets)])
            packet.stream, packet.time_base = stream, Fraction(1, RATE)
            packet.pts = packet.dts = place * AAC_SAMPLES
            packet.duration = AAC_SAMPLES
            container.mux(packet)
    return path


def parts_of(path: Path, hop_s: float) -> dict[str, float]:
    """Processor time of each part of the work, on one thread but for inference, in seconds."""
    tagger = load_tagger()
    rate, hop = sound_rate(path), round(hop_s * 100)

    def runs() -> Iterator[FrameRun]:
        return decode_frames(path, tagger.log_mel, [], None, None)

    def windows() -> Iterator[Window]:
        return windows_of(runs(), tagger.window_frames, hop)

    some = list(islice(windows(), _N_ASKED))
    scores = tagger.tag_many(some)  # loads the graph
    libav = cpu_s(lambda: drain(frames_of(path)))
    samples = cpu_s(lambda: drain(decode_blocks(path, rate, 1.0)))
    resampled = cpu_s(lambda: drain(decode_blocks(path, 16_000, 1.0)))
    log_mel = cpu_s(lambda: drain(runs()))
    cut = cpu_s(lambda: drain(windows()))
    each = sum(1 for _ in windows()) / len(some)
    return {
        "decoding in libav": libav,
        "samples on the file's clock": samples - libav,
        "resampling": resampled - samples,
        "log-mel": log_mel - resampled,
        "cutting windows": cut - log_mel,
        "inference": each * cpu_s(lambda: ask(tagger, some)),
        "output": each * cpu_s(lambda: write(tagger, scores)),
    }


def frames_of(path: Path) -> Iterator[av.AudioFrame]:
    """What libav decodes."""
    with av.open(str(path)) as container:
        yield from container.decode(container.streams.audio[0])


def drain(values: Iterable[object]) -> None:
    """Take everything, keep nothing."""
    for _ in values:
        pass


def ask(tagger: Tagger, windows: list[Window]) -> None:
    """Ask about windows as tagging files does."""
    for first in range(0, len(windows), _AT_ONCE):
        tagger.tag_many(windows[first : first + _AT_ONCE])


def write(tagger: Tagger, scores: list[TagScores]) -> None:
    """Write JSON lines."""
    writer = FORMATS["jsonl"](StringIO(), tagger.labels, 5)
    for place, one in enumerate(scores):
        writer.window(TaggedWindow("scene", place, one))


def cpu_s(work: Callable[[], object]) -> float:
    """The median processor time of three rounds, all threads."""
    found: list[float] = []
    for _ in range(ROUNDS):
        began_s = time.process_time()
        work()
        found.append(time.process_time() - began_s)
    return statistics.median(found)


def runs_of(path: Path, hop_s: float, n: int) -> list[Run]:
    """Several runs, after one to warm up; or a single one."""
    n_to_warm_up = int(n > 1)
    return [tag(path, hop_s) for _ in range(n_to_warm_up + n)][n_to_warm_up:]


def tag(path: Path, hop_s: float) -> Run:
    """Run `soundmark tag` on a file."""
    command = [
        sys.executable,
        str(REPOSITORY / "main.py"),
        "tag",
        str(path),
        "--hop-s",
        str(hop_s),
        "--format",
        "jsonl",
    ]
    began_s, most_memory_mb = time.perf_counter(), 0.0
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        while True:
            ended, status, usage = os.wait4(process.pid, os.WNOHANG)
            if ended:
                break
            most_memory_mb = max(most_memory_mb, memory_mb(process.pid))
            time.sleep(_LOOKS_EVERY_S)
        process.returncode = os.waitstatus_to_exitcode(status)
    wall_s = time.perf_counter() - began_s
    assert process.returncode == 0, f"{command} ended with status {process.returncode}"
    return Run(wall_s, usage.ru_utime + usage.ru_stime, most_memory_mb)


def memory_mb(process_id: int) -> float:
    """The most that a process has held so far, on Linux. (What wait4 tells begins with the parent's memory.)"""
    try:
        words = Path(f"/proc/{process_id}/status").read_text().split()
        return int(words[words.index("VmHWM:") + 1]) / 1024
    except (OSError, ValueError):  # it is about to end
        return 0.0


def print_table(measured: dict[str, Any], options: argparse.Namespace) -> None:
    """Print for people."""
    print(
        f"44.1 kHz stereo, hop {options.hop_s:g} s"
        + (f", {options.seconds:g} s of {options.kind}" if measured["runs"] else "")
    )
    for name, seconds in measured["parts_cpu_s"].items():
        print(f"  {name:30} {seconds:8.2f} s of processor time")
    runs = [("soundmark tag", run) for run in measured["runs"]]
    runs += [(f"soundmark tag, {length} s of m4a", run) for length, run in measured.get("long", {}).items()]
    for name, run in runs:
        print("  {}: {wall_s:.1f} s, {cpu_s:.1f} CPU s, at most {most_memory_mb:.0f} MB".format(name, **run))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
