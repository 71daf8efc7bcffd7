"""A law through a measured scaling curve, and the range of what it says far away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from pcutils.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

UNKNOWNS = 5
_STARTS = tuple(product((0.2, 0.6), (0.2, 0.6), (0.3, 0.8)))


@dataclass(frozen=True)
class Law:
    """Bits a trace as a floor and two powers.

    Parameters
    ----------
    floor : float
        Bits that no network and no amount of traces would save.
    size_factor, size_power : float
        Of the parameters.
    data_factor, data_power : float
        Of the traces.

    Notes
    -----
    The form of Hoffmann et al. 2022, section 3.3, with traces in place of tokens.
    """

    floor: float
    size_factor: float
    size_power: float
    data_factor: float
    data_power: float

    def bits(self, parameters: float, traces: float) -> float:
        """Say how many bits a trace costs.

        Examples
        --------
        >>> Law(10.0, 100.0, 0.5, 50.0, 1.0).bits(parameters=100, traces=10)
        25.0
        """
        return float(
            self.floor
            + self.size_factor * parameters**-self.size_power
            + self.data_factor * traces**-self.data_power
        )


def points_of(cells: Sequence[Mapping[str, float]]) -> NDArray[np.float64]:
    """Take what the law is about from the cells of a record.

    Parameters
    ----------
    cells : sequence of mapping
        With ``parameters``, ``student_parameters``, ``traces`` and ``bits``.

    Returns
    -------
    ndarray of float64, shape (n, 3)
        Parameters without the students' table, traces, bits.
    """
    return np.array(
        [(cell["parameters"] - cell["student_parameters"], cell["traces"], cell["bits"]) for cell in cells],
        dtype=np.float64,
    )


def fit_law(points: NDArray[np.float64]) -> Law:
    """Find the law that is nearest to the points, by the squares of the logarithms.

    Parameters
    ----------
    points : ndarray of float64, shape (n, 3)
        From :func:`points_of`.

    Returns
    -------
    Law
        With no negative part.

    Raises
    ------
    DataError
        If there are fewer points than unknowns.
    """
    from scipy.optimize import least_squares

    if len(points) < UNKNOWNS:
        raise DataError(f"{len(points)} points", f"at least {UNKNOWNS}, one for each unknown of the law")
    parameters, traces, bits = points.T
    size, data = parameters / parameters.min(), traces / traces.min()

    def far(guess: NDArray[np.float64]) -> NDArray[np.float64]:
        floor, size_part, size_power, data_part, data_power = guess
        return np.log(floor + size_part * size**-size_power + data_part * data**-data_power) - np.log(bits)

    low, high = bits.min(), bits.max()
    bounds = [1e-6, 1e-6, 0.01, 1e-6, 0.01], [low, 10 * high, 2.0, 10 * high, 2.0]
    starts = [
        (share * low, high / 4, size_power, high / 2, data_power) for share, size_power, data_power in _STARTS
    ]
    found = min((least_squares(far, start, bounds=bounds) for start in starts), key=lambda one: one.cost)
    floor, size_part, size_power, data_part, data_power = map(float, found.x)
    return Law(
        floor,
        size_part * float(parameters.min()) ** size_power,
        size_power,
        data_part * float(traces.min()) ** data_power,
        data_power,
    )


def fit_range(points: NDArray[np.float64], parameters: float, traces: float) -> tuple[float, float]:
    """Say between which bits the law ends far away, when each point in turn is left out.

    Parameters
    ----------
    points : ndarray of float64, shape (n, 3)
        From :func:`points_of`.
    parameters, traces : float
        Where to.

    Returns
    -------
    low, high : float
        The smallest and the largest value, that of all points included. It shows how much hangs on single
        points; that the law holds so far away, nothing shows.
    """
    laws = [fit_law(points), *(fit_law(np.delete(points, place, axis=0)) for place in range(len(points)))]
    values = [law.bits(parameters, traces) for law in laws]
    return min(values), max(values)


def misfit(law: Law, points: NDArray[np.float64]) -> float:
    """Largest share by which the law misses a point that it was fitted to."""
    return max(abs(law.bits(size, traces) / bits - 1) for size, traces, bits in points.tolist())
