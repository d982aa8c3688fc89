"""The list of the files that this program has recorded, so that it deletes those and no others."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from filelock import FileLock

from core.atomic_write import atomic_write
from core.program import data_folder

SESSION, EVENT = "session", "event"


@dataclass(frozen=True, slots=True)
class Recording:
    """A recorded file."""

    path: str
    """Absolute."""
    kind: str
    """SESSION or EVENT."""
    start_at: float
    """When its sound begins, seconds since 1970."""
    stop_at: float
    """When it ends; start_at while it is being written, or for ever if that was cut short."""

    @property
    def n_bytes(self) -> int:
        """Its size now; 0 if it is gone."""
        try:
            return Path(self.path).stat().st_size
        except OSError:
            return 0


def recordings_list() -> Path:
    """Where the list lies unless a test says otherwise."""
    return data_folder() / "recordings.jsonl"


class Recordings:
    """The list in a file, a line a recording; several windows may use it at once. Any thread may call it."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path or recordings_list()
        self._lock = FileLock(self._path.with_suffix(".lock"))

    def add(self, recording: Recording) -> None:
        """Add one, in place of an earlier entry of the same file. Raises OSError."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._lock, self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(recording), ensure_ascii=True) + "\n")

    def all(self) -> tuple[Recording, ...]:
        """Those that still exist, the oldest first."""
        known: dict[str, Recording] = {}
        for line in self._lines():
            with suppress(ValueError, TypeError):
                recording = Recording(**json.loads(line))
                known[recording.path] = recording
        there = (recording for recording in known.values() if Path(recording.path).is_file())
        return tuple(sorted(there, key=lambda recording: recording.start_at))

    @property
    def n_bytes(self) -> int:
        """What they take on disk."""
        return sum(recording.n_bytes for recording in self.all())

    def keep_budget(self, n_bytes: int, is_protected: Callable[[Recording], bool]) -> tuple[Recording, ...]:
        """Delete the oldest until the rest fits into n_bytes, and none that is protected; returns those deleted."""
        there = self.all()
        excess = sum(recording.n_bytes for recording in there) - n_bytes
        doomed: list[Recording] = []
        # The newest may still be written to.
        for recording in there[:-1]:
            if excess > 0 and not is_protected(recording):
                excess -= recording.n_bytes
                doomed.append(recording)
        self._delete(doomed)
        return tuple(doomed)

    def delete_all(self) -> None:
        """Delete every file of the list, and the list. Raises OSError for a file that cannot be deleted."""
        self._delete(self.all())

    def _delete(self, doomed: list[Recording] | tuple[Recording, ...]) -> None:
        if not doomed:
            return
        for recording in doomed:
            Path(recording.path).unlink(missing_ok=True)
        with self._lock:
            lines = [json.dumps(asdict(recording)) for recording in self.all()]
            atomic_write(self._path, "".join(f"{line}\n" for line in lines).encode())

    def _lines(self) -> list[str]:
        try:
            return self._path.read_text(encoding="utf-8").splitlines()
        except OSError:
            return []
