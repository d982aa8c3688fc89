"""Runs YAMNet, the tagger that anybody can have: 521 classes of AudioSet, windows of 0.975 s every 0.48 s."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.listening.senses import Ontology
from benchmarks.listening.shown import ShownScores
from core.errors import UserError
from core.labels import look_of
from training.scenes import yamnet


class Yamnet:
    """YAMNet from a folder with `yamnet.tflite` and `yamnet_class_map.csv`. Raises UserError without them."""

    def __init__(self, folder: Path, ontology: Ontology) -> None:
        try:
            import ai_edge_litert.interpreter  # noqa: F401  # pyright: ignore[reportMissingImports, reportUnusedImport]
        except ImportError as error:
            raise UserError("ai-edge-litert is not installed.", "Run `uv sync --group benchmarks`.") from error
        self._model = yamnet.Yamnet(folder / "yamnet.tflite")
        self.senses = tuple(ontology.by_look.get(look_of(name), name) for name in self._model.labels.names)

    def listen(self, samples: NDArray[np.float32]) -> ShownScores:
        """Scores of every window in samples `(n,)` at 16 kHz, each known when its window has been heard."""
        scores = self._model.hear(samples).scores
        ends_s = (np.arange(len(scores)) * yamnet.HOP_SAMPLES + yamnet.PATCH_SAMPLES) / yamnet.SAMPLE_RATE
        return ShownScores(scores, ends_s, self.senses, len(samples) / yamnet.SAMPLE_RATE)
