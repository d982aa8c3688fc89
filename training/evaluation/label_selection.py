"""Takes labels out of a finished run before it is published: out of its network's last layers, its data and scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch

from core.model.networks.build import Network, build_network
from training.data.manifest import LabelledClip, Manifest, Split


def network_of_labels(network: Network, kept: Sequence[int]) -> Network:
    """The same network with the outputs `kept`, in that order: every layer whose rows are labels keeps these rows.

    float32, in evaluation mode, on the CPU.
    """
    config = replace(network.config, n_labels=len(kept))
    smaller = build_network(config)
    rows = torch.tensor(list(kept))
    weights = {}
    for name, tensor in smaller.state_dict().items():
        whole = network.state_dict()[name].cpu()
        weights[name] = whole if whole.shape == tensor.shape else whole[rows]
    smaller.load_state_dict(weights)
    return smaller.eval()


def manifest_of_labels(manifest: Manifest, kept: Sequence[int]) -> Manifest:
    """The same clips with the labels `kept`; one that had none of these is a clip of nothing known."""
    place = {old: new for new, old in enumerate(kept)}
    clips = tuple(_of_labels(clip, place) for clip in manifest.clips)
    return replace(manifest, labels=manifest.labels.keep(kept), clips=clips)


def split_of_labels(split: Split, kept: Sequence[int]) -> Split:
    """The same sides, with the labels `kept`."""
    place = {old: new for new, old in enumerate(kept)}
    sides = (tuple(_of_labels(clip, place) for clip in side) for side in (split.train, split.validation, split.test))
    return Split(*sides, n_left_out=split.n_left_out)


def _of_labels(clip: LabelledClip, place: dict[int, int]) -> LabelledClip:
    labels, unknown = (tuple(place[index] for index in some if index in place) for some in (clip.labels, clip.unknown))
    return replace(clip, labels=labels, unknown=unknown)
