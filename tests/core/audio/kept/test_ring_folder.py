"""Folders of rings: one a process, removed once that has ended, however it ended."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from core.audio.kept.ring_folder import RingFolder, remove_dead

_HOLD = """
import sys
from pathlib import Path
from core.audio.kept.ring_folder import RingFolder
folder = RingFolder(Path(sys.argv[1]))
(folder.path / "x.pcm").write_bytes(b"sound")
print(folder.path, flush=True)
sys.stdin.read()
"""


def test_a_killed_process_leaves_a_folder_that_the_next_one_removes(tmp_path: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    left = Path(child.stdout.readline().strip())
    mine = RingFolder(tmp_path)
    assert (left / "x.pcm").exists(), "its process lives"
    child.send_signal(signal.SIGKILL)
    child.communicate()
    assert (left / "x.pcm").exists()
    other = RingFolder(tmp_path)
    assert not left.exists()
    assert mine.path.exists(), "this process lives"
    mine.remove()
    other.remove()
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_ours_stays(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.png").write_bytes(b"")
    (tmp_path / "list.txt").write_text("")
    remove_dead(tmp_path)
    assert (tmp_path / "photos" / "a.png").exists()
    assert (tmp_path / "list.txt").exists()
    remove_dead(tmp_path / "nowhere")


def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    folder = RingFolder(tmp_path / "sound")
    assert folder.path.stat().st_mode & 0o077 == 0
    folder.remove()
