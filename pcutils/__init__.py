"""Models of students, learnt from the traces of their programs.

The rooms, lower floors first: :mod:`pcutils.trace`; :mod:`pcutils.execution`, :mod:`pcutils.metrics`,
:mod:`pcutils.sources`, :mod:`pcutils.simulate`; :mod:`pcutils.splits`, :mod:`pcutils.variants`,
:mod:`pcutils.models`; :mod:`pcutils.analysis`; :mod:`pcutils.figures`, :mod:`pcutils.pipeline`.
A room imports only from its own floor or below.
"""

__version__ = "0.1.0"
