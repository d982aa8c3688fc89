"""What the user says about foreign weights, where the files do not. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass

from core.errors import UserError
from core.labels import LabelSet


@dataclass(frozen=True, slots=True)
class ImportChoices:
    """Facts about foreign weights, given by the user; None or "" means: work it out.

    strides: of the patches (mel bins, frames). frames: of the window. labels: in the order of the outputs.
    name: what to call the model.
    """

    strides: tuple[int, int] | None = None
    frames: int | None = None
    labels: LabelSet | None = None
    name: str = ""


def fitting_labels(labels: LabelSet | None, n_labels: int) -> LabelSet | None:
    """The labels that the user gave. Raises UserError if the model has another number of outputs."""
    if labels is not None and len(labels) != n_labels:
        raise UserError(
            f"The label file has {len(labels)} labels, but the model has {n_labels} outputs.",
            "Give the list of labels that the model was trained with.",
        )
    return labels
