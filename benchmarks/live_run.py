"""Listens to a virtual microphone with the real window, and measures from a sound to its tag on the screen.

    python benchmarks/live_run.py --minutes 10 [--hop-s 0.25] [--engine openvino] [--screen] [--json]

Needs the packages that `python tests/rig/needed.py` names, and Linux. Plays an alarm, a voice and an engine of a second
and a half each, with three seconds of quiet between them, into the microphone, and looks for their onsets in the stream
that the program gets. Prints how many windows were skipped and how many blocks dropped, and the median, the 95th
percentile and the longest of four times, in milliseconds:

* sound to tag: from the onset to the painted frame with the first new class in Now hearing, recognition included;
* sound to screen: from the onset to the painted frame of the first scores that heard some of it, whatever they say;
* window to scores: from a window's last sample until the GUI thread has its scores;
* window to screen: from a window's last sample to the painted frame of its scores.

All of them include what the input says of its own latency, which is printed too. A frame counts as painted when the
window comes back to its event loop after it. Start it twice: the first start may make graphs in the background. With
--screen the window opens on a virtual screen, otherwise it has none.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
import wave
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from benchmarks.live_latency import LONGEST_S, Followed, FollowedSource, Painting, figures_of
from core.audio.demo.scene import SCENE
from core.audio.demo.sounds import room_noise
from core.audio.resample import MODEL_SAMPLE_RATE as RATE_HZ

SOUNDS = ("Alarm clock", "Voice", "Engine")
"""Parts of the demo scene that the starter names soon."""
SOUND_S, QUIET_S, UP_TO_S = 1.5, 3.0, 0.25
"""Each sound, and from its end to the next one: somewhat more, so that onsets fall anywhere between two windows."""


def main(argv: list[str]) -> int:
    """Listen for the given time and print what was measured."""
    options = _options(argv)
    from rig.needed import why_not
    from rig.virtual_microphone import VirtualMicrophone
    from rig.virtual_screen import VirtualScreen

    if reason := why_not():
        print(f"It cannot run: {reason}.", file=sys.stderr)
        return 2
    if options.engine:
        os.environ["SOUNDMARK_ENGINE"] = options.engine
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with ExitStack() as stack:
        microphone = stack.enter_context(VirtualMicrophone())
        os.environ.update(microphone.environment)
        if options.screen:
            os.environ.update(stack.enter_context(VirtualScreen()).environment)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        sound = write_sounds(folder / "sounds.wav", 60 * options.minutes)
        figures = _listen(options, microphone, sound, folder)
    print(json.dumps(figures) if options.json else "\n".join(f"{name}: {value}" for name, value in figures.items()))
    return 0


def _options(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--hop-s", type=float, default=0.25)
    parser.add_argument("--engine", choices=("auto", "torch", "openvino"))
    parser.add_argument("--settle-s", type=float, default=8.0, help="of listening before the first sound")
    parser.add_argument("--screen", action="store_true", help="on a virtual screen")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args(argv)


def write_sounds(path: Path, seconds: float) -> Path:
    """A WAV file of so many seconds with sounds in quiet; the same for the same length."""
    parts = [next(part for part in SCENE if part.name == name) for name in SOUNDS]
    rng = np.random.default_rng(0)
    sound = np.resize(room_noise(20.0, rng) * 10 ** (-62 / 20), round(seconds * RATE_HZ))
    start_s, n_sounds = QUIET_S, 0
    while start_s + SOUND_S <= seconds:
        part = parts[n_sounds % len(parts)]
        samples = part.sound(SOUND_S, rng)
        first = round(start_s * RATE_HZ)
        sound[first : first + len(samples)] += samples * (10 ** (part.peak_dbfs / 20) / np.abs(samples).max())
        start_s += SOUND_S + QUIET_S + float(rng.uniform(0, UP_TO_S))
        n_sounds += 1
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
        file.writeframes((np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes())
    return path


def _listen(options: argparse.Namespace, microphone: Any, sound: Path, folder: Path) -> dict[str, Any]:
    """Open the window, let it listen while the sound is played, and close it."""
    from PySide6.QtWidgets import QApplication

    from app.application import build_window
    from app.runtime.core_api import CoreApi
    from core.audio.input_choice import InputChoice
    from core.heard.store import EventStore

    followed = Followed()
    application = QApplication([])
    core = replace(
        CoreApi(),
        open_listener=lambda choice, tagger, tap: _followed_listener(followed, options.hop_s, (choice, tagger, tap)),
        open_events=lambda: EventStore(folder / "events.sqlite"),
    )
    window = build_window(application, settings_path=folder / "settings.ini", core=core)
    window.resize(1280, 800)
    watch = _watch(window, followed)
    window.show()
    window.begin(InputChoice("microphone", microphone.name))
    _run_until(lambda: window.session.latest_scores is not None)
    _run_for(options.settle_s)
    before, began_s = window.session.status, followed.blocks[-1][0]
    with microphone.playing(sound) as player:
        _run_until(lambda: player.exit_code is not None)
    _run_for(LONGEST_S)
    after = window.session.status
    sentence = window.session.pace.sentence
    window.tags.list.viewport().removeEventFilter(watch)
    window.close()
    window.file_tagging.close(5.0)
    window.collector.close(5.0)
    window.jobs.wait(5.0)
    return {
        "listened_s": round(followed.blocks[-1][0] - began_s, 1),
        "windows": after.windows - before.windows,
        "skipped_windows": after.skipped_windows - before.skipped_windows,
        "dropped_blocks": after.dropped_blocks - before.dropped_blocks,
        **figures_of(followed, began_s),
        "pace": sentence,
    }


def _run_until(is_over: Any) -> None:
    """Run the window until then; not with the application's own loop, for to quit that would close the window."""
    from PySide6.QtCore import QEventLoop, QTimer

    loop = QEventLoop()
    timer = QTimer()
    timer.timeout.connect(lambda: loop.quit() if is_over() else None)
    timer.start(50)
    loop.exec()


