"""Models of students without a network, to hold a network against.

All three are fitted by counting, sample, and give every trace a finite number of bits over the tokens of
:class:`pcutils.models.formats.EditsFormat`, so that they compare with networks of that form.
"""

from __future__ import annotations

from pcutils.models.baselines.base import Baseline
from pcutils.models.baselines.common import MostCommonProgram
from pcutils.models.baselines.neighbour import NearestNeighbour
from pcutils.models.baselines.ngram import EditNgram

BASELINES: dict[str, type[Baseline]] = {
    model.__name__: model for model in (EditNgram, MostCommonProgram, NearestNeighbour)
}
"""Every baseline by its name."""

__all__ = ["BASELINES", "Baseline", "EditNgram", "MostCommonProgram", "NearestNeighbour"]
