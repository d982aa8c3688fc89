"""Refuses settings of different groups that contradict each other, before anything runs. Reads no file."""

from __future__ import annotations

from training.config.augmentation import AugmentationSettings
from training.config.data import DataSettings
from training.config.field_rules import refuse
from training.config.optimisation import OptimisationSettings
from training.config.scenes import SceneSettings
from training.config.start import StartSettings


def validate(
    start: StartSettings,
    data: DataSettings,
    optimisation: OptimisationSettings,
    augmentation: AugmentationSettings,
    scenes: SceneSettings,
) -> None:
    """Raise UsageError for a recipe that no run can follow; each group has checked itself before."""
    _check_cross_entropy(optimisation, augmentation)
    _check_frozen_model(start, data, optimisation)
    _check_scenes(start, optimisation, scenes)
    refuse(
        bool(optimisation.average_epochs) and data.select == "best",
        "average_epochs averages over several epochs, and select = best chooses one",
        "one of the two",
    )


def _check_cross_entropy(optimisation: OptimisationSettings, augmentation: AugmentationSettings) -> None:
    if optimisation.loss != "ce":
        return
    refuse(
        augmentation.background > 0,
        "loss = ce cannot learn clips without a label, and background makes some",
        "loss = bce, or background = 0",
    )
    refuse(
        augmentation.overlay > 0,
        "loss = ce needs exactly one label a clip, and an overlay has two",
        "loss = bce, or mixup in place of overlay",
    )


def _check_scenes(start: StartSettings, optimisation: OptimisationSettings, scenes: SceneSettings) -> None:
    hears_waveforms = any(is_waveform_teacher(teacher) for teacher in optimisation.teacher)
    refuse(
        hears_waveforms and not scenes.scenes,
        "its teacher hears waveforms, and only scenes are mixed as waveforms",
        "scenes = 1600, or a checkpoint as the teacher",
    )
    refuse(
        scenes.teacher_labels and not hears_waveforms,
        "teacher_labels takes the labels of a teacher that hears waveforms, and there is none",
        "teacher = PATH/yamnet.tflite, or teacher_labels = false",
    )
    if not scenes.scenes:
        return
    refuse(
        optimisation.frame_loss <= 0 or optimisation.loss != "bce",
        "scenes teach when labels sound, which needs a frame head and independent labels",
        "loss = bce and a frame_loss above 0, or scenes = 0",
    )
    refuse(start.freeze, "scenes train the whole model, and freeze = true keeps it", "freeze = false, or scenes = 0")


def is_waveform_teacher(name: str) -> bool:
    """Whether a teacher's name is the file of a model that hears waveforms, YAMNet's."""
    return name.endswith(".tflite")


def _check_frozen_model(start: StartSettings, data: DataSettings, optimisation: OptimisationSettings) -> None:
    if not start.freeze:
        return
    refuse(
        optimisation.frame_loss > 0 and data.select == "best",
        "select = best chooses the epoch by the last layer, which freeze = true never changes",
        "select = last",
    )
    refuse(
        bool(optimisation.teacher),
        "freeze = true trains a new head, which learns from labels alone and not from a teacher",
        "freeze = false, or no teacher",
    )
