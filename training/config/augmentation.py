"""The settings of a recipe that say how clips are cut, mixed and changed before they are learned. Reads no file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from core.bounds import MOST_FRAMES, MOST_MELS
from training.config.field_rules import MOST_EPOCHS, Decibels, Range, Share, ShareBelowOne, check_fields, refuse


@dataclass(frozen=True, slots=True)
class AugmentationSettings:
    """Random changes of the training clips (see `training.batches.augment`). 0 leaves a change out."""

    lengths_s: Annotated[tuple[float, ...], Range(0.5, 10.24)] = (5.0,)
    """Lengths that clips are cut to; each batch draws one. A length beyond a clip's own joins clips."""
    length_weights: Annotated[tuple[float, ...], Range(0, 1e9)] = (1.0,)
    """How often each of `lengths_s` is drawn."""
    mixup: Share = 0.0
    """Share of the clips that are mixed with another one, in the power domain."""
    mixup_alpha: Annotated[float, Range(0, 1e3, includes_lowest=False)] = 0.4
    """The weight of a mix is drawn from Beta(alpha, alpha)."""
    mixup_fold: bool = True
    """Whether the clip itself always keeps the greater weight."""
    overlay: ShareBelowOne = 0.0
    """Share of the clips that get another one laid over them, with the labels of both."""
    overlay_db: Decibels = 10.0
    """The clip on top is up to so much softer."""
    gain_db: Decibels = 0.0
    """A random gain from -gain_db to 0."""
    noise_db: Decibels = 0.0
    """A noise floor, from 15 dB to noise_db under the loudest frame."""
    background: ShareBelowOne = 0.0
    """Share of the clips that are replaced by noise with no label, so that the model gives silence no label."""
    tilt_db: Decibels = 0.0
    """A random filter over frequency."""
    lowpass: ShareBelowOne = 0.0
    """Share of the clips that lose their high frequencies."""
    warp_time: ShareBelowOne = 0.0
    """Time is stretched or shrunk by up to this share."""
    warp_mels: Annotated[float, Range(0, MOST_MELS)] = 0.0
    """Frequency is shifted by up to so many mel bins."""
    time_masks: Annotated[int, Range(0, MOST_FRAMES)] = 0
    """Widest SpecAugment mask over time, in frames."""
    freq_masks: Annotated[int, Range(0, MOST_MELS)] = 0
    """Widest SpecAugment mask over frequency, in mel bins."""
    masks_each: Annotated[int, Range(1, 1000)] = 2
    """Number of masks over time, and of masks over frequency."""
    mask_fill: Literal["mean", "zero"] = "mean"
    """Masks hold the log-mel's "mean", or a raw "zero" as in the released code."""
    cell_noise: Annotated[float, Range(0, 1e3)] = 0.0
    """Noise on each cell of the log-mel (see `augment.cell_noise`)."""
    roll_frames: Annotated[int, Range(-1, MOST_FRAMES)] = -1
    """The clip is rolled in time by up to so many frames; -1 by any number."""
    ramp_epochs: Annotated[float, Range(0, MOST_EPOCHS)] = 0.0
    """All of this grows from nothing to its full strength over the first epochs: a young transformer that sees only
    distorted clips learns next to nothing from them."""

    def __post_init__(self) -> None:
        check_fields(self)
        refuse(
            not self.lengths_s or len(self.lengths_s) != len(self.length_weights),
            f"lengths_s has {len(self.lengths_s)} numbers and length_weights {len(self.length_weights)}",
            "at least one length, and one weight for each",
        )
