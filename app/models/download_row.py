"""One model that can be had: a published one, or one that was imported here. Knows no widgets and no network."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from app.style import formatting
from core.errors import UserError
from core.model.checkpoints.published import PublishedModel

if TYPE_CHECKING:
    from core.model.store.download import DownloadProgress


class FetchState(Enum):
    """How far a model is on its way here; the words are for people."""

    HERE = "On this computer"
    FETCHING = "Fetching"
    WAITING = "Waiting"
    STOPPED = "Stopped"
    FAILED = "Failed"
    ABSENT = "Not here"


@dataclass(slots=True, eq=False)
class FetchRow:
    """A model, and how far it is on its way here. Owned by the GUI thread; a pool thread sees `stop` alone.

    name: what it is chosen by. published: its row in the table; None for one that was imported.
    kept_bytes: what an earlier run of the program has brought of it.
    stop: of the attempt under way; every attempt has its own.
    """

    name: str
    title: str
    summary: str
    published: PublishedModel | None = None
    state: FetchState = FetchState.ABSENT
    progress: DownloadProgress | None = None
    kept_bytes: int = 0
    error: UserError | None = None
    stop: threading.Event = field(default_factory=threading.Event)

    @property
    def is_here(self) -> bool:
        """It can be used."""
        return self.state is FetchState.HERE

    @property
    def is_on_its_way(self) -> bool:
        """It is being fetched, or waits for another."""
        return self.state in {FetchState.FETCHING, FetchState.WAITING}

    @property
    def can_be_fetched(self) -> bool:
        """It is not here, and the hub has it."""
        has_source = self.published is not None and self.published.can_be_downloaded
        return has_source and not self.is_here and not self.is_on_its_way

    @property
    def has_part(self) -> bool:
        """Some of it has arrived: fetching it goes on from there."""
        return not self.is_here and (self.progress is not None or self.kept_bytes > 0)

    @property
    def fraction(self) -> float | None:
        """The part of all its files together that has arrived; None where nobody knows how long they are."""
        progress = self.progress
        return progress.done_bytes / progress.total_bytes if progress is not None and progress.total_bytes else None

    @property
    def has_all_arrived(self) -> bool:
        """Every byte is here; what follows is the conversion."""
        return self.state is FetchState.FETCHING and self.fraction == 1

    def state_words(self) -> str:
        """The state in a word or two, for a column."""
        if self.state in {FetchState.FETCHING, FetchState.STOPPED} and self.fraction is not None:
            return f"{self.state.value}: {formatting.percent(self.fraction)}"
        by_hand = self.state is FetchState.ABSENT and not self.can_be_fetched
        return "By hand" if by_hand else self.state.value

    def progress_words(self) -> str:
        """How much has arrived, in a line."""
        if self.state is FetchState.WAITING:
            return "Waits for its turn."
        if self.has_all_arrived:
            return "Everything has arrived; getting it ready…"
        is_asking = self.state is FetchState.FETCHING and self.progress is None
        if is_asking or not self.has_part:
            return "Asking for it…" if is_asking else ""
        done, total = (self.progress.done_bytes, self.progress.total_bytes) if self.progress else (self.kept_bytes, 0)
        arrived = formatting.megabytes_of(done, total)
        kept = "" if self.state is FetchState.FETCHING else "; this part is kept"
        return f"{arrived} have arrived{kept}."
