"""The settings of a recipe that say which clips are trained on, and which are held out. Reads no file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from training.config.field_rules import Range, ShareBelowOne, check_fields, refuse


@dataclass(frozen=True, slots=True)
class DataSettings:
    """What is done with the clips of the data folder."""

    collection: str = ""
    """Name of a file in training/collections, or the path of one, that joins several data sets; "" for one data set."""
    licences: tuple[str, ...] = ()
    """Kinds of licence, such as cc0, cc-by, cc-by-sa, public-domain, that clips may have; none for any. Clips of other
    kinds are left out: see `training.data.licences`."""
    test_folds: tuple[str, ...] = ("5",)
    """Folds that are held out: reported at the end, never trained on."""
    validation_folds: tuple[str, ...] = ()
    """Folds that choose the epoch, the thresholds and the calibration."""
    validation_share: ShareBelowOne = 0.0
    """The same without folds: this share of the training recordings."""
    select: Literal["last", "best"] = "last"
    """Which weights are kept: of the last epoch, or of the best one on the validation clips."""
    mean: Annotated[float, Range(-1e6, 1e6)] = 0.0
    """Mean of the raw log-mel, for its normalisation; counts only where `std` is set."""
    std: Annotated[float, Range(0, 1e6)] = 0.0
    """Standard deviation of the raw log-mel; 0 takes the checkpoint's, or measures the training clips."""
    sampler: Literal["shuffle", "weighted", "capped"] = "shuffle"
    """"shuffle" takes every clip once an epoch; "weighted" draws with replacement by inverse label count, as AST does;
    "capped" takes each clip at most once, and at most about `clips_per_label` of a label."""
    clips_per_label: Annotated[int, Range(1, 10**9)] = 60
    """For the sampler "capped"."""

    def __post_init__(self) -> None:
        check_fields(self)
        both = sorted(set(self.test_folds) & set(self.validation_folds))
        refuse(
            bool(both),
            f"fold {', '.join(both)} is both in test_folds and in validation_folds",
            "each fold for one of them",
        )
        refuse(
            self.select == "best" and not (self.validation_folds or self.validation_share),
            "select = best chooses the epoch on validation clips, and there are none",
            "select = last, or set validation_folds or validation_share",
        )
