"""The data sets that published ASTs were trained on: labels in order, statistics and windows.

The statistics are those of the released code (github.com/YuanGongND/ast); the order of Speech Commands' words is that
of its label file, which is not alphabetical.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from core.errors import UserError
from core.labels import Label, LabelSet
from core.program import asset_path

_SPEECH_COMMANDS = """
backward follow five bed zero on learn two house tree dog stop seven eight down six forward cat right visual four wow
no nine off three left marvin yes up sheila happy bird go one
"""
_ESC50 = """
dog rooster pig cow frog cat hen insects sheep crow rain sea_waves crackling_fire crickets chirping_birds water_drops
wind pouring_water toilet_flush thunderstorm crying_baby sneezing clapping breathing coughing footsteps laughing
brushing_teeth snoring drinking_sipping door_wood_knock mouse_click keyboard_typing door_wood_creaks can_opening
washing_machine vacuum_cleaner clock_alarm clock_tick glass_breaking helicopter chainsaw siren car_horn engine train
church_bells airplane fireworks hand_saw
"""


@cache
def audioset_labels() -> LabelSet:
    """AudioSet's 527 labels with their parents; ids are AudioSet's own, such as "/m/09x0r" for Speech."""
    above = _audioset_parents()
    rows = _rows(asset_path("audioset_labels.csv"))
    return LabelSet(tuple(Label(i, mid, name, above.get(mid, ())) for i, mid, name in rows))


def with_audioset_parents(labels: LabelSet) -> LabelSet:
    """The same labels; those with AudioSet's ids and no parents get AudioSet's, as far as these are labels here."""
    places = {label.id: label.index for label in audioset_labels()}
    here = [places[label.id] for label in labels if label.id in places]
    parents = {label.id: label.parents for label in audioset_labels().keep(here)} if here else {}
    return LabelSet(tuple(replace(label, parents=label.parents or parents.get(label.id, ())) for label in labels))


def esc50_labels() -> LabelSet:
    """ESC-50's 50 labels in the order of its targets."""
    return LabelSet.from_ids(_ESC50.split())


def speech_commands_labels() -> LabelSet:
    """Speech Commands' 35 words in the order of the released AST."""
    return LabelSet.from_ids(_SPEECH_COMMANDS.split())


@dataclass(frozen=True, slots=True)
class KnownDataSet:
    """A data set that AST was published for."""

    name: str
    """What people call it."""
    n_labels: int
    """Number of labels."""
    frames: int
    """Length of the window, 100 frames per second."""
    mean: float
    """Of its raw log-mel, for (x - mean) / (2 * std)."""
    std: float
    """Of its raw log-mel."""
    labels: Callable[[], LabelSet]
    """Makes the labels, in the order of the outputs."""
    has_bce: bool = True
    """Whether AST was trained with binary cross-entropy, hence sigmoid; else with cross-entropy, hence softmax."""
    threshold: float = 0.5
    """The probability from which a label counts as detected if none was fitted. AudioSet's labels are rare and often
    missing, which keeps its models' probabilities low."""


AUDIOSET = KnownDataSet("AudioSet", 527, 1024, -4.2677393, 4.5689974, audioset_labels, threshold=0.3)
KNOWN_DATA_SETS = (
    AUDIOSET,
    KnownDataSet("ESC-50", 50, 512, -6.6268077, 5.358466, esc50_labels, has_bce=False),
    KnownDataSet("Speech Commands V2", 35, 128, -6.845978, 5.5654526, speech_commands_labels),
)


def data_set_with(n_labels: int) -> KnownDataSet | None:
    """The data set with that number of labels."""
    return next((data_set for data_set in KNOWN_DATA_SETS if data_set.n_labels == n_labels), None)


def unnamed_labels(n_labels: int) -> LabelSet:
    """ "Class 0", "Class 1", …: for models with unknown labels."""
    return LabelSet.from_ids([f"class_{i}" for i in range(n_labels)])


def read_label_file(path: Path) -> LabelSet:
    """Read a `class_labels_indices.csv`: a header, then index, mid, display name. Raises UserError.

    AudioSet's mids are used as ids; for the mids that AST's recipes made up for other data, the names are used.
    """
    rows = sorted(_rows(path))
    own = {label.id for label in audioset_labels()}
    if not rows or [index for index, _, _ in rows] != list(range(len(rows))):
        raise UserError(
            f"{path.name} does not number its labels from 0.", "Write one line for each output of the model."
        )
    by_name = LabelSet.from_ids([name for _, _, name in rows])
    return with_audioset_parents(
        LabelSet(tuple(Label(i, mid, name) if mid in own else by_name[i] for i, mid, name in rows))
    )


def _audioset_parents() -> dict[str, tuple[str, ...]]:
    """By mid; see assets/README.md."""
    with asset_path("audioset_parents.csv").open(newline="", encoding="utf-8") as file:
        return {row["mid"]: tuple(row["parents"].split("|")) for row in csv.DictReader(file)}


def _rows(path: Path) -> list[tuple[int, str, str]]:
    """(index, mid, display name) of every line but the header."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            lines = [line for line in csv.reader(file, skipinitialspace=True) if line][1:]
        return [(int(index), mid, name.strip()) for index, mid, name in (line[:3] for line in lines)]
    except OSError as error:
        raise UserError(f"{path.name} cannot be read ({error.strerror}).", "Check the label file.") from error
    except (ValueError, csv.Error) as error:
        raise UserError(
            f"{path.name} is not a list of labels ({error}).",
            "Each line is index, mid, display name; the first is a header.",
        ) from error
