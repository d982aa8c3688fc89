"""What the user knows about foreign weights that the files themselves do not say. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass

from core.errors import UserError
from core.labels import LabelSet


@dataclass(frozen=True, slots=True)
class ImportChoices:
    """What the user knows of foreign weights, where it is not in them. None, "": work it out.

    strides: of the patches (mel bins, frames). frames: of the window. labels: in the order of the outputs.
    name: what the model shall be called.
    """

    strides: tuple[int, int] | None = None
    frames: int | None = None
    labels: LabelSet | None = None
    name: str = ""


def fitting_labels(labels: LabelSet | None, n_labels: int) -> LabelSet | None:
    """The labels that the user gave. Raises UserError where the model has another number of outputs."""
    if labels is not None and len(labels) != n_labels:
        raise UserError(
            f"The file of labels has {len(labels)} of them, the model {n_labels} outputs.",
            "Give the list that the model was trained with.",
        )
    return labels
