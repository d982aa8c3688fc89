"""Measures how long the program takes to start, and how much memory it holds.

    python benchmarks/start_up.py [--times 3] [--engine torch] [--json]

Starts the window (with QT_QPA_PLATFORM=offscreen it needs no screen) and `listen`, each with the demo scene and the
starter, in a new process each time, and prints the medians: seconds and processor seconds from the start of the process
until the window is shown, until the picture has its first column, and until the first tags arrive; and the most memory
that was held after ten more seconds. The first start makes graphs in the background: start it twice.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parents[1]
LISTENED_S = 10.0
LINE = "START-UP "


def main(argv: list[str]) -> int:
    """Measure and print."""
    options = _options(argv)
    if options.inside is not None:
        return _run_window(options.inside)
    environment = os.environ | ({"SOUNDMARK_ENGINE": options.engine} if options.engine else {})
    figures: dict[str, dict[str, float]] = {}
    for name, measure in {"window": _measure_window, "listen": _measure_listen}.items():
        runs = [measure(environment) for _ in range(options.times)]
        figures[name] = {key: round(statistics.median(run[key] for run in runs), 2) for key in runs[0]}
    print(json.dumps(figures) if options.json else _lines(figures))
    return 0


def _options(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--engine", choices=("torch", "openvino"))
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--inside", type=float, help=argparse.SUPPRESS)
    return parser.parse_args(argv)


def _measure_window(environment: dict[str, str]) -> dict[str, float]:
    """Of one start of the window, which measures itself."""
    command = [sys.executable, __file__, "--inside", str(time.time())]
    printed = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    return json.loads(next(line for line in printed.splitlines() if line.startswith(LINE)).removeprefix(LINE))


def _run_window(began: float) -> int:
    """Open the window and note when what can be seen. began: `time.time()` before this process was started."""
    sys.path.insert(0, str(ROOT))
    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QApplication

    import core  # noqa: F401 (it prepares the process before anything is loaded)
    from app.application import build_window
    from core.audio.input_choice import DEMO_SCENE

    marks: dict[str, float] = {}

    def mark(name: str) -> None:
        if f"{name} s" not in marks:
            marks[f"{name} s"], marks[f"{name}, CPU s"] = time.time() - began, time.process_time()
            if name == "tags":
                QTimer.singleShot(round(LISTENED_S * 1000), application.quit)

    application = QApplication([])
    with tempfile.TemporaryDirectory() as folder:
        window = build_window(application, settings_path=Path(folder) / "settings.ini")
        window.session.updated.connect(lambda update: mark("picture") if update.runs else None)
        window.session.updated.connect(lambda update: mark("tags") if update.scores else None)
        window.show()
        QTimer.singleShot(0, lambda: mark("window"))
        window.begin(DEMO_SCENE)
        application.exec()
        print(LINE + json.dumps(marks | _memory("/proc/self/status")), flush=True)
    os._exit(0)


def _measure_listen(environment: dict[str, str]) -> dict[str, float]:
    began = time.time()
    seconds = str(LISTENED_S + 2)
    command = [
        sys.executable,
        str(ROOT / "main.py"),
        "listen",
        "--input",
        "demo",
        "--seconds",
        seconds,
        "--format",
        "jsonl",
    ]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as run:
        assert run.stdout is not None
        next(line for line in run.stdout if json.loads(line)["type"] == "window")
        figures = {"tags s": time.time() - began, "tags, CPU s": _processor_s(run.pid)}
        return figures | _last_memory(run.pid, run.stdout)


def _last_memory(process: int, lines: IO[str]) -> dict[str, float]:
    """What it held when it printed one of its last lines."""
    found: dict[str, float] = {}
    for _ in lines:
        found = _memory(f"/proc/{process}/status") or found
    return found


def _memory(status: str) -> dict[str, float]:
    """MB that a process holds and held at most; empty where the system does not tell, or the process has ended."""
    try:
        rows = dict(line.split(":", 1) for line in Path(status).read_text(encoding="utf-8").splitlines())
        return {"memory MB": int(rows["VmRSS"].split()[0]) / 1024, "most MB": int(rows["VmHWM"].split()[0]) / 1024}
    except (OSError, KeyError):
        return {}


def _processor_s(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _lines(figures: dict[str, dict[str, float]]) -> str:
    return "\n".join(
        f"{title}\n" + "\n".join(f"  {name}: {value}" for name, value in group.items())
        for title, group in figures.items()
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
