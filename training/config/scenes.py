"""The settings of a recipe that say how sounds are mixed into scenes. Reads no file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from training.config.field_rules import Range, Share, ShareBelowOne, check_fields, refuse


@dataclass(frozen=True, slots=True)
class SceneSettings:
    """Scenes: several sounds at random levels and places over a noise floor, mixed anew for every step."""

    scenes: Annotated[int, Range(0, 10**9)] = 0
    """Scenes of an epoch; 0 trains on single clips as they are (see `AugmentationSettings`)."""
    sounds_per_10s: Annotated[float, Range(0, 100)] = 4.0
    """How many sounds begin in 10 s of a scene, on average."""
    single_share: Share = 0.3
    """Share of the scenes that hold one clip alone, as a file does."""
    empty_share: ShareBelowOne = 0.08
    """Share of the scenes in which nothing but the floor is heard."""
    highest_peak_db: Annotated[float, Range(-100, 0)] = -3.0
    """Peak of the loudest sounds, dBFS."""
    lowest_peak_db: Annotated[float, Range(-100, 0)] = -40.0
    """Peak of the softest sounds, dBFS."""
    highest_floor_db: Annotated[float, Range(-120, 0)] = -45.0
    """RMS of the loudest noise floors, dBFS."""
    lowest_floor_db: Annotated[float, Range(-120, 0)] = -85.0
    """RMS of the softest noise floors, dBFS."""
    floor_labels: tuple[str, ...] = ()
    """Names of labels whose clips are recordings of rooms in which nothing happens: clips of these labels alone are
    heard as floors, and no longer as sounds."""
    recorded_floor_share: Share = 0.35
    """Share of the scenes whose floor is such a recording, where there are any; the others' are made."""
    reverb_share: Share = 0.4
    """Share of the sounds that are heard in a reverberating room."""
    longest_reverb_s: Annotated[float, Range(0, 5)] = 0.6
    """Its longest reverberation time (RT60); the shortest is 0.1 s."""
    balance: Share = 0.5
    """How evenly labels are drawn: 0 draws every clip alike, 1 every label."""
    draw_by_teacher: bool = False
    """Of labels that few clips have, draw what a teacher of waveforms hears as well (see `training.scenes.drawing`)."""
    patch_loss: Annotated[float, Range(0, 1e6)] = 1.0
    """Weight of what a teacher of waveforms says of each of its patches (see `training.model.scene_loss`)."""
    embedding_loss: Annotated[float, Range(0, 1e6)] = 0.0
    """Weight of its embeddings."""
    teacher_labels: bool = False
    """Learn all the labels of that teacher beside those of the data."""

    def __post_init__(self) -> None:
        check_fields(self)
        refuse(
            self.lowest_peak_db > self.highest_peak_db or self.lowest_floor_db > self.highest_floor_db,
            "the lowest level of its sounds or of its floors lies above the highest",
            "lowest_peak_db and lowest_floor_db below highest_peak_db and highest_floor_db",
        )
        refuse(
            self.single_share + self.empty_share > 1,
            "more than all of its scenes are single clips or empty",
            "single_share and empty_share that add up to 1 or less",
        )
