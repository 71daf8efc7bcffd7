"""Profiles, runs, the workflow that makes them, and the book that shows them."""

from __future__ import annotations

from pcutils.errors import lazy_names

__all__ = ["Chapter", "Run", "open_run"]

__getattr__ = lazy_names(__name__, {"Chapter": "chapter", "Run": "run", "open_run": "run"})
