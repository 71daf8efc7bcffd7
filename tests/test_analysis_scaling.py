"""A law is found again where the points follow one, and its range says how little few points say."""

from __future__ import annotations

import numpy as np
import pytest

from pcutils.analysis.scaling import Law, fit_law, fit_range, misfit, points_of
from pcutils.errors import DataError

TRUE = Law(floor=80.0, size_factor=40_000.0, size_power=0.5, data_factor=4_000.0, data_power=0.5)


def points(noise: float = 0.0) -> np.ndarray:
    random = np.random.default_rng(0)
    rows = [
        (size, traces, TRUE.bits(size, traces) * np.exp(noise * random.standard_normal()))
        for size in (7e4, 2e5, 6e5)
        for traces in (100, 400, 1600)
    ]
    return np.array(rows)


def test_a_law_without_noise_is_found_again() -> None:
    law = fit_law(points())
    assert misfit(law, points()) < 1e-3
    assert law.bits(1e8, 1e6) == pytest.approx(TRUE.bits(1e8, 1e6), rel=0.05)


def test_noise_widens_the_range_far_away_more_than_nearby() -> None:
    noisy = points(noise=0.03)
    far, near = fit_range(noisy, 1e8, 4e6), fit_range(noisy, 6e5, 1600)
    assert (far[1] - far[0]) / far[0] > 2 * (near[1] - near[0]) / near[0]
    assert far[0] <= fit_law(noisy).bits(1e8, 4e6) <= far[1]


def test_too_few_points_are_refused() -> None:
    with pytest.raises(DataError, match="4 points, expected at least 5"):
        fit_law(points()[:4])


def test_students_rows_do_not_count_as_size() -> None:
    cell = {"parameters": 700, "student_parameters": 200, "traces": 10, "bits": 50.0}
    assert points_of([cell]).tolist() == [[500.0, 10.0, 50.0]]
