"""Thresholds of the live view: where validation scenes have a label by its own figures, else by those of all labels."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from core.audio.log_mel import LogMelConfig
from core.inference.events import Event
from core.inference.live_view import LiveView
from core.model.networks.build import build_network
from core.model.networks.spectrogram_transformer import AudioSpectrogramTransformer
from core.model.variants import find_variant
from training.data.clip_sounds import ClipSounds
from training.scenes import live_thresholds
from training.scenes.batches import SceneClips
from training.scenes.live_thresholds import (
    GRID,
    LiveCounts,
    _peak_in_time,
    choose_thresholds,
    count_events,
    live_curve,
)

VIEW = LiveView(context_s=1.0, hop_s=0.5, newest_s=0.5)


def counts(right: list[int], wrong: list[int], n_sounds: int, hours: float = 1.0) -> LiveCounts:
    """Of one label; right and wrong at the first thresholds of the grid, nothing above them."""
    columns = [np.zeros((len(GRID), 1), np.int64) for _ in range(3)]
    for column, values in zip(columns, (right, wrong, right), strict=True):
        column[: len(values), 0] = values
    return LiveCounts(*columns, n_sounds=np.array([n_sounds]), on_floor=np.zeros_like(columns[0]), hours=hours)


def test_the_best_threshold_has_few_wrong_events_and_still_finds_most_sounds() -> None:
    [chosen] = choose_thresholds(counts([10, 10, 9, 2], [30, 1, 0, 0], n_sounds=10))
    assert chosen == pytest.approx(GRID[2])


def test_a_label_that_gives_false_alarms_gets_a_higher_threshold() -> None:
    [chosen] = choose_thresholds(counts([10, 10, 10, 1], [9, 9, 9, 0], n_sounds=10, hours=2.0))
    assert chosen == pytest.approx(GRID[3])


def test_a_label_that_is_heard_in_a_mere_floor_gets_a_higher_threshold() -> None:
    plain = counts([10, 10, 10, 1], [0, 0, 0, 0], n_sounds=10)
    plain.on_floor[:3] = 1
    assert choose_thresholds(plain) == pytest.approx(GRID[3])


def test_a_label_without_sounds_gets_the_threshold_of_all() -> None:
    known = counts([10, 10, 9], [30, 1, 0], n_sounds=10)
    both = LiveCounts(
        *(np.concatenate([part, np.zeros_like(part)], axis=1) for part in (known.right, known.wrong, known.found)),
        n_sounds=np.array([10, 0]),
        on_floor=np.zeros((len(GRID), 2), np.int64),
        hours=1.0,
    )
    assert choose_thresholds(both).tolist() == pytest.approx([GRID[2], GRID[2]])


@pytest.fixture(scope="module")
def network() -> AudioSpectrogramTransformer:
    torch.manual_seed(0)
    config = replace(find_variant("ast-tiny-16").with_labels(2), embed_dim=24, num_heads=3, depth=1, frame_head=True)
    built = build_network(config).eval()
    assert isinstance(built, AudioSpectrogramTransformer)
    return built


def test_the_curve_has_a_row_a_hop_from_the_first_whole_window_on(network: AudioSpectrogramTransformer) -> None:
    samples = np.random.default_rng(0).standard_normal(3 * 16_000).astype(np.float32) * 0.1
    curve, stops_s = live_curve(network, LogMelConfig(), samples, VIEW)
    assert stops_s.tolist() == pytest.approx([1.0, 1.5, 2.0, 2.5])
    assert curve.shape == (4, 2)
    assert ((curve > 0) & (curve < 1)).all()


def test_what_is_counted_follows_the_scenes(
    network: AudioSpectrogramTransformer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_thresholds, "N_SCENES", 3)
    monkeypatch.setattr(live_thresholds, "N_FLOORS", 1)
    monkeypatch.setattr(live_thresholds, "SCENE_S", 6.0)
    tone = (np.sin(np.arange(8000) * 0.3) * 9000).astype("<i2")
    (tmp_path / "sounds.i16").write_bytes(np.concatenate([tone, tone]).tobytes())
    sounds = ClipSounds(tmp_path / "sounds.i16", np.array([0, 8000, 16_000]))
    clips = SceneClips(sounds, np.eye(2, dtype=np.float32), np.ones((2, 2), bool))
    always = LiveView(context_s=1.0, hop_s=0.5, newest_s=0.5, lasts_share=0.0)
    found = count_events(network, LogMelConfig(), clips, always, None, seed=0)
    assert found.n_sounds.sum() > 0
    assert found.hours == pytest.approx(3 * 6 / 3600)
    # With a threshold that everything reaches, every sound is found.
    lowest = count_events(_sure_of_everything(network), LogMelConfig(), clips, always, None, seed=0)
    assert lowest.found[0].tolist() == lowest.n_sounds.tolist()
    assert lowest.n_sounds.tolist() == found.n_sounds.tolist()
    assert (lowest.on_floor[0] == 1).all()


def test_a_sound_that_is_named_late_is_not_found() -> None:
    stops_s = np.arange(1, 21) / 4
    curve = np.where(stops_s >= 3.5, 0.9, 0.2).astype(np.float32)
    assert _peak_in_time(curve, stops_s, Event(0, 1.0, 4.5, 1.0)) == pytest.approx(0.2)
    assert _peak_in_time(curve, stops_s, Event(0, 1.75, 4.5, 1.0)) == pytest.approx(0.9)
    # Nor is one that is named after its end.
    assert _peak_in_time(curve, stops_s, Event(0, 1.75, 2.5, 1.0)) == pytest.approx(0.2)
    assert _peak_in_time(curve, stops_s, Event(0, 7.0, 8.0, 1.0)) == 0.0


def _sure_of_everything(network: AudioSpectrogramTransformer) -> AudioSpectrogramTransformer:
    import copy

    sure = copy.deepcopy(network)
    assert sure.frame_head is not None
    torch.nn.init.constant_(sure.frame_head[1].bias, 20.0)  # pyright: ignore[reportArgumentType]
    return sure
