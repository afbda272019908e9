"""Where no text meets all that is hard: the smallest set of demands that cannot stand together.

Smallest of all, by hitting sets (Ignatiev, Previti, Liffiton, Marques-Silva 2015): every set of demands that can stand
together leaves some out, and a core takes at least one of those each time; the smallest that does, once it cannot be
met, is a smallest core.
"""

from __future__ import annotations

from collections.abc import Sequence

from brightline.analysis.propose.search import Search
from brightline.analysis.smt import UNKNOWN
from brightline.analysis.smt.choosing import Choosing, Sum


def smallest_core(search: Search) -> tuple[int, ...] | None:
    """The requirements (by number) of a core of minimum cardinality, of several the first in order; None where what is
    hard can be met after all, or where that is not known (`search.unsettled`, `search.complete`)."""
    hard = sorted(search.hard)
    left_out: list[list[int]] = []
    while True:
        core = _smallest_hitting(hard, left_out)
        if core is None:
            search.complete = False
            return None
        text = search.pick(core)
        if text is None:
            return tuple(core)
        # grow what can stand together until nothing more can join
        together = set(core) | (text.met & search.hard)
        for r in hard:
            if r not in together and (more := search.pick([*together, r])) is not None:
                together |= {r} | (more.met & search.hard)
        if len(together) == len(hard):
            return None
        left_out.append([r for r in hard if r not in together])


def _smallest_hitting(hard: Sequence[int], left_out: Sequence[Sequence[int]]) -> list[int] | None:
    """The smallest, then first, set that takes from each of `left_out`; None where the solver gave up."""
    variable = {r: i for i, r in enumerate(hard, 1)}
    choosing = Choosing(len(hard))
    for some in left_out:
        choosing.rule([variable[r] for r in some])
    every = dict.fromkeys(variable.values(), 1)
    low, high = 0, len(hard)
    while low < high:
        middle = (low + high) // 2
        found = choosing.pick([], [Sum(every, high=middle)])
        if found is UNKNOWN:
            return None
        low, high = (low, middle) if found is not None else (middle + 1, high)
    fixed: list[int] = []
    for x in variable.values():
        found = choosing.pick([*fixed, x], [Sum(every, high=high)])
        if found is UNKNOWN:
            return None
        fixed.append(x if found is not None else -x)
    return [r for r, x in variable.items() if x in fixed]
