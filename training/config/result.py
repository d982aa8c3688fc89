"""The settings of a recipe that go into the checkpoint it makes. Reads no file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from training.config.field_rules import Range, check_fields


@dataclass(frozen=True, slots=True)
class ResultSettings:
    """The checkpoint's default schedule of token merging, and what its model card says."""

    merge_r: Annotated[int, Range(0, 1_000_000)] = 0
    """Tokens that each layer merges at the full window; fewer for shorter input."""
    merge_kind: Literal["constant", "decreasing"] = "constant"
    """"constant", or "decreasing" from 2r in the first layer to 0 in the last. Holds for `merge_r_training` too."""
    matcher: Literal["bipartite", "energy"] = "bipartite"
    """Which tokens are merged (see `MergeSchedule`). Holds for `merge_r_training` too."""
    drop_labels_below_bar: bool = False
    """Leave labels out of the checkpoint that no held-out clips or teacher vouch for: see
    `training.evaluation.label_bar`."""
    licence: str = ""
    """Licence of the data as a whole."""
    limits: str = ""
    """What the model cannot do, for its card."""

    def __post_init__(self) -> None:
        check_fields(self)
