"""The arithmetic of a large training: operations, hours, money, bytes, and how little a curve foretells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

BYTES = 4
"""Of one number of 32 bits, in which weights and moments are kept."""
_NEWTON_STEPS = 5  # of Muon, torch.optim.Muon's default
_INDEX_BYTES = 8


@dataclass(frozen=True)
class Shape:
    """Size of a GPT-2 decoder that is told whose trace it reads.

    Parameters
    ----------
    layers, width : int
        Of the decoder; its inner layers are four times as wide.
    vocabulary, context : int
        Tokens that it knows, and most tokens that it reads.
    student_size : int
        Numbers that describe a student, 64 in the paper.
    """

    layers: int
    width: int
    vocabulary: int = 50_257
    context: int = 1_024
    student_size: int = 64

    @property
    def matrices(self) -> int:
        """Parameters in the matrices that Muon moves: those of the layers, and the student's projection."""
        return 12 * self.layers * self.width**2 + self.student_size * self.width

    @property
    def others(self) -> int:
        """Parameters that AdamW moves: tables of tokens and places, biases, norms, the average student."""
        tables = (self.vocabulary + self.context) * self.width
        return tables + 13 * self.layers * self.width + 3 * self.width + self.student_size

    @property
    def parameters(self) -> int:
        """All parameters but the students' table."""
        return self.matrices + self.others

    @property
    def multiplied(self) -> int:
        """Parameters that each token is multiplied by: all but the table of places, which is looked up.

        The table of tokens counts, since it is the output layer, too. Students' rows are looked up.
        """
        return self.parameters - self.context * self.width

    def table_parameters(self, students: int) -> int:
        """Parameters of the students' table, the empty row of the average student included."""
        return (students + 1) * self.student_size


@dataclass(frozen=True)
class Accelerator:
    """What a plan assumes of the hardware.

    Parameters
    ----------
    peak_flops : float
        Operations a second that the maker promises, dense, in 16 bits.
    utilisation : float
        Share of it that a training reaches. An assumption until it is measured.
    hourly_price : float
        Dollars for an hour. An assumption; prices differ by a factor of three between providers.
    memory_bytes : float
        Of one accelerator.

    Notes
    -----
    The default is an H100 SXM after NVIDIA's data sheet, which gives 1,979 TFLOP/s with sparsity, twice the
    dense figure.
    """

    name: str = "H100"
    peak_flops: float = 989e12
    utilisation: float = 0.4
    hourly_price: float = 3.0
    memory_bytes: float = 80e9

    def hours(self, flops: float) -> float:
        """Hours that one accelerator takes for so many operations.

        Examples
        --------
        >>> Accelerator(peak_flops=100.0, utilisation=0.5).hours(50.0 * 3600)
        1.0
        """
        return flops / (self.peak_flops * self.utilisation) / 3600

    def cost(self, flops: float) -> float:
        """Dollars for so many operations."""
        return self.hours(flops) * self.hourly_price


def training_flops(shape: Shape, tokens: float) -> float:
    """Count the operations of a training by the rule of six.

    Parameters
    ----------
    shape : Shape
        Of the network.
    tokens : float
        That it reads.

    Returns
    -------
    float
        6 N D: each token is multiplied with each parameter and added up, once forward, twice backward.

    Notes
    -----
    Kaplan et al. 2020, section 2.1. It leaves out :func:`attention_flops` and :func:`muon_flops`.
    """
    return 6.0 * shape.multiplied * tokens


def attention_flops(shape: Shape, tokens: float, length: float | None = None) -> float:
    """Count the operations between tokens that the rule of six leaves out.

    Parameters
    ----------
    shape : Shape
        Of the network.
    tokens : float
        That it reads.
    length : float, optional
        Tokens of a trace, which sees nothing but itself; the whole context by default, which is the most.

    Returns
    -------
    float
        Queries with keys and weights with values, forward and twice backward; a token sees half of its trace.
    """
    return 6.0 * shape.layers * shape.width * (shape.context if length is None else length) * tokens


def muon_flops(shape: Shape, steps: float) -> float:
    """Count the operations with which Muon turns the matrices of the layers.

    Parameters
    ----------
    shape : Shape
        Of the network.
    steps : float
        Of the training; a larger batch has fewer.

    Returns
    -------
    float
        Five Newton-Schulz steps, each of two products of a matrix of m x n with one of m x m, and one of two
        of m x m, where m is the smaller side.
    """
    wide = sum((4.0 * sides + 2.0) for sides in (3, 1, 4, 4)) * shape.width**3
    return _NEWTON_STEPS * shape.layers * wide * steps


def table_bytes(shape: Shape, students: int) -> int:
    """Bytes of the students' table in training: each number, and its two moments of Adam.

    Examples
    --------
    >>> table_bytes(Shape(layers=1, width=8, student_size=2), students=9)
    240
    """
    return 3 * BYTES * shape.table_parameters(students)


def gradient_bytes(shape: Shape, students_in_step: int) -> int:
    """Bytes of the sparse gradient of the students' table: the rows that a step met, and which they are."""
    return students_in_step * (BYTES * shape.student_size + _INDEX_BYTES)


def training_bytes(shape: Shape, students: int) -> int:
    """Bytes that weights and optimizers keep: one moment a matrix for Muon, two for all else.

    Notes
    -----
    A checkpoint holds them; gradients and what a step holds in mind come on top while training.
    """
    return BYTES * (2 * shape.matrices + 3 * shape.others) + table_bytes(shape, students)


def weights_bytes(shape: Shape, students: int) -> int:
    """Bytes of the finished model."""
    return BYTES * (shape.parameters + shape.table_parameters(students))


def accelerators_for(hours: float, days: float) -> int:
    """Accelerators side by side that do so many hours of work within so many days, if none waits.

    Examples
    --------
    >>> accelerators_for(hours=100, days=2)
    3
    """
    return max(1, -int(-hours // (24 * days)))


@dataclass(frozen=True)
class Stage:
    """A step before the training, with how fast one processor was in the record.

    Parameters
    ----------
    name : str
        What is done.
    per_second : float
        Things a second of one processor.
    things : float
        How many there are.
    """

    name: str
    per_second: float
    things: float

    @property
    def hours(self) -> float:
        """Hours of one processor."""
        return self.things / self.per_second / 3600


def last_gain(validation: Sequence[Sequence[float]]) -> float:
    """Say how near a training was to its best, from its looks at validation.

    Parameters
    ----------
    validation : sequence of (tokens, bits)
        Oldest first, at least two.

    Returns
    -------
    float
        Share by which the last look is below the one before; 0 or less where it had already turned.

    Examples
    --------
    >>> round(last_gain([(100, 50.0), (200, 40.0), (300, 38.0)]), 2)
    0.05
    """
    before, last = (bits for _, bits in validation[-2:])
    return 1 - last / before


def examples_bytes(tokens: float, *, with_hints: bool = True) -> float:
    """Bytes of encoded traces: a token and a segment for each place, six hints where a network takes them.

    Examples
    --------
    >>> examples_bytes(10), examples_bytes(10, with_hints=False)
    (290, 50)
    """
    return tokens * ((7 if with_hints else 1) * BYTES + 1)