def _run_for(seconds: float) -> None:
    end_s = time.monotonic() + seconds
    _run_until(lambda: time.monotonic() > end_s)


def _followed_listener(followed: Followed, hop_s: float, asked: tuple[Any, Any, Any]) -> Any:
    """As `core_api.open_listener`, with what comes through noted."""
    from core.audio.sources import SOURCES
    from core.inference.listener import Listener
    from core.inference.pacing.models import PaceWish

    class FollowedListener(Listener):
        def take_update(self) -> Any:
            update = super().take_update()
            if update is not None:
                followed.windows.extend((scores.end_s, time.monotonic()) for scores in update.scores)
            return update

    choice, tagger, tap = asked
    source: Any = FollowedSource(SOURCES[choice.kind](choice.argument), followed)
    listener = FollowedListener(source, tagger=tagger, tap=tap, hop_s=hop_s, pace=PaceWish())
    listener.start()
    return listener


def _watch(window: Any, followed: Followed) -> Any:
    """Note each painting of Now hearing, and what it shows."""
    from PySide6.QtCore import QEvent, QObject, QTimer

    from app.tags.rows import RowKind

    class Watch(QObject):
        offset_s = 0.0
        """What the window's clock adds to the stream's times."""

        def follow(self, update: Any) -> None:
            if update.scores and followed.windows:
                self.offset_s = update.scores[-1].end_s - followed.windows[-1][0]

        def eventFilter(self, watched: QObject, event: QEvent) -> bool:
            shown = window.tags.shown
            if event.type() == QEvent.Type.Paint and shown is not None:
                rows = window.tags.list.tags.rows
                heard = frozenset(row.label for row in rows if row.kind is RowKind.HEARD)
                shown_s = shown.end_s - self.offset_s
                QTimer.singleShot(0, lambda: followed.paintings.append(Painting(time.monotonic(), shown_s, heard)))
            return False

    watch = Watch(window)
    window.session.updated.connect(watch.follow)
    window.tags.list.viewport().installEventFilter(watch)
    return watch


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
