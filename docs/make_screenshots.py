"""Makes the screenshots of the documentation from the running program, so that they never age.

    uv run --no-sync docs/make_screenshots.py          # all of them, some minutes
    uv run --no-sync docs/make_screenshots.py live     # one scene: live, files, or training (with its results)

Needs neither a screen nor a microphone: the window listens to the demo scene, tags synthesised clips and trains on
them, so that every picture shows what the program really says. Each is taken dark and light.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
import wave
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from app.application import build_window
from app.main_window import MainWindow
from app.results.dialog import ResultsDialog
from app.runtime.core_api import CoreApi
from app.training.session import RunState
from core.audio.demo.scene import SCENE, ScenePart
from core.audio.demo.sounds import room_noise
from core.audio.frame_rate import FRAMES_PER_SECOND
from core.audio.input_choice import DEMO_SCENE
from core.audio.resample import MODEL_SAMPLE_RATE
from core.heard.store import EventStore

FOLDER = Path(__file__).resolve().parent
WINDOW_PX, RESULTS_PX = (1180, 760), (1080, 720)
MOMENT_S = 36.5
"""When the live picture is taken: late in the demo scene's voice, with the engine still in view."""
SELECTED_FILE = "Siren.wav"
CLIPS_A_CLASS, CLIP_S = 10, 3.0
RECIPE = "fine-tune"
PICTURED_SHARE, LISTENED_S = 0.6, 9.0
"""How much of the training is done when the window listens again, for so long before its picture is taken."""
MOST_BYTES = 200_000
PATIENCE_S = 1200.0


def wait_until(is_so: Callable[[], object], what: str) -> None:
    """Let the window run until something is so."""
    deadline_s = time.monotonic() + PATIENCE_S
    while not is_so():
        if time.monotonic() > deadline_s:
            sys.exit(f"Waited {PATIENCE_S:g} s in vain for {what}.")
        QTest.qWait(30)


taken: list[Path] = []
"""Pictures that are still to be made small: during that a window would lose sound."""


def take(window: MainWindow, widget: QWidget, name: str) -> None:
    """Two pictures of a widget: NAME.png in the light theme, NAME-dark.png in the dark one."""
    for theme, ending in (("light", ""), ("dark", "-dark")):
        window.view.set_theme(theme)
        QTest.qWait(600)
        widget.grab().save(str(FOLDER / f"{name}{ending}.png"))
        taken.append(FOLDER / f"{name}{ending}.png")
    window.view.set_theme("light")


