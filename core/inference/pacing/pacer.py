"""Gives the live view of a listener its pace, and changes it between two windows."""

from __future__ import annotations

import logging

from core.errors import UserError
from core.inference.engines.bench_tables import BenchTables, bench_key
from core.inference.live_tagging import LiveTagging, LiveWindow
from core.inference.pacing.live_pacing import LivePacing
from core.inference.pacing.memory import PaceMemory
from core.inference.pacing.models import PaceState, PaceWish
from core.inference.results import TagScores

_log = logging.getLogger(__name__)


class Pacer:
    """For the inference thread, except `use`. memory, tables: None for those of this computer."""

    def __init__(self, wish: PaceWish, memory: PaceMemory | None = None, tables: BenchTables | None = None) -> None:
        self._wish, self._memory, self._tables = wish, memory, tables
        self._pacing: LivePacing | None = None
        self._paced: LiveTagging | None = None
        """What it gave last; anything else is a new model."""
        self.state: PaceState | None = None
        """The pace in use; None before there is one."""

    def use(self, wish: PaceWish) -> None:
        """Follow another wish from the next window on. Any thread may call it."""
        self._wish = wish

    def begin(self, tagging: LiveTagging) -> LiveTagging:
        """The live view for the next window: at its pace if the model or the wish is new, else as it is."""
        wish, before = self._wish, self._pacing
        is_new = before is None or tagging is not self._paced
        if not is_new and before is not None and wish == before.wish:
            return tagging
        model = tagging.tagger if before is None or is_new else before.model
        costs_ms = {} if before is None or is_new else before.costs_ms
        self._memory, self._tables = self._memory or PaceMemory(), self._tables or BenchTables()
        table = self._tables.read(bench_key(model))
        self._pacing = LivePacing(model, wish, self._memory, table=table, costs_ms=costs_ms)
        return self._at_pace(tagging, self._pacing)

    def heard(self, tagging: LiveTagging, window: LiveWindow, scores: TagScores) -> LiveTagging:
        """The live view for the windows after this one, which has been computed: another one where the pace changes."""
        pacing = self._pacing
        # The first windows of a stream are short, and cost less than those to come.
        is_short = len(window.frames) < min(tagging.view.context, tagging.tagger.window_frames)
        if pacing is None or tagging is not self._paced or is_short:
            return tagging
        has_changed = pacing.heard(scores)
        self.state = pacing.state
        return self._at_pace(tagging, pacing) if has_changed else tagging

    def _at_pace(self, tagging: LiveTagging, pacing: LivePacing) -> LiveTagging:
        try:
            self._paced = tagging.at_pace(pacing.tagger, pacing.hop_s)
        except UserError as error:
            _log.warning("the pace stays: %s", error)
            self._paced = tagging
        self.state = pacing.state
        return self._paced
