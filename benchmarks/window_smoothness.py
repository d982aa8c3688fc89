"""Measures how smooth the window is while it listens: stalls of the GUI thread, garbage collection, painting.

    python benchmarks/window_smoothness.py --seconds 600 [--input demo|NAME] [--size 1920x1080] [--json]

Opens the real window (with QT_QPA_PLATFORM=offscreen it needs no screen), lets it listen, and runs a timer of 5 ms on
the GUI thread from the first scores on. A stall is the time between two timeouts beyond these 5 ms. Prints the longest
stall and its percentiles, how many stalls exceeded 50 ms, the longest garbage collection, and the time to paint
spectrogram and lanes.
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QApplication

from app.application import build_window
from app.main_window import MainWindow
from app.runtime.qt_workarounds import GarbageTimer
from core.audio.input_choice import DEMO_SCENE, InputChoice

TIMER_MS = 5
TOO_LONG_MS = 50.0
PAINTS = 200


class StallMeter:
    """Records how late each timeout of a timer on the GUI thread is, and how long garbage collections take, in ms."""

    def __init__(self) -> None:
        self.late_ms: list[float] = []
        self.collections_ms: list[float] = []
        self._last_s = time.perf_counter()
        self._collection_began_s = 0.0
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._on_timeout)
        gc.callbacks.append(self._on_collection)

    def start(self) -> None:
        """Start measuring."""
        self._last_s = time.perf_counter()
        self._timer.start(TIMER_MS)

    def _on_timeout(self) -> None:
        now_s = time.perf_counter()
        self.late_ms.append(max(0.0, 1000 * (now_s - self._last_s) - TIMER_MS))
        self._last_s = now_s

    def _on_collection(self, phase: str, _info: dict[str, int]) -> None:
        if phase == "start":
            self._collection_began_s = time.perf_counter()
        elif self._timer.isActive():
            self.collections_ms.append(1000 * (time.perf_counter() - self._collection_began_s))


def main(argv: list[str]) -> int:
    """Run the window for the given time and print what was measured."""
    options = _options(argv)
    application = QApplication([])
    garbage = GarbageTimer(application)
    with tempfile.TemporaryDirectory() as folder:
        window = build_window(application, settings_path=Path(folder) / "settings.ini")
        window.session.tagger_changed.connect(garbage.end_start_up)
        window.resize(*(int(side) for side in options.size.split("x")))
        window.show()
        window.begin(DEMO_SCENE if options.input == "demo" else InputChoice("microphone", options.input))
        meter = _measure(application, window, options.seconds)
        figures = _figures(meter, _paint_ms(window), options.seconds)
        window.close()
        window.jobs.wait(5.0)
    print(json.dumps(figures) if options.json else "\n".join(f"{name}: {value}" for name, value in figures.items()))
    return 0


def _options(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--input", default="demo")
    parser.add_argument("--size", default="1280x800")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args(argv)


def _measure(application: QApplication, window: MainWindow, seconds: float) -> StallMeter:
    """Measure for `seconds` from the first scores on."""
    meter = StallMeter()
    while window.session.latest_scores is None:
        application.processEvents()
        time.sleep(0.01)
    meter.start()
    QTimer.singleShot(round(1000 * seconds), application.quit)
    application.exec()
    return meter


def _paint_ms(window: MainWindow) -> list[float]:
    """Milliseconds to paint spectrogram and lanes, PAINTS times."""
    panel = window.spectrogram
    times = []
    for _ in range(PAINTS):
        began_s = time.perf_counter()
        panel.plot.grab()
        panel.lanes.grab()
        times.append(1000 * (time.perf_counter() - began_s))
    return times


def _figures(meter: StallMeter, paint_ms: list[float], seconds: float) -> dict[str, Any]:
    late_ms = np.array(meter.late_ms)
    return {
        "seconds": seconds,
        "timeouts": len(late_ms),
        "longest_stall_ms": round(float(late_ms.max()), 1),
        "stall_p99_9_ms": round(float(np.percentile(late_ms, 99.9)), 1),
        "stall_p99_ms": round(float(np.percentile(late_ms, 99)), 1),
        f"stalls_over_{TOO_LONG_MS:.0f}_ms": int((late_ms > TOO_LONG_MS).sum()),
        "collections": len(meter.collections_ms),
        "longest_collection_ms": round(max(meter.collections_ms, default=0.0), 1),
        "paint_median_ms": round(float(np.median(paint_ms)), 2),
        "paint_p95_ms": round(float(np.percentile(paint_ms, 95)), 2),
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
