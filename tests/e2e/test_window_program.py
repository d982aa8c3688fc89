"""`main.py` as a program of its own on the virtual screen: it shows itself, takes a drop and goes when told to."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from rig.child import Child
from rig.virtual_microphone import VirtualMicrophone
from rig.virtual_screen import VirtualScreen
from rig.waiting import PATIENCE_S, wait_for

Start = Callable[..., Child]

REPOSITORY = Path(__file__).resolve().parents[2]
SCREENSHOTS = REPOSITORY / "build" / "screenshots"
COLOURS_OF_A_PICTURE = 200
COLOURS_OF_A_WINDOW = 600


def test_the_window_shows_sound_takes_a_drop_and_closes_at_once(
    start: Start, screen: VirtualScreen, microphone: VirtualMicrophone, sweep_wav: Path, drag: Callable[..., Child]
) -> None:
    soundmark = start(extra=screen.environment)
    window = screen.wait_for_window("Soundmark", PATIENCE_S)
    colours_empty = screen.picture(SCREENSHOTS / "window-first.png")

    with microphone.playing(sweep_wav):
        # A spectrogram has hundreds of colours, an empty window a few dozen.
        wait_for(
            lambda: screen.picture(SCREENSHOTS / "window-listening.png") > colours_empty + COLOURS_OF_A_PICTURE,
            PATIENCE_S,
            "a spectrogram on the screen",
        )
    with drag("Soundmark", sweep_wav) as hand:
        assert hand.wait(PATIENCE_S) == 0, hand.describe()
    assert soundmark.exit_code is None, soundmark.describe()
    screen.picture(SCREENSHOTS / "window-dropped.png")

    screen.close_window(window)
    assert soundmark.wait(PATIENCE_S) == 0, soundmark.describe()
    assert not any("Traceback" in line for line in soundmark.stderr), soundmark.describe()


def test_the_window_can_be_closed_while_the_model_still_loads(start: Start, screen: VirtualScreen) -> None:
    soundmark = start(extra=screen.environment)
    window = screen.wait_for_window("Soundmark", PATIENCE_S)

    screen.close_window(window)
    assert soundmark.wait(PATIENCE_S) == 0, soundmark.describe()


def test_without_any_folder_to_write_to_the_window_opens_and_closes_all_the_same(
    start: Start, screen: VirtualScreen, tmp_path: Path
) -> None:
    no_folder = tmp_path / "a file"
    no_folder.write_text("no folder")
    homes = {f"XDG_{name}_HOME": f"{no_folder}/{name.lower()}" for name in ("CONFIG", "DATA", "STATE", "CACHE")}
    soundmark = start(extra=screen.environment | homes | {"HOME": str(no_folder)})
    window = screen.wait_for_window("Soundmark", PATIENCE_S)
    wait_for(
        lambda: screen.picture(SCREENSHOTS / "no-log-folder.png") > COLOURS_OF_A_WINDOW, PATIENCE_S, "its contents"
    )

    screen.close_window(window)
    assert soundmark.wait(PATIENCE_S) == 0, soundmark.describe()
    assert not any("Traceback" in line for line in soundmark.stderr), soundmark.describe()


def test_stop_and_start_while_the_sound_server_hangs_leave_a_window_that_listens_again(
    start: Start, screen: VirtualScreen, microphone: VirtualMicrophone, environment: dict[str, str]
) -> None:
    log = Path(environment["XDG_STATE_HOME"]) / "Soundmark" / "log" / "soundmark.log"

    def times_listening() -> int:
        return log.read_text(encoding="utf-8").count("listening to ") if log.exists() else 0

    soundmark = start(extra=screen.environment)
    window = screen.wait_for_window("Soundmark", PATIENCE_S)
    wait_for(lambda: times_listening() == 1, PATIENCE_S, "the first sound")
    microphone.freeze(True)
    try:
        for _ in range(2):
            # Long enough for the listener to notice, and for whoever opens to hang.
            time.sleep(1.5)
            screen.press(window, "ctrl+r")
            screen.press(window, "ctrl+r")
        time.sleep(1)
    finally:
        microphone.freeze(False)

    def listens_again() -> bool:
        """On a busy machine the last attempt may have been given up: there is another one then."""
        try:
            wait_for(lambda: times_listening() > 1 or soundmark.exit_code is not None, 15, "sound again")
        except AssertionError:
            screen.press(window, "ctrl+r")
        return times_listening() > 1 or soundmark.exit_code is not None

    wait_for(listens_again, 3 * PATIENCE_S, "sound again")
    assert soundmark.exit_code is None, soundmark.describe()
    screen.picture(SCREENSHOTS / "sound-server-thawed.png")
    screen.close_window(window)
    assert soundmark.wait(PATIENCE_S) == 0, soundmark.describe()
