"""A microphone made of software: a private PulseAudio server with null sinks, offered to PortAudio through ALSA.

What is played into a sink comes out of its monitor, sample by sample; each sink appears to PortAudio as an
input device of the same name. Root or not, with no systemd, no D-Bus and no sound card. Knows nothing of Soundmark.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType

from rig.child import Child
from rig.waiting import PATIENCE_S, wait_for

RATE_HZ = 48000


class VirtualMicrophone:
    """A sound server of our own, holding one microphone named `name` from `start` to `stop`.

    environment: the variables that make a program see this server and no other; set after `start`.
    """

    def __init__(self, name: str = "vmic") -> None:
        self.name = name
        # A socket path may hold about 100 characters, fewer than pytest's own temporary folders need.
        self._folder = Path(tempfile.mkdtemp(prefix="vmic-"))
        self._server: Child | None = None
        self.environment = {
            "PULSE_SERVER": f"unix:{self._folder}/run/native",
            "PULSE_RUNTIME_PATH": f"{self._folder}/run",
            "PULSE_STATE_PATH": f"{self._folder}/state",
            "PULSE_COOKIE": f"{self._folder}/cookie",
            "ALSA_CONFIG_PATH": f"{self._folder}/asound.conf",
        }

    def __enter__(self) -> VirtualMicrophone:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def start(self) -> None:
        """Start the server and plug the microphone in. Fails the test when the server does not answer in time."""
        assert self._server is None, "started twice"
        for folder in ("run", "state"):
            (self._folder / folder).mkdir(mode=0o700, exist_ok=True)
        commands = self._folder / "server.pa"
        commands.write_text("load-module module-native-protocol-unix auth-anonymous=1\n")
        self._server = Child(_server_command(commands), self._server_environment())
        wait_for(self._answers, PATIENCE_S, f"an answer of {self._server.describe()}")
        self.plug(self.name)

    def stop(self) -> None:
        """End the server: every microphone goes at once. Harmless when it does not run."""
        if self._server is not None:
            self._server.end()
            self._server = None

    def plug(self, name: str) -> None:
        """A microphone appears (PortAudio sees it once it reads its devices anew)."""
        # Without norewinds=1 the first 20 ms of a sound are damaged and a capture may lose up to a second.
        self._pactl("load-module", "module-null-sink", f"sink_name={name}", f"rate={RATE_HZ}", "channels=1",
                    "format=s16le", "norewinds=1", f"sink_properties=device.description={name}")  # fmt: skip
        self._write_alsa()

    def unplug(self, name: str) -> None:
        """A microphone goes away under whoever listens to it."""
        for line in self._pactl("list", "short", "modules").splitlines():
            if "module-null-sink" in line and f"sink_name={name} " in line:
                self._pactl("unload-module", line.split()[0])
                self._write_alsa()
                return
        raise AssertionError(f"no microphone {name!r} to unplug")

    def play_to(self, name: str) -> None:
        """What programs play goes to this sink from now on."""
        self._pactl("set-default-sink", name)

    def hold(self, is_held: bool) -> None:
        """Deliver no samples at all, with the stream still open; or go on."""
        self._pactl("suspend-sink", self.name, "1" if is_held else "0")

    def freeze(self, is_frozen: bool) -> None:
        """The server answers nobody and delivers nothing, as one that hangs; or goes on."""
        assert self._server is not None, "no server to freeze"
        os.kill(self._server.pid, signal.SIGSTOP if is_frozen else signal.SIGCONT)

    def mute(self, is_muted: bool) -> None:
        """Deliver exact zeros; or go on."""
        self._pactl("set-source-mute", f"{self.name}.monitor", "1" if is_muted else "0")

    def playing(self, sound: Path) -> Child:
        """Play a WAV file into the microphone in the background; the child ends when the sound does."""
        return Child(["paplay", f"--device={self.name}", sound], self._client_environment())

    def play(self, sound: Path, timeout_s: float = PATIENCE_S) -> None:
        """Play a WAV file into the microphone and return when it has been heard."""
        with self.playing(sound) as player:
            assert player.wait(timeout_s) == 0, player.describe()

    def _answers(self) -> bool:
        asked = subprocess.run(
            ["pactl", "info"], env=self._client_environment(), capture_output=True, timeout=PATIENCE_S
        )
        return asked.returncode == 0

    def _pactl(self, *words: str) -> str:
        told = subprocess.run(
            ["pactl", *words],
            env=self._client_environment(),
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
        )
        assert told.returncode == 0, f"pactl {' '.join(words)}: {told.stderr}"
        return told.stdout

    def _write_alsa(self) -> None:
        """One input-only PCM a microphone, and `default` while there is any; PortAudio reads this when initialised."""
        sinks = [line.split()[1] for line in self._pactl("list", "short", "sinks").splitlines()]
        lines = [
            f'pcm.{sink} {{ type asym capture.pcm {{ type pulse device "{sink}.monitor" }}'
            f' hint {{ show on description "{sink}" }} }}'
            for sink in sinks
        ]
        if sinks:
            lines += ["pcm.!default { type pulse }", "ctl.!default { type pulse }"]
            self._pactl("set-default-source", f"{self.name if self.name in sinks else sinks[0]}.monitor")
        else:
            # PortAudio aborts the whole program when ALSA knows no PCM; one that cannot be opened is not listed.
            lines += ["pcm.!default { type hw card 31 }"]
        new = self._folder / "asound.new"
        new.write_text("\n".join(lines) + "\n")
        new.replace(self._folder / "asound.conf")

    def _client_environment(self) -> dict[str, str]:
        return os.environ | self.environment

    def _server_environment(self) -> dict[str, str]:
        environment = self._client_environment()
        del environment["PULSE_SERVER"]  # meant for clients; a server that reads it thinks it is one
        # A dead address keeps libdbus from launching a bus of its own when DISPLAY is set.
        return environment | {"DBUS_SESSION_BUS_ADDRESS": "unix:path=/dev/null"}


def _server_command(commands: Path) -> list[str | Path]:
    return [
        "pulseaudio", "--daemonize=no", "-n", "-F", commands, "--exit-idle-time=-1", "--disallow-exit=yes",
        "--realtime=no", "--high-priority=no", "--resample-method=speex-float-10", "--log-level=warn",
    ]  # fmt: skip
