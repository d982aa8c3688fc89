"""Runs frozen teacher models on the student's batches (CMKD; Gong et al., arXiv:2203.06760).

Consistent teaching: a teacher gets exactly the frames that the student gets, after all augmentation; only the
normalisation is each model's own.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

from core.audio.log_mel import LogMelConfig
from core.errors import UserError
from core.labels import LabelSet
from core.model.checkpoints.checkpoint import Checkpoint, CheckpointConfig
from core.model.checkpoints.loading import load_checkpoint
from core.model.checkpoints.probabilities import ACTIVATIONS
from core.model.store.find import find_weights
from training.config.checks import is_waveform_teacher
from training.model.initialisation import MUST_BE_GIVEN
from training.model.zero_padding import ZeroPadding
from training.scenes.yamnet import Yamnet
from training.text import join_names


@dataclass(frozen=True, slots=True)
class TeacherFiles:
    """What a recipe's `teacher` names."""

    checkpoints: tuple[Checkpoint, ...] = ()
    """Models that hear the student's frames."""
    of_waveforms: Yamnet | None = None
    """A model that hears the waveforms that these frames are made of."""


def read_teachers(names: Sequence[str]) -> TeacherFiles:
    """The models that a recipe's `teacher` names: names of models, paths of checkpoints or of a .tflite file.

    Raises UserError.
    """
    if MUST_BE_GIVEN in names:
        raise UserError("This recipe needs a teacher.", "Add teacher=CHECKPOINT.")
    of_waveforms = [name for name in names if is_waveform_teacher(name)]
    if len(of_waveforms) > 1:
        raise UserError("Only one teacher can hear waveforms.", f"Leave out {join_names(of_waveforms[1:])}.")
    checkpoints = (load_checkpoint(find_weights(name)) for name in names if name not in of_waveforms)
    return TeacherFiles(tuple(checkpoints), Yamnet(Path(of_waveforms[0]).expanduser()) if of_waveforms else None)


class TrainedTeacher(Protocol):
    """What a student learns from: a checkpoint, which hears the student's frames (`Teacher`), or a model that hears the
    waveform that they are made of (`training.scenes.yamnet`)."""

    @property
    def facts(self) -> dict[str, Any]:
        """What the student's provenance records of it; `content` identifies it, and no path is in it."""
        ...


class Teacher:
    """A frozen model that predicts the student's labels.

    labels, log_mel: the student's. Raises UserError for a model that lacks one of these labels or takes other frames.
    """

    def __init__(self, checkpoint: Checkpoint, labels: LabelSet, log_mel: LogMelConfig) -> None:
        config = checkpoint.config
        self._columns = torch.tensor(_columns(config, labels))
        if not config.log_mel.makes_frames_of(log_mel):
            raise UserError(
                f"The teacher {config.name} takes another log-mel spectrogram than this run computes.",
                "Choose a teacher with the same sample rate, mel bins and window.",
            )
        self._mine, self._students, self._activation = config.log_mel, log_mel, config.activation
        window = config.model.max_frames if config.pad_to_window else 0
        self._padding = ZeroPadding.up_to(window, config.log_mel)
        self._network = checkpoint.build().requires_grad_(False)
        self._facts = facts_of(checkpoint)

    @property
    def facts(self) -> dict[str, Any]:
        """As `facts_of`."""
        return self._facts

    def to(self, device: torch.device) -> Teacher:
        """Itself, moved to `device`."""
        self._network, self._columns = self._network.to(device), self._columns.to(device)
        return self

    @torch.no_grad()
    def probabilities(self, log_mel: Tensor, kind: str, temperature: float) -> Tensor:
        """Uncalibrated ψ(Z / τ), float32 `(B, labels)`, of the student's normalised log-mel `(B, T, mels)`.

        kind: the student's loss. "ce": softmax over the student's labels; for a teacher with independent labels that is
        each label's probability given that exactly one of them is present. "bce": the teacher's own activation, over
        all of its labels.
        """
        logits = self._network(self._as_trained(log_mel)).float() / temperature
        if kind == "ce":
            return logits[:, self._columns].softmax(dim=-1)
        return ACTIVATIONS[self._activation](logits)[:, self._columns]

    def _as_trained(self, log_mel: Tensor) -> Tensor:
        """The student's frames in this teacher's normalisation, zero-padded where it was trained that way."""
        mine, students = self._mine, self._students
        if (mine.mean, mine.std) != (students.mean, students.std):
            log_mel = log_mel * (students.std / mine.std) + (students.mean - mine.mean) / (2 * mine.std)
        return self._padding.pad(log_mel)


