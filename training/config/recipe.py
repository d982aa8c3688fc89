"""A recipe as data: TrainConfig has its settings in seven groups, files have them side by side. Reads no file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from training.config.augmentation import AugmentationSettings
from training.config.checks import validate
from training.config.data import DataSettings
from training.config.field_rules import Setting, settings_of
from training.config.optimisation import OptimisationSettings
from training.config.result import ResultSettings
from training.config.running import RunningSettings
from training.config.scenes import SceneSettings
from training.config.start import StartSettings


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """All that decides a training run but the place of the data and the output folder.

    Recipes, `KEY=VALUE`, run folders, checkpoints and ledgers hold it flat, all settings side by side: see `from_flat`
    and `to_flat`."""

    name: str
    """The recipe's short name; the TOML file's unless it says otherwise."""
    title: str
    """What people read in menus."""
    start: StartSettings
    """The network, and the weights that it starts from."""
    summary: str = ""
    """One sentence for lists of recipes."""
    data: DataSettings = field(default_factory=DataSettings)
    """Which clips are trained on, and which are held out."""
    optimisation: OptimisationSettings = field(default_factory=OptimisationSettings)
    """How the weights are learned."""
    augmentation: AugmentationSettings = field(default_factory=AugmentationSettings)
    """How clips are cut, mixed and changed before."""
    scenes: SceneSettings = field(default_factory=SceneSettings)
    """How sounds are mixed into scenes."""
    result: ResultSettings = field(default_factory=ResultSettings)
    """What goes into the checkpoint."""
    running: RunningSettings = field(default_factory=RunningSettings)
    """How it runs on this machine."""

    def __post_init__(self) -> None:
        validate(self.start, self.data, self.optimisation, self.augmentation, self.scenes)

    @classmethod
    def from_flat(cls, settings: Mapping[str, Any]) -> TrainConfig:
        """A recipe from values of all groups side by side. Raises UsageError for values that no run can follow."""
        own = {name: value for name, value in settings.items() if name not in GROUP_OF}
        groups = {name: group(**_part(settings, name)) for name, group in GROUPS.items()}
        return cls(**own, **groups)

    def to_flat(self) -> dict[str, Any]:
        """The values of all groups side by side: what is stored in files and compared between runs."""
        own = {name: getattr(self, name) for name in settings_of(TrainConfig)}
        of_groups = {name: getattr(getattr(self, group), name) for name, group in GROUP_OF.items()}
        return own | of_groups

    def with_settings(self, **settings: Any) -> TrainConfig:
        """The same recipe with some settings changed, by their flat names. Raises UsageError as `from_flat`."""
        own = {name: value for name, value in settings.items() if name not in GROUP_OF}
        groups = {name: replace(getattr(self, name), **_part(settings, name)) for name in GROUPS}
        return replace(self, **own, **groups)


GROUPS: dict[str, type[Any]] = {
    "start": StartSettings,
    "data": DataSettings,
    "optimisation": OptimisationSettings,
    "augmentation": AugmentationSettings,
    "scenes": SceneSettings,
    "result": ResultSettings,
    "running": RunningSettings,
}
"""By the names of TrainConfig's fields."""

GROUP_OF: dict[str, str] = {name: group for group, kind in GROUPS.items() for name in settings_of(kind)}
"""The group of each setting but name, title and summary, which stand in TrainConfig itself."""


def _all_settings() -> Iterator[Setting]:
    for kind in (TrainConfig, *GROUPS.values()):
        yield from settings_of(kind).values()


SETTINGS: dict[str, Setting] = {setting.name: setting for setting in _all_settings()}
"""All that a recipe may say."""
DEFAULTS: dict[str, Any] = {name: setting.default for name, setting in SETTINGS.items()}
CHOICES: dict[str, tuple[str, ...]] = {name: setting.choices for name, setting in SETTINGS.items() if setting.choices}
"""The words that a setting may be; "" leaves it to the variant or the checkpoint."""

CHANGEABLE_ON_RESUME = (
    *("init", "teacher", "title", "summary", "threads", "merge_r", "licence", "limits", "drop_labels_below_bar"),
    *("evaluate_every", "save_every_s", "workers", "time_budget_min"),
)
"""Settings that a run may change when it is resumed: nothing that is still to be learned depends on them."""


def _part(settings: Mapping[str, Any], group: str) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if GROUP_OF.get(name) == group}
