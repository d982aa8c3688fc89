"""Runs YAMNet, the tagger that anybody can have: 521 classes of AudioSet, windows of 0.975 s every 0.48 s."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.listening.senses import Ontology
from benchmarks.listening.shown import ShownScores
from core.audio.resample import MODEL_SAMPLE_RATE as SAMPLE_RATE
from core.errors import UserError
from core.labels import look_of

WINDOW, HOP = 15_600, 7_680


class Yamnet:
    """YAMNet from a folder with `yamnet.tflite` and `yamnet_class_map.csv`."""

    def __init__(self, folder: Path, ontology: Ontology) -> None:
        try:
            from ai_edge_litert.interpreter import Interpreter  # pyright: ignore[reportMissingImports]
        except ImportError as error:
            raise UserError("ai-edge-litert is not installed.", "Run `uv sync --group benchmarks`.") from error
        self._interpreter = Interpreter(model_path=str(folder / "yamnet.tflite"), num_threads=1)
        self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._output = self._interpreter.get_output_details()[0]["index"]
        with (folder / "yamnet_class_map.csv").open(newline="", encoding="utf-8") as file:
            names = [row["display_name"] for row in csv.DictReader(file)]
        self.senses = tuple(ontology.by_look.get(look_of(name), name) for name in names)

    def listen(self, samples: NDArray[np.float32]) -> ShownScores:
        """Scores of every window in samples `(n,)` at 16 kHz, each known when its window has been heard."""
        starts = range(0, len(samples) - WINDOW + 1, HOP)
        scores = np.stack([self._scores(samples[start : start + WINDOW]) for start in starts])
        ends_s = (np.array(starts) + WINDOW) / SAMPLE_RATE
        return ShownScores(scores, ends_s, self.senses, len(samples) / SAMPLE_RATE)

    def _scores(self, window: NDArray[np.float32]) -> NDArray[np.float32]:
        wanted = self._interpreter.get_input_details()[0]["shape"]
        self._interpreter.set_tensor(self._input, window.reshape(wanted))
        self._interpreter.invoke()
        return self._interpreter.get_tensor(self._output).reshape(-1).copy()
