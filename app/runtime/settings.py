"""What the window remembers between runs, typed."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from PySide6.QtCore import QByteArray, QObject, QSettings, Signal

from app.runtime.dock_shares import DockShares
from app.runtime.sound_settings import SoundSettings
from app.style.appearance import THEME_CHOICES
from core.audio.input_choice import InputChoice
from core.errors import UserError
from core.inference.pacing.models import PACES
from core.model.merging.schedule import FORMS

COLOUR_MAPS = {"magma": "Magma", "viridis": "Viridis", "cividis": "Cividis", "grey": "Grey"}
"""Name in the settings to title in the menu; the first one is the default."""
FREQUENCY_SCALES = {"mel": "Mel", "linear": "Linear", "log": "Logarithmic"}
"""Name in the settings to title in the menu; the first one is the default."""
SPANS_S = {10: "10 seconds", 30: "30 seconds", 60: "1 minute", 120: "2 minutes", 300: "5 minutes", 600: "10 minutes"}
"""Seconds to title in the menu; the first one is the default."""
HISTORY_MINUTES = {10: "10 minutes", 30: "30 minutes", 60: "1 hour", 120: "2 hours", 240: "4 hours"}
"""How much live sound is kept, to title in the menu; the first one is the default."""
TEXT_SIZES = {90: "90 %", 100: "100 %", 110: "110 %", 125: "125 %", 150: "150 %", 175: "175 %", 200: "200 %"}
"""Percent of the system's text size, to title in the menu."""
DEFAULT_RANGE_DB = (-45, 30)
MERGE_AMOUNTS = ("auto", "off", "8", "16", "24", "32", "40", "64")
"""How many tokens to merge: as the model was saved, none, or this many per layer."""


def merge_word(amount: str, form: str) -> str:
    """The word that `--merge` takes. form: one of FORMS; left out where the amount is not a number."""
    return f"{form}:{amount}" if form and amount.isdecimal() else amount


MERGES = tuple(dict.fromkeys(merge_word(amount, form) for form in FORMS for amount in MERGE_AMOUNTS))
"""What can be chosen in the window, as `--merge` takes it."""


