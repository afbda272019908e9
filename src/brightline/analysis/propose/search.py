"""The search for texts: some options for all uses, by counterexample-guided synthesis (CEGIS; Solar-Lezama 2008).

A chooser picks options that meet the requirements on the uses seen so far; each requirement it claims is put to the
test over all uses; a use that breaks one becomes a rule for every later pick. What is returned was refuted nowhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from brightline.analysis.brief import Requirement
from brightline.analysis.propose.cases import Written
from brightline.analysis.propose.changes import Changes, Measure
from brightline.analysis.propose.limits import Limits
from brightline.analysis.propose.menus import Table
from brightline.analysis.propose.refute import Refuter
from brightline.analysis.smt import UNKNOWN, Unknown
from brightline.analysis.smt.choosing import QUICK, RLIMIT, Choosing, Sum

MAX_FRONT = 64
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Text:
    """A choice of options (by number) and the requirements (by number) that it meets over all uses.

    `true`: the variables with which it was found; of the changes, no fewer than there are.
    """

    options: frozenset[int]
    met: frozenset[int]
    true: frozenset[int]


class Search:
    """`unsettled`: requirements that could neither be shown nor refuted for some text, which was then left aside."""

    def __init__(self, table: Table, requirements: Sequence[Requirement], written: Written, progress: Progress) -> None:
        self.table, self.requirements = table, tuple(requirements)
        self.refuter, self._limits = Refuter(table, requirements), Limits(table)
        self.unsettled: set[int] = set()
        self.complete = True
        self._possible: dict[int, bool] = {}
        self._progress, self._uses = progress, 0
        count = len(table.options) + len(self.requirements)
        self._changes = Changes(table, written, count + 1)
        self._choosing = Choosing(count + self._changes.count)
        # 1. one option of each menu
        at = 1
        self.menus: list[range] = []
        for options in table.menus.values():
            self.menus.append(range(at, at + len(options)))
            self._choosing.exactly_one(self.menus[-1])
            at += len(options)
        # 2. a must-permit rules out by itself every option that forbids some of it
        for r in range(len(self.requirements)):
            for o in self.refuter.barred(r):
                self._choosing.rule([-self.claim(r), -(o + 1)])
        # 3. what changes for whom
        for rule in self._changes.rules():
            self._choosing.rule(rule)

    @property
    def settled(self) -> bool:
        """Whether "there is none" can be believed: no question was left open on the way."""
        return self.complete and not self.unsettled

    def claim(self, r: int) -> int:
        """The variable that says: requirement `r` is met."""
        return len(self.table.options) + 1 + r

    @property
    def hard(self) -> frozenset[int]:
        return frozenset(r for r, q in enumerate(self.requirements) if q.is_hard)

    def weights(self, party: str) -> dict[int, int]:
        """The sum of the wishes of `party` that are met."""
        return {self.claim(r): q.weight for r, q in enumerate(self.requirements) if q.party == party and q.weight}

    def worth(self, text: Text, party: str) -> int:
        return sum(self.requirements[r].weight for r in text.met if self.requirements[r].party == party)

    def pick(self, required: Iterable[int], sums: Sequence[Sum] = (), also: Iterable[int] = ()) -> Text | None:
        """`try_pick`, with the chooser's full effort; where that is not enough, `complete` is false from then on."""
        found = self.try_pick(required, sums, also, RLIMIT)
        if found is UNKNOWN:
            self.complete = False
            return None
        return found

    def try_pick(
        self, required: Iterable[int], sums: Sequence[Sum], also: Iterable[int], rlimit: int
    ) -> Text | Literal[Unknown.UNKNOWN] | None:
        """A text that meets `required` over all uses, within `sums`, with the literals `also`; None where none is left.

        None means that there is none iff nothing was left `unsettled` on the way.
        """
        assumed = [*(self.claim(r) for r in sorted(required)), *also]
        while True:
            found = self._choosing.pick(assumed, sums, rlimit=rlimit)
            if found is UNKNOWN or found is None:
                return found
            chosen = frozenset(x - 1 for x in found if x <= len(self.table.options))
            claimed = [r for r in range(len(self.requirements)) if self.claim(r) in found]
            broken = [r for r in claimed if self._refuted(r, chosen)]
            if not broken and not self._past_limits(chosen):
                met = [
                    r for r in range(len(self.requirements)) if r in claimed or self.refuter.breach(r, chosen) is None
                ]
                return Text(chosen, frozenset(met), found)

    def _past_limits(self, chosen: frozenset[int]) -> bool:
        """Whether the text is more than terms can be; its options are then never taken together again."""
        past = None if self._limits.never else self._limits.past(chosen)
        if past is not None:
            self._choosing.rule([-(o + 1) for o in sorted(past)])
        return past is not None

    def _refuted(self, r: int, chosen: frozenset[int]) -> bool:
        """Whether the text breaks `r`, or may; what it teaches becomes a rule."""
        point = self.refuter.breach(r, chosen)
        if point is None:
            return False
        if point is UNKNOWN:
            self.unsettled.add(r)
            self._choosing.rule([-self.claim(r), *(-(o + 1) for o in sorted(chosen & self.refuter.relevant[r]))])
            return True
        self._uses += 1
        if self._uses % 50 == 0:
            self._progress(f"{self._uses} uses found on which some text breaks a requirement")
        for leave, take in self.refuter.lesson(r, point):
            self._choosing.rule([-self.claim(r), *(-(o + 1) for o in leave), *(o + 1 for o in take)])
        return True

    def best(self, weights: Mapping[int, int], sums: Sequence[Sum] = ()) -> tuple[int, Text] | None:
        """A text that meets everything hard, within `sums`, with the most of `weights`."""
        text = self.pick(self.hard, sums)
        if text is None:
            return None
        low, high = self._sum(weights, text), sum(weights.values())
        while low < high:
            middle = (low + high + 1) // 2
            more = self.pick(self.hard, [*sums, Sum(weights, low=middle)])
            if more is None:
                high = middle - 1
            else:
                text, low = more, self._sum(weights, more)
        return low, text

    def _sum(self, weights: Mapping[int, int], text: Text) -> int:
        true = text.true.union(map(self.claim, text.met))
        return sum(w for x, w in weights.items() if x in true)

    def least(self, sums: Sequence[Sum]) -> Text | None:
        """Of the texts that meet everything hard within `sums`: least change, then the first in the order of the table.

        Least change: the fewest written cases decided otherwise, counted for both parties together, then for the party
        that has more of them; then the fewest clauses struck or added, likewise.
        """
        text = self.pick(self.hard, sums)
        if text is None:
            return None
        # 1. by each measure first both together, then the worse off, who has at least half of it
        for both, mine, other in self._changes.measures:
            text, sums = self._fewest(text, sums, (both,), both.offset)
            text, sums = self._fewest(text, sums, (mine, other), (both.of(text.true) + 1) // 2)
        # 2. menu by menu the first option that still can be
        fixed: list[int] = []
        for menu in self.menus:
            for x in menu:
                if x - 1 not in text.options:
                    earlier = self.pick(self.hard, sums, [*fixed, x]) if self._can_be(x) else None
                    if earlier is None:
                        continue
                    text = earlier
                fixed.append(x)
                break
        return text

    def _can_be(self, x: int) -> bool:
        """Whether some text that meets everything hard has the option; asked once."""
        if x not in self._possible:
            self._possible[x] = self.pick(self.hard, (), [x]) is not None
        return self._possible[x]

    def _fewest(
        self, text: Text, sums: Sequence[Sum], measures: Sequence[Measure], low: int
    ) -> tuple[Text, Sequence[Sum]]:
        """A text within `sums` whose largest of `measures`, never below `low`, is as small as can be, and `sums` with
        that as bound."""
        high, counted = max(m.of(text.true) for m in measures), False
        while low < high:
            middle = (low + high) // 2
            bounds = [*sums, *(m.at_most(middle) for m in measures)]
            fewer = self.pick(self.hard, bounds) if counted else self.try_pick(self.hard, bounds, (), QUICK)
            if fewer is UNKNOWN:
                # to count what cannot be left out is far quicker than to have the solver find it out by trying
                low, counted = max(low, *(self._floor(m, sums) for m in measures)), True
            elif fewer is None:
                low = middle + 1
            else:
                text, high = fewer, max(m.of(fewer.true) for m in measures)
        return text, [*sums, *(m.at_most(high) for m in measures)]

    def _floor(self, measure: Measure, sums: Sequence[Sum]) -> int:
        """No text within `sums` has less of `measure`: cores that share no weight, each with its least weight."""
        left = {x: w for x, w in measure.weights.items() if w}
        low = measure.offset
        while True:
            found = self.try_pick(self.hard, sums, [-x for x in left], QUICK)
            core = [-x for x in self._choosing.core() if -x in left] if found is None else []
            if not core:
                return low
            least = min(left[x] for x in core)
            low += least
            left = {x: w - least if x in core else w for x, w in left.items() if x not in core or w > least}

    def front(self, a: str, b: str) -> list[Text]:
        """The Pareto front of the two parties' wishes, what is best for A first; of each point, the least change.

        Every text that meets all that is hard gives both parties at most what some text here gives them.
        """
        mine, other = self.weights(a), self.weights(b)
        out: list[Text] = []
        floor = 0
        while len(out) < MAX_FRONT:
            # 1. the most for A where B gets more than at the last point, then the most for B at that
            first = self.best(mine, [Sum(other, low=floor)])
            if first is None:
                return out
            second = self.best(other, [Sum(mine, low=first[0]), Sum(other, low=floor)])
            high = second[0] if second else floor
            # 2. of the texts that give both so much, the least change
            text = self.least([Sum(mine, low=first[0]), Sum(other, low=high)])
            if text is None:
                return out
            out.append(text)
            self._progress(f"{len(out)} proposal{'s' if len(out) > 1 else ''} on the front")
            floor = high + 1
            if floor > sum(other.values()):
                return out
        self.complete = False
        return out
