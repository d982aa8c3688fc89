"""`main.py` as a program of its own on the virtual screen: it shows itself, takes a drop and goes when told to."""

from __future__ import annotations

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