class UserSettings(QObject):
    """Reads and writes single settings; an unreadable value counts as not set.

    path: an INI file to use instead of the system's own settings (tests, portable use).
    write_failed: a UserError, the first time that the settings cannot be written.
    """

    write_failed = Signal(object)

    def __init__(self, path: Path | None = None) -> None:
        super().__init__()
        self._has_failed = False
        ini = QSettings.Format.IniFormat
        self._store = QSettings("Soundmark", "Soundmark") if path is None else QSettings(str(path), ini)

    @property
    def geometry(self) -> QByteArray:
        """Place and size of the window, as QMainWindow.saveGeometry writes them."""
        return self._bytes("geometry")

    @geometry.setter
    def geometry(self, value: QByteArray) -> None:
        self._set("geometry", value)

    @property
    def state(self) -> QByteArray:
        """Docks and toolbars, as QMainWindow.saveState writes them."""
        return self._bytes("state")

    @state.setter
    def state(self, value: QByteArray) -> None:
        self._set("state", value)

    @property
    def dock_shares(self) -> DockShares:
        """The shares of the window that the user gave to the docks."""
        return DockShares.from_text(self._text("dock_shares"))

    @dock_shares.setter
    def dock_shares(self, value: DockShares) -> None:
        self._store.setValue("dock_shares", value.to_text())

    @property
    def input(self) -> InputChoice:
        """What was last listened to."""
        return InputChoice.from_text(self._text("input"))

    @input.setter
    def input(self, value: InputChoice) -> None:
        self._set("input", value.to_text())

    @property
    def listens(self) -> bool:
        """Whether listening was on when the window last closed."""
        return self._text("listens") != "no"

    @listens.setter
    def listens(self, value: bool) -> None:
        self._set("listens", "yes" if value else "no")

    @property
    def colour_map(self) -> str:
        """A name of COLOUR_MAPS."""
        return self._one_of("colour_map", COLOUR_MAPS)

    @colour_map.setter
    def colour_map(self, value: str) -> None:
        self._set("colour_map", value)

    @property
    def theme(self) -> str:
        """One of THEME_CHOICES."""
        return self._one_of("theme", THEME_CHOICES)

    @theme.setter
    def theme(self, value: str) -> None:
        self._set("theme", value)

    @property
    def range_db(self) -> tuple[int, int]:
        """Darkest and brightest level of the spectrogram, in dB."""
        low, _, high = self._text("range").partition("..")
        try:
            pair = int(low), int(high)
        except ValueError:
            return DEFAULT_RANGE_DB
        return pair if pair[0] < pair[1] else DEFAULT_RANGE_DB

    @range_db.setter
    def range_db(self, value: tuple[int, int]) -> None:
        self._set("range", f"{value[0]}..{value[1]}")

    @property
    def span_s(self) -> int:
        """Seconds of sound across the spectrogram: one of SPANS_S."""
        return int(self._one_of("span_s", map(str, SPANS_S)))

    @span_s.setter
    def span_s(self, value: int) -> None:
        self._set("span_s", value)

    @property
    def frequency_scale(self) -> str:
        """A name of FREQUENCY_SCALES."""
        return self._one_of("frequency_scale", FREQUENCY_SCALES)

    @frequency_scale.setter
    def frequency_scale(self, value: str) -> None:
        self._set("frequency_scale", value)

    @property
    def history_minutes(self) -> int:
        """How much live sound is kept, as picture and as sound: one of HISTORY_MINUTES."""
        return int(self._one_of("history_minutes", map(str, HISTORY_MINUTES)))

    @history_minutes.setter
    def history_minutes(self, value: int) -> None:
        self._set("history_minutes", value)

    @property
    def text_percent(self) -> int:
        """The size of text in percent of the system's: one of TEXT_SIZES."""
        text = self._text("text_percent")
        return int(text) if text in map(str, TEXT_SIZES) else 100

    @text_percent.setter
    def text_percent(self, value: int) -> None:
        self._set("text_percent", value)

    @property
    def pinned(self) -> tuple[str, ...]:
        """Ids of the pinned labels, in the order they were pinned."""
        return tuple(label for label in self._text("pinned").split("\n") if label)

    @pinned.setter
    def pinned(self, value: tuple[str, ...]) -> None:
        self._set("pinned", "\n".join(value))

    @property
    def muted(self) -> dict[str, str]:
        """Names of the muted labels by id, in the order they were muted."""
        pairs = (line.partition("\t") for line in self._text("muted").split("\n"))
        return {label_id: name or label_id for label_id, _, name in pairs if label_id}

    @muted.setter
    def muted(self, value: dict[str, str]) -> None:
        lines = (f"{label_id}\t{' '.join(name.split())}" for label_id, name in value.items())
        self._set("muted", "\n".join(lines))

    @property
    def shows_parents(self) -> bool:
        """Whether classes that a more specific detected one implies are shown too."""
        return self._text("shows_parents") == "yes"

    @shows_parents.setter
    def shows_parents(self, value: bool) -> None:
        self._set("shows_parents", "yes" if value else "no")

    @property
    def shows_boxes(self) -> bool:
        """Whether events are shown as boxes on the picture."""
        return self._text("shows_boxes") != "no"

    @shows_boxes.setter
    def shows_boxes(self, value: bool) -> None:
        self._set("shows_boxes", "yes" if value else "no")

    @property
    def model(self) -> str | None:
        """Name of a model row or path of a checkpoint; None for the starter."""
        return self._text("model") or None

    @model.setter
    def model(self, value: str | None) -> None:
        self._set("model", value or "")

    @property
    def merge(self) -> str:
        """How tokens are merged: one of MERGES."""
        return self._one_of("merge", MERGES)

    @merge.setter
    def merge(self, value: str) -> None:
        self._set("merge", value)

    @property
    def pace(self) -> str:
        """The pace of listening: one of PACES."""
        return self._one_of("pace", PACES)

    @pace.setter
    def pace(self, value: str) -> None:
        self._set("pace", value)

    @property
    def sound(self) -> SoundSettings:
        """What was chosen about kept sound and recording."""
        return SoundSettings.from_text(self._text("sound"))

    @sound.setter
    def sound(self, value: SoundSettings) -> None:
        self._set("sound", value.to_text())

    @property
    def training_clips(self) -> Path | None:
        """The training set to which a clip was last added."""
        text = self._text("training_clips")
        return Path(text) if text else None

    @training_clips.setter
    def training_clips(self, value: Path) -> None:
        self._set("training_clips", str(value))

    @property
    def trained_models(self) -> tuple[Path, ...]:
        """Checkpoints of finished runs, the newest first, without deleted ones."""
        paths = (Path(path) for path in self._text("trained_models").split("\n") if path)
        return tuple(path for path in paths if path.is_dir())

    def add_trained_model(self, checkpoint: Path) -> None:
        """Remember another checkpoint."""
        others = (path for path in self.trained_models if path != checkpoint)
        self._set("trained_models", "\n".join(str(path) for path in (checkpoint, *others)))

    @property
    def training_choices(self) -> dict[str, str]:
        """The last values of the dialog for a new training, by the names of its fields."""
        keys = (key.removeprefix("training/") for key in self._store.allKeys() if key.startswith("training/"))
        return {key: self._text(f"training/{key}") for key in keys}

    @training_choices.setter
    def training_choices(self, value: dict[str, str]) -> None:
        for key, text in value.items():
            self._set(f"training/{key}", text)

    def flush(self) -> None:
        """Write to disk now; emits `write_failed` where that is not possible."""
        self._store.sync()
        has_failed = self._store.status() == QSettings.Status.AccessError or not self._store.isWritable()
        if has_failed and not self._has_failed:
            self._has_failed = True
            self.write_failed.emit(
                UserError(
                    f"Your settings cannot be saved in {self._store.fileName()}.",
                    "They last until Soundmark closes. Free some disk space, or make the folder writable.",
                )
            )

    def _set(self, key: str, value: QByteArray | str | int) -> None:
        if self._store.value(key) != value:
            self._store.setValue(key, value)
            self.flush()

    def _text(self, key: str) -> str:
        value = self._store.value(key, "")
        return value if isinstance(value, str) else str(value or "")

    def _one_of(self, key: str, choices: Iterable[str]) -> str:
        """A setting that must be one of `choices`; otherwise the first of them."""
        text, known = self._text(key), list(choices)
        return text if text in known else known[0]

    def _bytes(self, key: str) -> QByteArray:
        return value if isinstance(value := self._store.value(key), QByteArray) else QByteArray()
