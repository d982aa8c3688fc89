"""The table of AST checkpoints that its authors published. Imports no torch.

Released with Gong et al., arXiv:2104.01778; most of them are on the Hugging Face hub as well.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.errors import UserError


@dataclass(frozen=True, slots=True)
class PublishedModel:
    """A published checkpoint."""

    name: str
    """What `--model` calls it once it has been downloaded."""
    title: str
    """For menus."""
    data_set: str
    """What it was trained on."""
    repository: str
    """On the Hugging Face hub; "" if it has none."""
    file: str
    """The name of its authors' own file."""
    strides: tuple[int, int]
    """Of its patches (mel bins, frames)."""
    frames: int
    """Length of its window, 100 frames per second."""
    score: float
    """As published, on the data set's evaluation clips, from 0 to 1."""
    metric: str
    """What `score` is: "mAP" or "accuracy"."""
    summary: str
    """For menus, one line."""
    licence: str = "BSD-3-Clause"
    """SPDX identifier."""

    @property
    def can_be_downloaded(self) -> bool:
        """Whether the hub has it; otherwise its file has to be downloaded manually and imported."""
        return bool(self.repository)


def _audioset(stride: int, score: float, hub: str, summary: str, *, published: float | None = None) -> PublishedModel:
    """A row trained on all of AudioSet; published: the paper's figure, where it differs from the file name's."""
    places = f"{stride}-{stride}"
    return PublishedModel(
        name=f"ast-audioset-{places}-{score:.4f}",
        title=f"AST AudioSet {stride}/{stride} ({score:.4f})",
        data_set="AudioSet",
        repository=f"MIT/ast-finetuned-audioset-{places}-{hub}",
        file=f"audioset_{stride}_{stride}_{score:.4f}.pth",
        strides=(stride, stride),
        frames=1024,
        score=score if published is None else published,
        metric="mAP",
        summary=summary,
    )


PUBLISHED_MODELS: tuple[PublishedModel, ...] = (
    _audioset(10, 0.4593, "0.4593", "527 sounds; the best single AST, mean of its epochs' weights", published=0.4590),
    _audioset(10, 0.4495, "0.450", "527 sounds; first of three runs without the mean of weights"),
    _audioset(10, 0.4483, "0.448", "527 sounds; second of three runs without the mean of weights"),
    _audioset(10, 0.4475, "0.448-v2", "527 sounds; third of three runs without the mean of weights"),
    _audioset(12, 0.4467, "0.447", "527 sounds; fewer patches, about 1.5 times as fast as 10/10"),
    _audioset(14, 0.4431, "0.443", "527 sounds; fewer patches, about twice as fast as 10/10"),
    _audioset(16, 0.4422, "0.442", "527 sounds; patches without overlap, the fastest of them"),
    PublishedModel(
        name="ast-speechcommands-10-10-0.9812",
        title="AST Speech Commands 10/10 (0.9812)",
        data_set="Speech Commands V2",
        repository="MIT/ast-finetuned-speech-commands-v2",
        file="speechcommands_10_10_0.9812.pth",
        strides=(10, 10),
        frames=128,
        score=0.9812,
        metric="accuracy",
        summary="35 spoken words in windows of 1.28 s",
    ),
    PublishedModel(
        name="ast-audioset-bal-10-10-0.3499",
        title="AST AudioSet, balanced part, 10/10 (0.3499)",
        data_set="AudioSet, balanced part",
        repository="",
        file="audioset_bal_10_10_0.3499.pth",
        strides=(10, 10),
        frames=1024,
        score=0.3499,
        metric="mAP",
        summary="527 sounds, from the 22 000 balanced clips alone; manual download",
    ),
)


def find_published(name: str) -> PublishedModel:
    """The row called `name`. Raises UserError that lists the names."""
    for row in PUBLISHED_MODELS:
        if row.name == name:
            return row
    names = ", ".join(row.name for row in PUBLISHED_MODELS)
    raise UserError(f"There is no published model {name!r}.", f"Choose one of {names}.")
