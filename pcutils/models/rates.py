"""How fast weights may move, as far as a profile must know it before PyTorch is loaded."""

from __future__ import annotations

FROM_SCRATCH, OF_A_BASE, HIGHEST_OF_A_BASE = 0.003, 0.0001, 0.001


def highest_rate(learning_rate: float | None, base: str | None) -> float:
    """Give the highest rate of a training.

    Parameters
    ----------
    learning_rate : float, optional
        What was asked for; by default 0.003 for a network from scratch and 0.0001 for a pretrained decoder.
    base : str, optional
        The pretrained decoder.

    Raises
    ------
    ValueError
        If the rate would make a pretrained decoder forget what it knows.

    Examples
    --------
    >>> highest_rate(None, None), highest_rate(None, "gpt2"), highest_rate(2e-5, "gpt2")
    (0.003, 0.0001, 2e-05)
    """
    if learning_rate is None:
        return FROM_SCRATCH if base is None else OF_A_BASE
    if base is not None and learning_rate > HIGHEST_OF_A_BASE:
        raise ValueError(
            f"with a base a learning_rate of at most {HIGHEST_OF_A_BASE}, or null for {OF_A_BASE}; "
            f"{learning_rate} is for networks from scratch"
        )
    return learning_rate