class Teachers:
    """One or several teachers, whose probabilities are averaged.

    facts: of each, for the model card. contents: of each, to check that a resumed run has the same teachers.
    """

    def __init__(self, files: TeacherFiles, labels: LabelSet, log_mel: LogMelConfig, *, device: torch.device) -> None:
        self._teachers = [Teacher(checkpoint, labels, log_mel).to(device) for checkpoint in files.checkpoints]
        self.of_waveforms = files.of_waveforms
        every: list[TrainedTeacher] = [*self._teachers, *([files.of_waveforms] if files.of_waveforms else [])]
        self.facts = tuple(teacher.facts for teacher in every)
        self.contents = [str(facts["content"]) for facts in self.facts]

    def __len__(self) -> int:
        """How many hear frames."""
        return len(self._teachers)

    def probabilities(self, log_mel: Tensor, kind: str, temperature: float) -> Tensor:
        """The mean of `Teacher.probabilities`."""
        each = [teacher.probabilities(log_mel, kind, temperature) for teacher in self._teachers]
        return each[0] if len(each) == 1 else torch.stack(each).mean(dim=0)


def facts_of(checkpoint: Checkpoint) -> dict[str, Any]:
    """What the student's provenance records of a teacher and of its own teachers; no path."""
    config, provenance = checkpoint.config, checkpoint.config.provenance
    metrics = provenance.get("metrics")
    return {
        "name": config.name,
        "variant": config.variant,
        "content": content_of(checkpoint),
        "data": provenance.get("data"),
        "test_folds": provenance.get("test_folds", []),
        "went_on": provenance.get("started_from") is not None,
        "accuracy": metrics.get("accuracy") if isinstance(metrics, dict) else None,
        "teachers": provenance.get("teachers") or [],
    }


def content_of(checkpoint: Checkpoint) -> str:
    """SHA-256 of everything that determines a checkpoint's scores before calibration.

    It does not depend on the file, nor on settings that later versions add, as long as these have their defaults.
    """
    config = checkpoint.config
    ids = [label.id for label in config.labels]
    kind = type(config.model).__name__
    settings = [_unlike_defaults(config.model), _unlike_defaults(config.log_mel)]
    described = [kind, *settings, ids, config.activation, config.pad_to_window]
    digest = hashlib.sha256(json.dumps(described, sort_keys=True).encode())
    for name, tensor in sorted(checkpoint.weights.items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.contiguous().flatten().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def _unlike_defaults(settings: Any) -> dict[str, Any]:
    """The fields of a dataclass, and of nested ones, whose values differ from the defaults."""
    values = {field.name: getattr(settings, field.name) for field in fields(settings)}
    changed = {field.name: values[field.name] for field in fields(settings) if values[field.name] != field.default}
    return {name: _unlike_defaults(value) if is_dataclass(value) else value for name, value in changed.items()}


def _columns(config: CheckpointConfig, labels: LabelSet) -> list[int]:
    """The teacher's outputs of the student's labels, matched by id or by display name."""
    place = {label.name.lower(): label.index for label in config.labels}
    place |= {label.id: label.index for label in config.labels}
    found = [place.get(label.id, place.get(label.name.lower())) for label in labels]
    missing = [label.name for label, column in zip(labels, found, strict=True) if column is None]
    if missing:
        raise UserError(
            f"The teacher {config.name} lacks {len(missing)} of the {len(labels)} labels: {join_names(missing, 5)}.",
            "Choose a teacher that was trained on these labels.",
        )
    return [column for column in found if column is not None]
