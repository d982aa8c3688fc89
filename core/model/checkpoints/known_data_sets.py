"""The data sets that AST was released on: their labels in order, their statistics and their windows. Knows no weights.

Statistics of the released code (github.com/YuanGongND/ast); the order of Speech Commands' words is that of its label
file, which is not the alphabet's.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass
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
    """The 527 labels; their ids are AudioSet's own, as "/m/09x0r" for Speech."""
    return LabelSet(tuple(Label(i, mid, name) for i, mid, name in _rows(asset_path("audioset_labels.csv"))))


def esc50_labels() -> LabelSet:
    """The 50 labels in the order of ESC-50's targets."""
    return LabelSet.from_ids(_ESC50.split())


def speech_commands_labels() -> LabelSet:
    """The 35 words in the order of the released AST."""
    return LabelSet.from_ids(_SPEECH_COMMANDS.split())


@dataclass(frozen=True, slots=True)
class KnownDataSet:
    """A data set of AST's. frames: its window. mean, std: of its raw log-mel, for (x - mean) / (2 * std).

    has_bce: whether AST learnt it with binary cross-entropy, hence sigmoid; else with cross-entropy, hence softmax.
    threshold: from which probability a label counts as heard, where nobody has fitted one: AudioSet's labels are rare
    and often missing, which keeps its models' probabilities low.
    """

    name: str
    n_labels: int
    frames: int
    mean: float
    std: float
    labels: Callable[[], LabelSet]
    has_bce: bool = True
    threshold: float = 0.5


AUDIOSET = KnownDataSet("AudioSet", 527, 1024, -4.2677393, 4.5689974, audioset_labels, threshold=0.3)
KNOWN_DATA_SETS = (
    AUDIOSET,
    KnownDataSet("ESC-50", 50, 512, -6.6268077, 5.358466, esc50_labels, has_bce=False),
    KnownDataSet("Speech Commands V2", 35, 128, -6.845978, 5.5654526, speech_commands_labels),
)


def data_set_with(n_labels: int) -> KnownDataSet | None:
    """The data set that has so many labels."""
    return next((one for one in KNOWN_DATA_SETS if one.n_labels == n_labels), None)


def unnamed_labels(n_labels: int) -> LabelSet:
    """ "Class 0", "Class 1", …: for models whose labels nobody knows."""
    return LabelSet.from_ids([f"class_{i}" for i in range(n_labels)])


def read_label_file(path: Path) -> LabelSet:
    """The labels of a `class_labels_indices.csv`: a header, then index, mid, display name. Raises UserError.

    AudioSet's mids stay as ids; those that AST's recipes made up for other data make way for the names.
    """
    rows = sorted(_rows(path))
    own = {label.id for label in audioset_labels()}
    if not rows or [index for index, _, _ in rows] != list(range(len(rows))):
        raise UserError(f"{path.name} does not count its labels from 0 on.", "Give every output of the model one line.")
    by_name = LabelSet.from_ids([name for _, _, name in rows])
    return LabelSet(tuple(Label(i, mid, name) if mid in own else by_name[i] for i, mid, name in rows))


def _rows(path: Path) -> list[tuple[int, str, str]]:
    """(index, mid, display name) of every line but the header."""
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            lines = [line for line in csv.reader(file, skipinitialspace=True) if line][1:]
        return [(int(index), mid, name.strip()) for index, mid, name in (line[:3] for line in lines)]
    except OSError as error:
        raise UserError(f"{path.name} cannot be read ({error.strerror}).", "Check the file of labels.") from error
    except (ValueError, csv.Error) as error:
        raise UserError(
            f"{path.name} is no list of labels ({error}).", "A line is index, mid, display name; the first is a header."
        ) from error
