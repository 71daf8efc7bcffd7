"""Weights of mixtures, fitted to traces that were held out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_HELD_OUT = 10

Some = TypeVar("Some")


def hold_out(items: Sequence[Some]) -> tuple[list[Some], list[Some]]:
    """Part training data: what is learnt from while weights are fitted, and what they are fitted to.

    Every tenth is held out, at least one; of a single one nothing is.

    Examples
    --------
    >>> hold_out("abc")
    (['a', 'b'], ['c'])
    """
    step = min(_HELD_OUT, max(2, len(items)))
    rest = [item for place, item in enumerate(items) if place % step != step - 1]
    return rest, list(items[step - 1 :: step])


def fit_weights(chances: NDArray[np.float64], rounds: int = 100) -> NDArray[np.float64]:
    """Fit the weights of a mixture by expectation maximisation.

    Parameters
    ----------
    chances : ndarray, shape (n, k)
        How likely each of k models takes each of n things to be; a factor common to a row does not matter.
    rounds : int
        Steps of the search, which begins with equal weights.

    Returns
    -------
    ndarray, shape (k,)
        Weights that sum to 1. One is added to what each model is held to explain, so that none gets 0.

    Examples
    --------
    >>> fit_weights(np.array([[1.0, 0.0]] * 8)).round(3).tolist()
    [0.9, 0.1]
    """
    weights = np.full(chances.shape[1], 1 / chances.shape[1])
    for _ in range(rounds):
        shares = chances * weights
        explained = (shares / shares.sum(axis=1, keepdims=True)).sum(axis=0)
        weights = (explained + 1) / (explained + 1).sum()
    return weights
