"""Looking for uses: one solver with fixed seeds, one thread and a limit on its work.

Law: an answer is a use that satisfies all constraints, None iff there is none, or UNKNOWN where the limit was reached
or Z3 gave up. UNKNOWN is never "no": it refuses to be taken for a truth value.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Final, Literal, Never, TypeAlias

import z3

from brightline.analysis.smt.logic import Term
from brightline.analysis.smt.space import Space
from brightline.vocabulary import Use

RLIMIT = 100_000_000
"""Z3's own count of work for one question: the same on every machine, unlike seconds."""


class Unknown(Enum):
    """The third answer."""

    UNKNOWN = "unknown"

    def __bool__(self) -> Never:
        raise TypeError("unknown is neither yes nor no: compare with `is UNKNOWN`")


UNKNOWN: Final = Unknown.UNKNOWN
Answer: TypeAlias = bool | Literal[Unknown.UNKNOWN]
Found: TypeAlias = Use | Literal[Unknown.UNKNOWN] | None


class Search:
    """One solver over one space, with its domain asserted. What is added stays until its level is left."""

    def __init__(self, space: Space, *constraints: Term, rlimit: int = RLIMIT) -> None:
        self.space = space
        self._solver = z3.SimpleSolver(ctx=space.logic.context)
        self._solver.set("random_seed", 0)
        self._solver.set("rlimit", rlimit)
        self._solver.add(space.domain, *constraints)
        self._model: Term = None

    def add(self, *constraints: Term) -> None:
        self._solver.add(*constraints)

    def push(self) -> None:
        self._solver.push()

    def pop(self) -> None:
        """Leave the level, and drop what was added on it."""
        self._solver.pop()

    def check(self, *assumptions: Term) -> Answer:
        """Whether some use satisfies all that was added, and `assumptions`, which do not stay."""
        answer = self._solver.check(*assumptions)
        if answer == z3.unknown:
            return UNKNOWN
        if answer == z3.sat:
            self._model = self._solver.model()
        return bool(answer == z3.sat)

    def use(self) -> Use:
        """The use found by the last `check` that was True."""
        return self.space.use(self._model)

    def true(self, term: Term) -> bool:
        """Whether `term` is true of that use."""
        return self.space.logic.true_in(self._model, term)

    def value(self, number: Term) -> int:
        """What `number` is in that use."""
        return int(self._model.eval(number, model_completion=True).as_long())

    def core(self) -> list[Term]:
        """Those of the last `check`'s assumptions that cannot stand together; it was False. Not always the fewest."""
        return list(self._solver.unsat_core())

    def find(self, *assumptions: Term) -> Found:
        answer = self.check(*assumptions)
        return UNKNOWN if answer is UNKNOWN else self.use() if answer else None


def find(space: Space, *constraints: Term, rlimit: int = RLIMIT) -> Found:
    """Some use in `space` that satisfies `constraints`: any one, the same for the same calls on the same Space."""
    return Search(space, *constraints, rlimit=rlimit).find()


def least(space: Space, *constraints: Term, rlimit: int = RLIMIT) -> Found:
    """The use that satisfies `constraints` with the fewest stated facts; of several, the one first in the vocabulary.

    "First" is by activity, then fact by fact: not stated before stated, then in the order of the values; numbers and
    sets as small as can be. So it does not depend on how the solver searches. Claims count as facts stated otherwise.
    """
    return least_in(Search(space, *constraints, rlimit=rlimit))


def least_in(search: Search) -> Found:
    """`least` under all that was added to `search`, on a level of its own."""
    search.push()
    try:
        return _least(search)
    finally:
        search.pop()


def _least(search: Search) -> Found:
    space = search.space
    # 1. any use at all, then the fewest facts
    if (answer := search.check()) is not True:
        return UNKNOWN if answer is UNKNOWN else None
    low, high = 0, _count(search)
    while low < high:
        middle = (low + high) // 2
        if (answer := search.check(space.logic.at_most(space.stated, middle))) is UNKNOWN:
            return UNKNOWN
        low, high = (low, _count(search)) if answer else (middle + 1, high)
    search.add(space.logic.at_most(space.stated, high))
    # 2. of those, the first: each choice in turn is the earliest, each number the smallest that it can be
    fixed: list[Term] = []
    for choices in space.choices:
        if not _earliest(search, choices, fixed):
            return UNKNOWN
    search.add(space.logic.every(fixed))
    for number in space.numbers.values():
        if not _smallest(search, number):
            return UNKNOWN
    return search.use()


def _count(search: Search) -> int:
    return sum(map(search.true, search.space.stated))


def _earliest(search: Search, choices: Sequence[Term], fixed: list[Term]) -> bool:
    """Fix the earliest of `choices` that can be: one of them is always true. False where that is not known.

    `fixed`: what was fixed and not yet added; most choices stand at their first, and adding one by one takes long.
    """
    at = _which(search, choices)
    while at:
        search.add(search.space.logic.every(fixed))
        fixed.clear()
        if (answer := search.check(search.space.logic.some(choices[:at]))) is UNKNOWN:
            return False
        if not answer:
            break
        at = _which(search, choices)
    fixed.append(choices[at])
    return True


def _which(search: Search, choices: Sequence[Term]) -> int:
    return next(k for k, choice in enumerate(choices) if search.true(choice))


def _smallest(search: Search, number: Term) -> bool:
    """Fix the smallest that `number` can be. False where that is not known."""
    low, high = 0, search.value(number)
    while low < high:
        middle = (low + high) // 2
        if (answer := search.check(number <= middle)) is UNKNOWN:
            return False
        low, high = (low, search.value(number)) if answer else (middle + 1, high)
    search.add(number == high)
    return True
