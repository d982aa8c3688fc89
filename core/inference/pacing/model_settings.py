"""A model in each of its settings: what is known of them, and graphs made and loaded before they are needed."""

from __future__ import annotations

import logging
from collections.abc import Collection
from typing import TYPE_CHECKING

from core.errors import UserError
from core.inference.engines.graph_engine import GraphEngine, Preparation
from core.inference.engines.models import Precision, Setting
from core.inference.pacing.settings import Known, known_of, live_shapes, settings_for

if TYPE_CHECKING:
    # Not at run time: it brings the whole model's imports, and the picture should move before those are done.
    from core.inference.tagger import Tagger

_log = logging.getLogger(__name__)


class ModelSettings:
    """The settings of `tagger`, which stays as it is. Taggers are kept as long as they are asked for: each may hold a
    graph with all weights."""

    def __init__(self, tagger: Tagger) -> None:
        self.model = tagger
        self._kept: dict[Setting, Tagger] = {}
        self.known: dict[Setting, Known] = {}
        """Of the settings that can be used, finest first; at least one."""
        for setting in settings_for(tagger):
            try:
                known = known_of(tagger.with_setting(setting), setting)
            except UserError as error:
                _log.info("%s cannot be used: %s", setting.describe(), error)
                continue
            if known.is_usable:
                self.known[setting] = known
        if not self.known:
            self._leave_as_it_is()

    def _leave_as_it_is(self) -> None:
        precision: Precision = "fp32" if self.model.precision == "int8" else self.model.precision
        setting = Setting("torch", precision, self.model.merge)
        self._kept[setting], self.known[setting] = self.model, Known(is_ready=True)

    def look_again(self, setting: Setting) -> Known:
        """What is known of a setting now, after its graph may have been made."""
        return known_of(self.tagger(setting), setting)

    def tagger(self, setting: Setting) -> Tagger:
        """The model in a setting; PyTorch answers where its graph is not there."""
        if setting not in self._kept:
            self._kept[setting] = self.model.with_setting(setting)
        return self._kept[setting]

    def prepare(self, setting: Setting) -> Preparation:
        """Make and load what a setting needs, in the background; what has become of that. Ask again while it is
        "coming"."""
        engine = self.tagger(setting).runs_on
        if not isinstance(engine, GraphEngine):
            return "ready"
        found = [engine.prepare(shape) for shape in live_shapes(self.model)]
        return "none" if "none" in found else "coming" if "coming" in found else "ready"

    def keep_only(self, settings: Collection[Setting]) -> None:
        """Let go of the graphs of all other settings."""
        for setting in [one for one in self._kept if one not in settings and self._kept[one] is not self.model]:
            del self._kept[setting]
