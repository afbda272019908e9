"""Exact bounds on a share, from counts (Clopper and Pearson 1934): no approximation, so none is too narrow."""

from __future__ import annotations

import math
from collections.abc import Callable

CONFIDENCE = 0.95


def upper(found: int, of: int, confidence: float = CONFIDENCE) -> float:
    """The share not exceeded with `confidence`, where `found` of `of` independent trials showed it; 1 of none."""
    if found >= of:
        return 1.0
    return _root(lambda p: _at_most(found, of, p) - (1 - confidence))


def lower(found: int, of: int, confidence: float = CONFIDENCE) -> float:
    """The share that is reached at least with `confidence`."""
    return 1 - upper(of - found, of, confidence) if of else 0.0


def _at_most(found: int, of: int, p: float) -> float:
    """P(X <= found) for X binomial."""
    if p <= 0:
        return 1.0
    if p >= 1:
        return float(found >= of)
    logs = (
        math.lgamma(of + 1) - math.lgamma(k + 1) - math.lgamma(of - k + 1) + k * math.log(p) + (of - k) * math.log1p(-p)
        for k in range(found + 1)
    )
    return math.fsum(math.exp(x) for x in logs)


def _root(falling: Callable[[float], float]) -> float:
    """The upper end of the interval in which a falling function changes its sign: never below the root."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if falling(middle) > 0 else (low, middle)
    return high
