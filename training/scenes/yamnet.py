"""YAMNet as a teacher: AudioSet's 521 classes and an embedding for every 0.48 s of a waveform.

The model is the file `yamnet.tflite` of the TensorFlow authors (Apache-2.0) with `yamnet_class_map.csv` beside it, run
by the package `ai-edge-litert`. A patch is 0.975 s long.
"""

from __future__ import annotations

import csv
import hashlib
import warnings
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import UserError
from core.labels import Label, LabelSet

SAMPLE_RATE = 16_000
PATCH_SAMPLES, HOP_SAMPLES = 15_600, 7_680
PATCH_S, HOP_S = PATCH_SAMPLES / SAMPLE_RATE, HOP_SAMPLES / SAMPLE_RATE
EMBEDDING_WIDTH = 1024
_EMBEDDING = "global_average_pooling2d/Mean"
_CLASSES = "yamnet_class_map.csv"


@dataclass(frozen=True, slots=True)
class Taught:
    """What a teacher of waveforms says of each patch."""

    scores: NDArray[np.float32]
    """Probabilities `(patches, classes)`."""
    embeddings: NDArray[np.float32]
    """`(patches, EMBEDDING_WIDTH)`, none below 0."""


class Yamnet:
    """The model in a file; it is opened where it is first used, so that copies work in other processes.

    Raises UserError where the file, its list of classes or the package is missing.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        classes = path.parent / _CLASSES
        for needed in (path, classes):
            if not needed.is_file():
                raise UserError(f"There is no file {needed.name} in {path.parent.name}.", "Give the path of YAMNet.")
        with classes.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        self.labels = LabelSet(tuple(Label(i, row["mid"], row["display_name"]) for i, row in enumerate(rows)))
        """Its classes: AudioSet's ids and names."""
        _import_interpreter()

    @property
    def facts(self) -> dict[str, Any]:
        """What the student's provenance records of it."""
        return {
            "name": "YAMNet",
            "variant": "yamnet",
            "content": hashlib.sha256(self._path.read_bytes()).hexdigest(),
            "data": "AudioSet",
            "test_folds": [],
            "went_on": False,
            "accuracy": None,
            "teachers": [],
        }

    def hear(self, samples: NDArray[np.float32]) -> Taught:
        """Scores and embeddings of each patch of float32 samples `(n,)` at 16 kHz; the last one may begin before the
        end of the one before, so that all is heard. Less than a patch is filled with zeros."""
        interpreter, source, scores, embedding = self._model
        padded = np.pad(samples, (0, max(0, PATCH_SAMPLES - len(samples))))
        said: list[tuple[NDArray[np.float32], NDArray[np.float32]]] = []
        for first in range(0, len(padded) - PATCH_SAMPLES + 1, HOP_SAMPLES):
            interpreter.set_tensor(source, padded[None, first : first + PATCH_SAMPLES])
            interpreter.invoke()
            said.append((interpreter.get_tensor(scores)[0].copy(), interpreter.get_tensor(embedding)[0].copy()))
        return Taught(np.stack([scored for scored, _ in said]), np.stack([embedded for _, embedded in said]))

    @cached_property
    def _model(self) -> tuple[Any, int, int, int]:
        """The interpreter, and the numbers of its input, scores and embedding."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns that all tensors are kept, which is what is wanted
            interpreter = _import_interpreter()(str(self._path), num_threads=1, experimental_preserve_all_tensors=True)
        interpreter.allocate_tensors()
        found = [tensor["index"] for tensor in interpreter.get_tensor_details() if _EMBEDDING in tensor["name"]]
        if not found:
            raise UserError(f"{self._path.name} is not YAMNet.", "Give the file yamnet.tflite.")
        source, scores = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
        return interpreter, source["index"], scores["index"], found[-1]

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in self.__dict__.items() if key != "_model"}


def _import_interpreter() -> Any:
    try:
        from ai_edge_litert.interpreter import Interpreter  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise UserError(
            "YAMNet needs the package ai-edge-litert, which is not installed.",
            "Install it with `uv pip install ai-edge-litert` (or `pip install ai-edge-litert`).",
        ) from error
    return Interpreter
