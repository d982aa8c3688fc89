"""Cut and stretch of position grids, against golden values."""

from __future__ import annotations

import pytest
import torch

from core.model.networks.positions import fit_positions


def flat_index_grid(rows: int, columns: int) -> torch.Tensor:
    """Each cell holds its own flat index."""
    return torch.arange(rows * columns, dtype=torch.float32).reshape(rows, columns, 1)


@pytest.mark.parametrize(
    ("source", "target", "first_row", "last"),
    [
        ((24, 24), (12, 101), [144.0, 144.0, 144.0941, 144.3317], 431),
        ((24, 24), (12, 50), [144.0, 144.22, 144.70, 145.18], None),
        ((24, 24), (12, 12), [150, 151, 152, 153], 425),
        ((24, 24), (30, 30), [0, 0.7, 1.5, 2.3], None),
        ((12, 101), (12, 50), [25, 26, 27, 28], 1185),
        ((12, 101), (12, 12), [44, 45, 46, 47], 1166),
        ((12, 101), (12, 9), [46, 47, 48, 49], 1165),
        ((12, 101), (12, 200), [0, 0.2575, 0.7625, 1.2675], 1211),
        ((12, 101), (8, 50), [227, 228, 229, 230], 983),
    ],
)
def test_golden_grids(
    source: tuple[int, int], target: tuple[int, int], first_row: list[float], last: int | None
) -> None:
    fitted = fit_positions(flat_index_grid(*source), *target)
    assert fitted.shape == (*target, 1)
    torch.testing.assert_close(fitted[0, :4, 0], torch.tensor(first_row, dtype=torch.float32), atol=5e-3, rtol=0)
    if last is not None:
        assert fitted[-1, -1, 0].item() == pytest.approx(last, abs=1e-3)


def test_an_axis_that_is_too_short_may_repeat_the_nearest_position() -> None:
    fitted = fit_positions(flat_index_grid(24, 24), 12, 101, stretch="nearest")
    # Column j takes the old column floor(j * 24 / 101).
    assert fitted[0, :10, 0].tolist() == [144, 144, 144, 144, 144, 145, 145, 145, 145, 146]
    assert fitted[-1, -1, 0].item() == 431
    taller = fit_positions(flat_index_grid(12, 101), 30, 101, stretch="nearest")
    assert taller[:6, 0, 0].tolist() == [0, 0, 0, 101, 101, 202]
    assert torch.equal(
        fit_positions(flat_index_grid(24, 24), 12, 12, stretch="nearest"),
        fit_positions(flat_index_grid(24, 24), 12, 12),
    )


def test_the_same_size_changes_nothing() -> None:
    grid = torch.randn(8, 64, 3)
    assert torch.equal(fit_positions(grid, 8, 64), grid)


def test_a_cut_can_start_anywhere() -> None:
    grid = flat_index_grid(2, 10)
    assert fit_positions(grid, 2, 3, first_column=7)[0, :, 0].tolist() == [7, 8, 9]
    with pytest.raises(AssertionError, match="does not lie within"):
        fit_positions(grid, 2, 3, first_column=8)
