"""Says which labels are right for a sound: its own name, a synonym or a child of it in AudioSet's ontology, or, for
precision alone, a name above it.

The ontology is Google's, CC BY-SA 4.0; its file is read and never copied.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from core.labels import LabelSet, look_of

AUDIOSET_NAMES: dict[str, tuple[str, ...]] = {
    "airplane": ("Fixed-wing aircraft, airplane", "Aircraft", "Aircraft engine"),
    "breathing": ("Breathing",),
    "brushing_teeth": ("Toothbrush",),
    "can_opening": (),
    "car_horn": ("Vehicle horn, car horn, honking", "Air horn, truck horn"),
    "cat": ("Cat",),
    "chainsaw": ("Chainsaw",),
    "chirping_birds": ("Bird vocalization, bird call, bird song", "Bird"),
    "church_bells": ("Church bell", "Bell", "Change ringing (campanology)"),
    "clapping": ("Clapping", "Applause"),
    "clock_alarm": ("Alarm clock", "Beep, bleep"),
    "clock_tick": ("Tick", "Tick-tock", "Clock"),
    "coughing": ("Cough",),
    "cow": ("Cattle, bovinae",),
    "crackling_fire": ("Fire", "Crackle"),
    "crickets": ("Cricket",),
    "crow": ("Crow",),
    "crying_baby": ("Baby cry, infant cry", "Crying, sobbing"),
    "dog": ("Dog",),
    "door_wood_creaks": ("Creak", "Squeak"),
    "door_wood_knock": ("Knock", "Tap"),
    "drinking_sipping": (),
    "engine": ("Engine",),
    "fireworks": ("Fireworks",),
    "footsteps": ("Walk, footsteps",),
    "frog": ("Frog",),
    "glass_breaking": ("Shatter", "Breaking"),
    "hand_saw": ("Sawing",),
    "helicopter": ("Helicopter",),
    "hen": ("Cluck", "Chicken, rooster"),
    "insects": ("Insect",),
    "keyboard_typing": ("Computer keyboard", "Typing", "Typewriter"),
    "laughing": ("Laughter",),
    "mouse_click": ("Clicking",),
    "pig": ("Pig",),
    "pouring_water": ("Pour", "Water", "Fill (with liquid)"),
    "rain": ("Rain",),
    "rooster": ("Crowing, cock-a-doodle-doo", "Chicken, rooster"),
    "sea_waves": ("Waves, surf", "Ocean"),
    "sheep": ("Sheep",),
    "siren": ("Siren",),
    "sneezing": ("Sneeze",),
    "snoring": ("Snoring",),
    "thunderstorm": ("Thunderstorm",),
    "toilet_flush": ("Toilet flush",),
    "train": ("Train", "Rail transport"),
    "vacuum_cleaner": ("Vacuum cleaner",),
    "washing_machine": (),
    "water_drops": ("Drip",),
    "wind": ("Wind",),
}
"""ESC-50's classes by AudioSet's names. The first means the class itself, and its children count too; the others are
synonyms, or wider names that are all that somebody would say, and count alone. Three classes have no name there."""

BACKGROUND_NAMES = (
    "Silence",
    "Background noise",
    "Environmental noise",
    "Noise",
    "White noise",
    "Pink noise",
    "Hum",
    "Mains hum",
    "Static",
    "Tape hiss",
    "Air conditioning",
    "Mechanical fan",
    "Inside, small room",
    "Inside, large room or hall",
    "Inside, public space",
)
"""What a quiet room may be called: no false alarm. Names above these are none either."""


class Ontology:
    """Names, and what stands below and above each."""

    def __init__(self, below: dict[str, tuple[str, ...]]) -> None:
        """below: the children of each name."""
        self._below = below
        self._above: dict[str, list[str]] = {}
        for name, children in below.items():
            for child in children:
                self._above.setdefault(child, []).append(name)
        self.by_look = {look_of(name): name for name in below}

    @classmethod
    def read(cls, path: Path) -> Ontology:
        """From AudioSet's `ontology.json`."""
        rows = json.loads(path.read_text(encoding="utf-8"))
        names = {row["id"]: row["name"] for row in rows}
        return cls({row["name"]: tuple(names[child] for child in row["child_ids"]) for row in rows})

    def below(self, name: str) -> frozenset[str]:
        """The name, its children, theirs, and so on."""
        return _reached(name, self._below)

    def above(self, name: str) -> frozenset[str]:
        """The parents of the name, theirs, and so on, without the name."""
        return _reached(name, self._above) - {name}


def _reached(name: str, steps: dict[str, tuple[str, ...]] | dict[str, list[str]]) -> frozenset[str]:
    reached, open_names = set[str](), [name]
    while open_names:
        current = open_names.pop()
        if current not in reached:
            reached.add(current)
            open_names += steps.get(current, ())
    return frozenset(reached)


@dataclass(frozen=True, slots=True)
class RightSenses:
    """What may be shown for a sound. names: it is found. above: such a tag is not wrong, and finds nothing."""

    names: frozenset[str]
    above: frozenset[str]


def right_senses(ontology: Ontology, label: str) -> RightSenses:
    """For a class of ESC-50, by its own name too, as a sense of `senses_of`."""
    known = AUDIOSET_NAMES.get(label, ())
    names = frozenset(known) | frozenset(name for first in known[:1] for name in ontology.below(first)) | {label}
    above = frozenset(higher for name in known for higher in ontology.above(name))
    return RightSenses(names, above - names)


def senses_of(labels: LabelSet, ontology: Ontology) -> tuple[str, ...]:
    """What each label of a model means: an AudioSet name where there is one, else its own id."""
    return tuple(_sense(label.id, label.name, ontology) for label in labels)


def _sense(label_id: str, name: str, ontology: Ontology) -> str:
    named = AUDIOSET_NAMES.get(label_id)
    if named:
        return named[0]
    return ontology.by_look.get(look_of(name), label_id)


def background_senses(ontology: Ontology, names: Iterable[str] = BACKGROUND_NAMES) -> frozenset[str]:
    """All that may be said of a room in which nothing happens."""
    return frozenset(sense for name in names for sense in (name, *ontology.above(name)))
