"""The colour maps: from dark to light, one pixel for each byte."""

from __future__ import annotations

import numpy as np
import pytest

from app.spectrogram.picture.colour_maps import COLOUR_MAPS, pixel_table


@pytest.mark.parametrize("name", COLOUR_MAPS)
def test_every_colour_map_grows_lighter_from_quiet_to_loud(name: str) -> None:
    table = pixel_table(name, -45, 30)
    assert table.shape == (256,)
    assert np.all(table >> 24 == 0xFF)
    red, green, blue = (table >> 16 & 255), (table >> 8 & 255), (table & 255)
    luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    assert luma[0] < 60 < 150 < luma[-1]
    assert np.all(np.diff(luma) > -1.5)
