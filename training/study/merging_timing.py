"""Times a model with each merging schedule in turn, so that all of them run under the same load of the machine."""

from __future__ import annotations

import platform
import time
from pathlib import Path

import torch

from core.inference.engines.device import Device
from core.inference.engines.models import Precision
from core.inference.engines.on_torch.low_precision import DTYPES, has_low_precision, in_low_precision
from core.inference.tagger import Tagger
from core.model.checkpoints.checkpoint import Checkpoint
from core.model.merging.schedule import MergeSchedule

_WINDOWS_PER_SCHEDULE = 3


class Stopwatch:
    """Times windows of `n_frames` frames with the device and precision of `tagger`: single, and in batches of `batch`.

    The windows are noise: their contents do not affect a transformer's speed.
    """

    def __init__(self, checkpoint: Checkpoint, tagger: Tagger, n_frames: int, batch: int) -> None:
        self._device = tagger.device
        self._precision: Precision = tagger.precision
        self._checkpoint = checkpoint
        self._network: torch.nn.Module | None = None
        generator = torch.Generator().manual_seed(0)
        self._windows = torch.randn(batch, n_frames, tagger.n_mels, generator=generator).to(self._device)
        self.machine = f"{_name_of(self._device)}, {self._precision}"

    def what_decides(self) -> list[object]:
        """What the times depend on, apart from the model and the schedules."""
        return [self.machine, torch.__version__, list(self._windows.shape)]

    def round(self, schedules: dict[str, MergeSchedule], first: int) -> dict[str, float]:
        """Time each schedule once, starting with number `first` (modulo their number).

        Returns for each schedule "ms NAME", the median time of a single window, and "rate NAME", windows per second in
        a full batch.
        """
        if self._network is None:
            network = self._checkpoint.build().to(self._device)
            is_low = self._precision in DTYPES and has_low_precision(network)
            self._network = in_low_precision(network, self._precision) if is_low else network
            for merge in schedules.values():  # the first calls choose kernels and allocate memory
                self._seconds(merge, len(self._windows))
        names = list(schedules)
        names = names[first % len(names) :] + names[: first % len(names)]
        times: dict[str, float] = {}
        for name in names:
            single = sorted(self._seconds(schedules[name], 1) for _ in range(_WINDOWS_PER_SCHEDULE))
            times[f"ms {name}"] = round(1000 * single[_WINDOWS_PER_SCHEDULE // 2], 4)
            times[f"rate {name}"] = round(len(self._windows) / self._seconds(schedules[name], len(self._windows)), 3)
        return times

    def _seconds(self, merge: MergeSchedule, n_windows: int) -> float:
        assert self._network is not None, "built by `round`"
        windows = self._windows[:n_windows]
        with torch.inference_mode():
            self._wait()
            began = time.perf_counter()
            self._network(windows, merge=merge)
            self._wait()
        return time.perf_counter() - began

    def _wait(self) -> None:
        """Wait for a GPU, whose calls return before they are computed."""
        if self._device == "cuda":
            torch.cuda.synchronize(self._device)


def _name_of(device: Device) -> str:
    if device == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{_cpu_name()}, {torch.get_num_threads()} threads"


def _cpu_name() -> str:
    """The model name of the CPU, where the system provides it."""
    listing = Path("/proc/cpuinfo")
    if listing.is_file():
        for line in listing.read_text(encoding="utf-8", errors="replace").splitlines():
            key, _, value = line.partition(":")
            if key.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()
