"""The colour maps of the spectrogram, as a table of one 32-bit pixel for each byte."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray

from app.runtime.settings import COLOUR_MAPS
from app.spectrogram.history.column_history import CEILING_DB, FLOOR_DB


def pixel_table(name: str, low_db: float, high_db: float) -> NDArray[np.uint32]:
    """The pixel for each byte of a ColumnHistory, `(256,)` 0xffRRGGBB: `low_db` is darkest, `high_db` brightest."""
    levels_db = np.linspace(FLOOR_DB, CEILING_DB, 256)
    shades = np.clip((levels_db - low_db) / (high_db - low_db) * 255, 0, 255).astype(np.int64)
    return _shades(name)[shades]


@lru_cache(maxsize=len(COLOUR_MAPS))
def _shades(name: str) -> NDArray[np.uint32]:
    if name == "grey":
        return _pixels(np.repeat(np.arange(256)[:, None], 3, axis=1))
    colour_map = pg.colormap.get(name)
    assert colour_map is not None, f"pyqtgraph has no colour map {name!r}"
    return _pixels(np.asarray(colour_map.getLookupTable(nPts=256, alpha=False)))


def _pixels(rgb: NDArray[np.generic]) -> NDArray[np.uint32]:
    """Red, green and blue `(256, 3)` as 0xffRRGGBB `(256,)`."""
    return (rgb.astype(np.uint32) * np.array([1 << 16, 1 << 8, 1], np.uint32)).sum(1, np.uint32) | np.uint32(0xFF << 24)
