"""Builds what a run's recipe trains on: single clips, or scenes with their loss."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from core.model.architecture import ModelConfig, TransformerConfig
from core.model.networks.token_grid import column_times_s
from training.batches.sampling import TrainingBatches
from training.config.recipe import TrainConfig
from training.data.run_data import RunData
from training.model.scene_loss import SceneLoss, TaughtLabels
from training.scenes.batches import SceneBatches, SceneClips
from training.scenes.drawing import drawn_by_teacher, sources_of
from training.scenes.yamnet import Yamnet

Batches = TrainingBatches | SceneBatches


def batches_of(
    config: TrainConfig, data: RunData, model: ModelConfig, teacher: Yamnet | None
) -> tuple[Batches, SceneLoss | None]:
    """The run's batches and, for scenes, their loss."""
    if data.sounds is None:
        return TrainingBatches(data.train, config, data.log_mel), None
    assert isinstance(model, TransformerConfig), "a recipe of scenes has a frame head, which a CNN cannot have"
    floor_labels = data.floor_labels(config.scenes.floor_labels)
    sources = sources_of(data.split.train)
    clips = SceneClips.of(data.sounds.train, data.train, data.learned, data.log_mel.sample_rate, floor_labels, sources)
    taught = None if teacher is None else TaughtLabels.of(data.manifest.labels, teacher.labels)
    if config.scenes.draw_by_teacher and teacher is not None and taught is not None:
        known = (taught.labels.numpy(), taught.classes.numpy())
        clips = replace(clips, drawn_as=drawn_by_teacher(clips.targets, clips.sounds, teacher, *known))
    loss = SceneLoss(config, taught, partial(column_times_s, model))
    return SceneBatches(clips, config, data.log_mel, model, teacher), loss
