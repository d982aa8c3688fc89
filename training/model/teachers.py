"""Trained models that answer to the student's own batches (CMKD; Gong et al., arXiv:2203.06760). They learn nothing.

Consistent teaching: a teacher hears the very frames that the student hears, after all augmentation; only the
normalisation is each model's own.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from typing import Any

import torch
from torch import Tensor

from core.audio.log_mel import LogMelConfig
from core.errors import UserError
from core.inference.tagger import find_weights
from core.labels import LabelSet
from core.model.checkpoints.checkpoint import ACTIVATIONS, Checkpoint, CheckpointConfig, load_checkpoint
from training.model.initialisation import MUST_BE_GIVEN
from training.model.zero_padding import ZeroPadding
from training.text import listed


def read_teachers(names: Sequence[str]) -> tuple[Checkpoint, ...]:
    """The checkpoints that a recipe's `teacher` names: rows of MODEL_VARIANTS with weights, or paths. Raises
    UserError."""
    if MUST_BE_GIVEN in names:
        raise UserError("This recipe learns from a teacher, and none is given.", "Add teacher=CHECKPOINT.")
    return tuple(load_checkpoint(find_weights(name)) for name in names)


class Teacher:
    """A frozen model that answers in the student's labels.

    labels, log_mel: the student's. Raises UserError for a model that lacks one of these labels or hears other frames.
    """

    def __init__(self, checkpoint: Checkpoint, labels: LabelSet, log_mel: LogMelConfig) -> None:
        config = checkpoint.config
        self._columns = torch.tensor(_columns(config, labels))
        if not config.log_mel.makes_frames_of(log_mel):
            raise UserError(
                f"The teacher {config.name} hears another log-mel than this run makes of its clips.",
                "Choose a teacher with the same sample rate, mel bins and window.",
            )
        self._mine, self._students, self._activation = config.log_mel, log_mel, config.activation
        window = config.model.max_frames if config.pad_to_window else 0
        self._padding = ZeroPadding.up_to(window, config.log_mel)
        self._network = checkpoint.build().requires_grad_(False)
        self.facts = facts_of(checkpoint)

    def to(self, device: torch.device) -> Teacher:
        """Itself, moved."""
        self._network, self._columns = self._network.to(device), self._columns.to(device)
        return self

    @torch.no_grad()
    def probabilities(self, log_mel: Tensor, kind: str, temperature: float) -> Tensor:
        """ψ(Z / τ), float32 `(B, labels)`, of the student's normalised log-mel `(B, T, mels)`; not calibrated.

        kind: the student's loss. "ce" asks which of its labels it is: softmax over these; of a teacher whose labels
        do not exclude each other, that is the probability of each, were exactly one of them there. "bce" asks for each
        by itself: the teacher's own activation, over all that it knows.
        """
        logits = self._network(self._as_trained(log_mel)).float() / temperature
        if kind == "ce":
            return logits[:, self._columns].softmax(dim=-1)
        return ACTIVATIONS[self._activation](logits)[:, self._columns]

    def _as_trained(self, log_mel: Tensor) -> Tensor:
        """The student's frames under this teacher's normalisation, filled up with zero frames where it learnt so."""
        mine, students = self._mine, self._students
        if (mine.mean, mine.std) != (students.mean, students.std):
            log_mel = log_mel * (students.std / mine.std) + (students.mean - mine.mean) / (2 * mine.std)
        return self._padding.pad(log_mel)


class Teachers:
    """One or several teachers with one voice: the mean of their probabilities.

    facts: of each, for the card. contents: of each, what a run that goes on must find again.
    """

    def __init__(
        self, checkpoints: Sequence[Checkpoint], labels: LabelSet, log_mel: LogMelConfig, *, device: torch.device
    ) -> None:
        self._teachers = [Teacher(one, labels, log_mel).to(device) for one in checkpoints]
        self.facts = tuple(one.facts for one in self._teachers)
        self.contents = [str(one["content"]) for one in self.facts]

    def __len__(self) -> int:
        return len(self._teachers)

    def probabilities(self, log_mel: Tensor, kind: str, temperature: float) -> Tensor:
        """As of one `Teacher`."""
        answers = [one.probabilities(log_mel, kind, temperature) for one in self._teachers]
        return answers[0] if len(answers) == 1 else torch.stack(answers).mean(dim=0)


def facts_of(checkpoint: Checkpoint) -> dict[str, Any]:
    """What the student's provenance says of a teacher, and of those that it learnt from itself; no path."""
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
    """SHA-256 of all that decides a checkpoint's answers before calibration: the same wherever and in whichever file
    it lies, and whatever settings with defaults later versions bring."""
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
    """The fields of a dataclass, and of those within it, that are not as they are by default."""
    values = {one.name: getattr(settings, one.name) for one in fields(settings)}
    told = {one.name: values[one.name] for one in fields(settings) if values[one.name] != one.default}
    return {name: _unlike_defaults(one) if is_dataclass(one) else one for name, one in told.items()}


def _columns(config: CheckpointConfig, labels: LabelSet) -> list[int]:
    """Where the teacher's outputs have the student's labels: by id, or by the name that people read."""
    place = {label.name.lower(): label.index for label in config.labels}
    place |= {label.id: label.index for label in config.labels}
    found = [place.get(label.id, place.get(label.name.lower())) for label in labels]
    missing = [label.name for label, one in zip(labels, found, strict=True) if one is None]
    if missing:
        raise UserError(
            f"The teacher {config.name} knows nothing of {len(missing)} of the {len(labels)} labels: "
            f"{listed(missing, 5)}.",
            "Choose a teacher that was trained with these labels.",
        )
    return [one for one in found if one is not None]
