"""Durations, steps and memory in words."""

from __future__ import annotations

_TITLES = {
    "data": "loading the traces",
    "measures": "measuring the traces and running their programs",
    "tokenizer": "training the tokenizer",
    "train": "training the model",
    "sample": "sampling from the model",
    "sample_measures": "measuring the samples of",
}


def duration(seconds: float) -> str:
    """Write a duration as people say it.

    Parameters
    ----------
    seconds : float
        At least 0.

    Returns
    -------
    str
        With the unit that fits.

    Examples
    --------
    >>> duration(7.4), duration(74), duration(3720)
    ('7 s', '1 min 14 s', '1 h 2 min')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def step_title(step: str) -> str:
    """Say what a step does.

    Parameters
    ----------
    step : str
        As :func:`pcutils.pipeline.steps.step_name` names it.

    Returns
    -------
    str
        A phrase for a progress line.

    Examples
    --------
    >>> step_title("train-last"), step_title("03_behavioral_evaluation")
    ('training the model last', 'chapter 03_behavioral_evaluation')
    >>> step_title("measures-00003-of-00008")
    'measuring the traces and running their programs, shard 4 of 8'
    """
    stage, _, part = step.partition("-")
    if stage not in _TITLES:
        return f"chapter {step}"
    if is_shard(step):
        number, _, count = part.partition("-of-")
        return f"{_TITLES[stage]}, shard {int(number) + 1} of {int(count)}"
    return f"{_TITLES[stage]} {part}" if part else _TITLES[stage]


def is_shard(step: str) -> bool:
    """Whether a step is one of several alike, each for a shard of the table."""
    return "-of-" in step
