"""Measures how smooth the window is while it listens: stalls of the GUI thread, frames a second, CPU, painting.

    python benchmarks/window_smoothness.py --seconds 600 [--input demo|NAME] [--size 1920x1080] [--events 10000]
        [--files 40] [--json]

Opens the real window (with QT_QPA_PLATFORM=offscreen it needs no screen) with a store of events, all of which it lists,
lets it listen, and runs a timer of 5 ms on the GUI thread from the first scores on. A stall is the time between two
timeouts beyond these 5 ms. Prints the longest stall and its percentiles, how many stalls exceeded 50 ms, how often the
picture was painted, the share of a core that the GUI thread and the whole process took, the longest garbage collection,
and the time to paint picture, lanes, tags and events once. With --files, all of it again while files of 20 s are
tagged.
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
import tempfile
import time
import wave
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from PySide6.QtCore import QEvent, QEventLoop, QModelIndex, QObject, Qt, QTimer
from PySide6.QtWidgets import QApplication, QWidget

from app.application import build_window
from app.events.panel import EventsPanel
from app.files.row import FileState
from app.main_window import MainWindow
from app.runtime.core_api import CoreApi
from app.runtime.qt_workarounds import GarbageTimer
from core.audio.input_choice import DEMO_SCENE, InputChoice
from core.heard.event import HeardEvent
from core.heard.store import EventStore

TIMER_MS = 5
TOO_LONG_MS = 50.0
PAINTS = 200
Paintings = list[tuple[float, float]]
NAMES = ("Dog", "Speech", "Rain", "Siren", "Door", "Music", "Cat")


class StallMeter(QObject):
    """Records how late each timeout of a timer on the GUI thread is, and how long garbage collections take, in ms.

    picture: counts how often it is painted.
    """

    def __init__(self, picture: QWidget) -> None:
        super().__init__()
        self._picture = picture
        self.late_ms: list[float] = []
        self.busy_ms: list[float] = []
        """CPU time of the GUI thread from one timeout to the next: what a stall would be on a machine of its own."""
        self.paints = 0
        self.gui_cpu_s = self.all_cpu_s = 0.0
        self.collections_ms: list[float] = []
        self._last_s = self._busy_s = 0.0
        self._collection_began_s = 0.0
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._on_timeout)
        gc.callbacks.append(self._on_collection)

    def start(self) -> None:
        """Start measuring."""
        self._picture.installEventFilter(self)
        self.gui_cpu_s, self.all_cpu_s = -time.thread_time(), -time.process_time()
        self._last_s, self._busy_s = time.perf_counter(), time.thread_time()
        self._timer.start(TIMER_MS)

    def stop(self) -> None:
        """Stop measuring."""
        self._timer.stop()
        self._picture.removeEventFilter(self)
        gc.callbacks.remove(self._on_collection)
        self.gui_cpu_s += time.thread_time()
        self.all_cpu_s += time.process_time()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        self.paints += event.type() == QEvent.Type.Paint
        return False

    def _on_timeout(self) -> None:
        now_s = time.perf_counter()
        self.late_ms.append(max(0.0, 1000 * (now_s - self._last_s) - TIMER_MS))
        busy_s = time.thread_time()
        self.busy_ms.append(1000 * (busy_s - self._busy_s))
        self._last_s, self._busy_s = now_s, busy_s

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
        window = _open_window(application, Path(folder), options.events)
        window.session.tagger_changed.connect(garbage.end_start_up)
        window.resize(*(int(side) for side in options.size.split("x")))
        window.show()
        window.begin(DEMO_SCENE if options.input == "demo" else InputChoice("microphone", options.input))
        _list_events(window, options.events)
        figures = {"listening": _figures(*_measure(application, window, options.seconds), options.seconds)}
        if options.files:
            window.add_files(_files(Path(folder) / "files", options.files))
            window.docks.raise_dock("events")
            window.presenter.show_live()
            measured = _measure(application, window, options.seconds)
            n_tagged = sum(row.state is FileState.DONE for row in window.files.rows)
            figures["while files are tagged"] = {**_figures(*measured, options.seconds), "files_tagged": n_tagged}
        window.close()
        window.file_tagging.close(5.0)
        window.collector.close(5.0)
        window.jobs.wait(5.0)
    print(json.dumps(figures) if options.json else _lines(figures))
    return 0


def _open_window(application: QApplication, folder: Path, n_events: int) -> MainWindow:
    """A window whose store holds `n_events` events of the last days."""
    store = EventStore(folder / "events.sqlite")
    start_at = time.time() - 30.0 * n_events
    store.add([_event(place, start_at + 30.0 * place) for place in range(n_events)])
    core = replace(CoreApi(), open_events=lambda: store)
    return build_window(application, settings_path=folder / "settings.ini", core=core)


def _event(place: int, onset_at: float) -> HeardEvent:
    name = NAMES[place % len(NAMES)]
    return HeardEvent(
        session="before", label_id=name.lower(), label=name, onset_s=30.0 * place, offset_s=30.0 * place + 2.0,
        onset_at=onset_at, offset_at=onset_at + 2.0, peak=0.5 + place % 50 / 100, model="starter", model_hash="0",
        input="USB microphone",
    )  # fmt: skip


def _list_events(window: MainWindow, n_events: int) -> None:
    """Scroll until all events are listed, as a person does who holds the key down, and back to the top."""
    model = window.docks.panel("events", EventsPanel).model
    while len(model.rows) < n_events:
        model.fetchMore(QModelIndex())
        QApplication.processEvents()
        time.sleep(0.001)


def _files(folder: Path, number: int) -> list[Path]:
    """Files of 20 s of noise."""
    folder.mkdir()
    rng = np.random.default_rng(1)
    for place in range(number):
        with wave.open(str(folder / f"{place}.wav"), "wb") as file:
            file.setparams((1, 2, 16_000, 0, "NONE", ""))
            file.writeframes((rng.normal(0, 3000, 320_000)).astype("<i2").tobytes())
    return sorted(folder.iterdir())


def _lines(figures: dict[str, dict[str, Any]]) -> str:
    return "\n".join(
        f"{title}\n" + "\n".join(f"  {name}: {value}" for name, value in group.items())
        for title, group in figures.items()
    )


def _options(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--input", default="demo")
    parser.add_argument("--size", default="1280x800")
    parser.add_argument("--events", type=int, default=10_000)
    parser.add_argument("--files", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args(argv)


def _measure(application: QApplication, window: MainWindow, seconds: float) -> tuple[StallMeter, Paintings]:
    """Measure for `seconds` from the first scores on; then each painting."""
    meter = StallMeter(window.spectrogram.plot.viewport())
    while window.session.latest_scores is None:
        application.processEvents()
        time.sleep(0.01)
    meter.start()
    # Not the application's own loop: to quit that would close the window.
    loop = QEventLoop()
    QTimer.singleShot(round(1000 * seconds), loop.quit)
    loop.exec()
    meter.stop()
    return meter, _paint_ms(window)


def _paint_ms(window: MainWindow) -> Paintings:
    """Milliseconds to paint picture, lanes, tags and events, PAINTS times: by the clock, and CPU time."""
    panel, events = window.spectrogram, window.docks.panel("events", EventsPanel)
    times: Paintings = []
    for _ in range(PAINTS):
        began_s, busy_s = time.perf_counter(), time.thread_time()
        panel.plot.grab()
        panel.lanes.grab()
        window.tags.list.viewport().grab()
        events.table.viewport().grab()
        times.append((1000 * (time.perf_counter() - began_s), 1000 * (time.thread_time() - busy_s)))
    return times


def _figures(meter: StallMeter, paintings: Paintings, seconds: float) -> dict[str, Any]:
    late_ms, busy_ms = np.array(meter.late_ms), np.array(meter.busy_ms)
    paint_ms, paint_cpu_ms = np.array(paintings).T
    return {
        "seconds": seconds,
        "timeouts": len(late_ms),
        "longest_stall_ms": round(float(late_ms.max()), 1),
        "stall_p99_9_ms": round(float(np.percentile(late_ms, 99.9)), 1),
        "stall_p99_ms": round(float(np.percentile(late_ms, 99)), 1),
        f"stalls_over_{TOO_LONG_MS:.0f}_ms": int((late_ms > TOO_LONG_MS).sum()),
        "longest_busy_ms": round(float(busy_ms.max()), 1),
        "busy_p99_9_ms": round(float(np.percentile(busy_ms, 99.9)), 1),
        "frames_a_second": round(meter.paints / seconds, 1),
        "gui_thread_share_of_a_core": round(meter.gui_cpu_s / seconds, 3),
        "process_share_of_a_core": round(meter.all_cpu_s / seconds, 3),
        "collections": len(meter.collections_ms),
        "longest_collection_ms": round(max(meter.collections_ms, default=0.0), 1),
        "paint_median_ms": round(float(np.median(paint_ms)), 2),
        "paint_p95_ms": round(float(np.percentile(paint_ms, 95)), 2),
        "paint_cpu_p95_ms": round(float(np.percentile(paint_cpu_ms, 95)), 2),
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
