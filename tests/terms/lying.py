"""Whether a use lies in a cube, told from the parts' own definitions: what cubes are tested against."""

from __future__ import annotations

from collections.abc import Sequence

from brightline.terms.cubes import Cube, Members
from brightline.terms.formula import Between, In


def lies_in(v: Sequence[int], cube: Cube) -> bool:
    """`v`: an encoded use."""
    for i, part in cube.items():
        match part:
            case In(_, mask):
                ok = bool(v[i] & mask)
            case Members(_, has, lacks):
                ok = v[i] & has == has and not v[i] & lacks
            case Between(_, low, high):
                ok = low <= v[i] <= high
        if not ok:
            return False
    return True
