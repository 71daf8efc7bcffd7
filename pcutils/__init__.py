"""Models of students, trained on the traces of their programs.

Packages, in the order of their imports: :mod:`pcutils.errors`, :mod:`pcutils.trace`, :mod:`pcutils.simulate`,
:mod:`pcutils.data`, :mod:`pcutils.execution`, :mod:`pcutils.metrics`, :mod:`pcutils.models`,
:mod:`pcutils.analysis`, :mod:`pcutils.plots`, :mod:`pcutils.runs`. Each imports only from those before it.
"""

from pcutils.errors import lazy_names

__version__ = "0.1.0"
__all__ = ["__version__", "load"]

__getattr__ = lazy_names(__name__, {"load": "data"})
