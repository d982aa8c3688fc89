"""Refuses settings of different groups that contradict each other, before anything runs. Reads no file."""

from __future__ import annotations

from training.config.augmentation import AugmentationSettings
from training.config.data import DataSettings
from training.config.field_rules import refuse
from training.config.optimisation import OptimisationSettings
from training.config.start import StartSettings


def validate(
    start: StartSettings, data: DataSettings, optimisation: OptimisationSettings, augmentation: AugmentationSettings
) -> None:
    """Raise UsageError for a recipe that no run can follow; each group has checked itself before."""
    _check_cross_entropy(optimisation, augmentation)
    _check_frozen_model(start, data, optimisation)
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
