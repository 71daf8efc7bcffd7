"""What the book measures: statistics, behaviour, probes, adaptation, steering, verdicts on the claims."""

from __future__ import annotations
