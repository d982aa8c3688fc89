"""The scenes of a run by their place, as batches with the targets that the mixing knows and what a teacher hears."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from core.audio.frame_rate import FRAMES_PER_SECOND
from core.audio.log_mel import LogMel, LogMelConfig
from core.model.architecture import TransformerConfig
from core.model.networks.token_grid import column_times_s
from training.batches import augment
from training.batches.sampling import Batch, Place, SceneTargets
from training.batches.seeding import generator_for, seed_of
from training.config.augmentation import AugmentationSettings
from training.config.recipe import TrainConfig
from training.config.scenes import SceneSettings
from training.data.clip_frames import ClipFrames
from training.data.clip_sounds import ClipSounds
from training.scenes.activity import SILENT, SOUNDING, UNSURE, column_states
from training.scenes.drawing import ClipDrawer, clip_weights
from training.scenes.mixing import Scene, SceneMixer
from training.scenes.yamnet import Taught, Yamnet


@dataclass(frozen=True, slots=True)
class SceneClips:
    """The clips that scenes are mixed of."""

    sounds: ClipSounds
    """Their waveforms."""
    targets: NDArray[np.float32]
    """`(clips, labels)`, 1 where a clip has the label."""
    known: NDArray[np.bool_]
    """`(clips, labels)`, whether it is known that a clip has the label or not."""
    sample_rate: int = 16_000
    """Of the waveforms, Hz."""
    is_floor: NDArray[np.bool_] | None = None
    """`(clips,)`, the recordings of rooms in which nothing happens; None where there are none."""
    sources: NDArray[np.int64] | None = None
    """`(clips,)`, which data set each clip is from, counted from 0; None where all are from one."""
    drawn_as: NDArray[np.float32] | None = None
    """`(clips, labels)`, 1 where a clip is drawn for a label; None where that is `targets`."""

    @classmethod
    def of(
        cls,
        sounds: ClipSounds,
        clips: ClipFrames,
        learned: NDArray[np.bool_],
        sample_rate: int,
        floor_labels: NDArray[np.bool_],
        sources: NDArray[np.int64] | None = None,
    ) -> SceneClips:
        """Of one side of a split.

        learned: `(labels,)`, the labels that training clips have: of the others, which are a teacher's alone, nobody
        knows whether clips have them. floor_labels: `(labels,)`, those of recorded rooms.
        """
        known = np.broadcast_to(learned, clips.targets.shape).copy()
        if clips.unknown is not None:
            known &= ~clips.unknown
        has = np.asarray(clips.targets > 0)
        known[~has.any(axis=1)] = False
        is_floor = np.asarray(has.any(axis=1) & ~has[:, ~floor_labels].any(axis=1))
        return cls(sounds, clips.targets, known, sample_rate, is_floor if is_floor.any() else None, sources)

    def mixer(self, settings: SceneSettings, augmentation: AugmentationSettings) -> SceneMixer:
        """Mixes scenes of these clips."""
        floors = None if self.is_floor is None else ClipDrawer(self.sounds, self.is_floor.astype(np.float64))
        drawn_as = self.targets if self.drawn_as is None else self.drawn_as
        weights = clip_weights(drawn_as, settings.balance, self.sources)
        if self.is_floor is not None:
            weights[self.is_floor] = 0
        return SceneMixer(settings, augmentation, self.sample_rate, ClipDrawer(self.sounds, weights), floors)


class SceneBatches(Dataset[Batch]):
    """The batches of a run by their place, the same whoever asks and in whatever order.

    model: gives the times of the columns. teacher: hears exactly the waveforms that the student's frames are made of.
    """

    def __init__(
        self,
        clips: SceneClips,
        config: TrainConfig,
        log_mel: LogMelConfig,
        model: TransformerConfig,
        teacher: Yamnet | None,
    ) -> None:
        self._clips, self._config, self._model, self._teacher = clips, config, model, teacher
        self._log_mel = LogMel(log_mel)
        self._mixer = clips.mixer(config.scenes, config.augmentation)

    def __len__(self) -> int:
        """Batches an epoch."""
        return max(1, self._config.scenes.scenes // self._config.optimisation.batch_size)

    def __getitem__(self, place: Place) -> Batch:
        epoch, index = place
        seed, augmentation = self._config.running.seed, self._config.augmentation
        generator = generator_for(seed, "scenes", epoch, index)
        weights = torch.tensor(augmentation.length_weights)
        seconds = augmentation.lengths_s[int(torch.multinomial(weights, 1, generator=generator))]
        n_frames = round(seconds * FRAMES_PER_SECOND)
        n_samples = self._log_mel.config.samples_for(n_frames)
        scenes = [
            self._mixer.mix(n_samples, np.random.default_rng(seed_of(seed, "scene", epoch, index, row)))
            for row in range(self._config.optimisation.batch_size)
        ]
        x = torch.from_numpy(np.stack([self._log_mel(scene.samples) for scene in scenes]))
        x = self._masked(x, generator)
        x = (x - self._log_mel.config.mean) / (2 * self._log_mel.config.std)
        targets, detail = self._targets(scenes, n_frames)
        # A scene has several clips: the first stands for it in messages.
        clips = torch.tensor([scene.sounds[0].clip if scene.sounds else 0 for scene in scenes])
        return Batch(x, targets, clips, detail)

    def _masked(self, x: Tensor, generator: torch.Generator) -> Tensor:
        settings, mean = self._config.augmentation, self._log_mel.config.mean
        for _ in range(settings.masks_each):
            if settings.freq_masks:
                x = augment.mask(x, settings.freq_masks, 2, mean, generator)
            if settings.time_masks:
                x = augment.mask(x, settings.time_masks, 1, mean, generator)
        return x

    def _targets(self, scenes: list[Scene], n_frames: int) -> tuple[Tensor, SceneTargets]:
        centres_s = column_times_s(self._model, n_frames)
        stride = self._model.stride_frames
        states = np.stack([label_states(scene, self._clips, centres_s, stride) for scene in scenes])
        whole = window_states(states)
        taught = [_heard(self._teacher, scene) for scene in scenes] if self._teacher else []
        detail = SceneTargets(
            known=torch.from_numpy(whole != UNSURE),
            columns=torch.from_numpy(states),
            scores=torch.from_numpy(np.stack([said.scores for said in taught])) if taught else None,
            embeddings=torch.from_numpy(np.stack([said.embeddings for said in taught])) if taught else None,
        )
        return torch.from_numpy((whole == SOUNDING).astype(np.float32)), detail


def _heard(teacher: Yamnet, scene: Scene) -> Taught:
    """What a teacher hears in a scene: in one of nothing but a floor, no class, whatever it believes of a hum."""
    taught = teacher.hear(scene.samples)
    return taught if scene.sounds else replace(taught, scores=np.zeros_like(taught.scores))


def label_states(
    scene: Scene, clips: SceneClips, centres_s: NDArray[np.float64], stride_frames: int
) -> NDArray[np.int8]:
    """SOUNDING, SILENT or UNSURE of every label in every column, `(columns, labels)`.

    A label sounds where one of its clips does; it is silent where none does and every clip in the scene that can be
    heard at that time is known not to have it. Of the labels of a recorded floor nobody can say: it may lie too low.
    """
    states = np.full((len(centres_s), clips.targets.shape[1]), SILENT, np.int8)
    if scene.floor is not None:
        states[:, clips.targets[scene.floor] > 0] = UNSURE
    for sound in scene.sounds:
        heard = column_states(sound.state, centres_s, stride_frames)[:, None]
        has, known = clips.targets[sound.clip] > 0, clips.known[sound.clip]
        states[(states == SILENT) & (heard != SILENT) & ~known[None, :]] = UNSURE
        states[(states == SILENT) & (heard == UNSURE) & has[None, :]] = UNSURE
        states[(heard == SOUNDING) & has[None, :]] = SOUNDING
    return states


def window_states(columns: NDArray[np.int8]) -> NDArray[np.int8]:
    """The state of every label in whole windows, `(B, labels)`, of `(B, columns, labels)`: it sounds where it does in
    any column, and is silent where it is in all."""
    whole = np.full((columns.shape[0], columns.shape[2]), UNSURE, np.int8)
    whole[(columns == SILENT).all(axis=1)] = SILENT
    whole[(columns == SOUNDING).any(axis=1)] = SOUNDING
    return whole