def shrink(path: Path) -> None:
    """Rewrite a PNG with as many colours as fit into MOST_BYTES."""
    with Image.open(path) as picture:
        full = picture.convert("RGB")
    for n_colours in (256, 128, 64):
        # This method keeps colours of a few pixels too, such as those of the lanes.
        few = full.quantize(n_colours, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
        few.save(path, optimize=True)
        if path.stat().st_size <= MOST_BYTES:
            break
    print(f"{path.name}: {full.width} × {full.height}, {n_colours} colours, {path.stat().st_size / 1000:.0f} kB")


def take_live(window: MainWindow) -> None:
    """The live view."""
    window.begin(DEMO_SCENE)
    wait_until(lambda: window.session.latest_scores is not None, "the first tags")
    wait_until(lambda: window.session.clock.next_frame >= MOMENT_S * FRAMES_PER_SECOND, "the voice in the demo scene")
    take(window, window, "window")


def take_files(window: MainWindow, folder: Path) -> None:
    """A few files that have been tagged, one of them selected."""
    rng = np.random.default_rng(1)
    for part in SCENE:
        write_wav(folder / f"{part.name}.wav", sound_of(part, part.end_s - part.start_s, rng))
    window.add_files([folder])
    wait_until(
        lambda: len(window.files.rows) == len(SCENE) and not window.file_tagging.is_busy, "the tags of the files"
    )
    row = next(row for row in window.files.rows if row.path.name == SELECTED_FILE)
    window.files_panel.table.setCurrentIndex(window.files.index(window.files.rows.index(row), 0))
    QTest.qWait(1500)  # its spectrogram is read in the background
    take(window, window, "files")
    window.file_tagging.clear()


def take_training(window: MainWindow, folder: Path) -> None:
    """A training under way, and its results."""
    write_clips(folder / "My sounds")
    window.training.new_training()
    dialog = window.training.dialog
    assert dialog is not None
    wait_until(lambda: dialog.form.recipe.count() > 0, "the list of recipes")
    dialog.form.choose_recipe(RECIPE)
    dialog.form.choose_data(str(folder / "My sounds"))
    dialog.form.out.setText(str(folder / "my model"))
    wait_until(dialog.start_button.isEnabled, "the check of the data")
    window.session.stop()  # two models at once would only make it slow
    dialog.start_button.click()
    run = window.training.session
    wait_until(lambda: run.state in (RunState.RUNNING, RunState.FAILED), "the start of the training")
    wait_until(lambda: run.step is not None and run.step.step >= PICTURED_SHARE * run.step.n_steps, "the training")
    window.session.start()
    wait_until(lambda: window.session.is_receiving, "sound beside the training")
    QTest.qWait(round(1000 * LISTENED_S))
    take(window, window, "training")
    wait_until(lambda: window.training.results, "the results")
    take_results(window, window.training.results[0])


def take_results(window: MainWindow, results: ResultsDialog) -> None:
    """The confusion matrix with the clips of its worst cell, or of its first one where nothing is wrong."""
    results.resize(*RESULTS_PX)  # a screen that is not there offers less
    counts = results.matrix.counts.counts
    places = range(len(counts))
    worst = max(((counts[t][p] * (t != p), t, p) for t in places for p in places), key=lambda cell: cell[0])
    results.matrix.choose(*worst[1:])
    QTest.qWait(1500)  # the clip's spectrogram is read in the background
    take(window, results, "results")
    results.close()


def write_clips(folder: Path) -> None:
    """Clips of six kinds of sound, each with another one faintly behind it, so that some are mistaken."""
    rng = np.random.default_rng(2)
    kinds = SCENE[2:]
    for part in kinds:
        for index in range(CLIPS_A_CLASS):
            other = kinds[rng.integers(len(kinds))]
            mixed = sound_of(part, CLIP_S, rng) + rng.uniform(0.0, 0.5) * sound_of(other, CLIP_S, rng)
            write_wav(folder / part.name / f"{part.name} {index + 1}.wav", mixed)


def sound_of(part: ScenePart, duration_s: float, rng: np.random.Generator) -> np.ndarray:
    """One sound of the demo scene in a quiet room, at its level there; `(n_samples,)` at 16 kHz."""
    sound = part.sound(duration_s, rng)
    return sound * 10 ** (part.peak_dbfs / 20) / np.abs(sound).max() + 0.001 * room_noise(duration_s, rng)


def write_wav(path: Path, samples: np.ndarray) -> None:
    """16 bit, mono, 16 kHz."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, MODEL_SAMPLE_RATE, 0, "NONE", ""))
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())


def main(scenes: list[str]) -> None:
    """Take the scenes named, or all."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    application = QApplication(sys.argv[:1])
    with tempfile.TemporaryDirectory(prefix="soundmark-screenshots-") as name:
        folder = Path(name)
        core = replace(CoreApi(), open_events=lambda: EventStore(folder / "events.sqlite"))
        window = build_window(application, settings_path=folder / "settings.ini", core=core)
        window.resize(*WINDOW_PX)
        window.show()
        if not scenes or "live" in scenes:
            take_live(window)
        else:
            window.begin(DEMO_SCENE)
            wait_until(lambda: window.session.latest_scores is not None, "the first tags")
        if not scenes or "files" in scenes:
            take_files(window, folder / "Recordings")
        if not scenes or "training" in scenes:
            take_training(window, folder)
        window.training.session.kill()
        window.close()
        window.file_tagging.close(10)
        window.collector.close(10)
        window.jobs.wait(10)
    for path in taken:
        shrink(path)


if __name__ == "__main__":
    main(sys.argv[1:])
