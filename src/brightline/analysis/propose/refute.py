"""Whether a text meets a requirement: a use that breaks it, or none; and what such a use teaches of all other texts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Literal

from brightline.analysis.brief import Requirement
from brightline.analysis.cover import Point, all_duties, touch
from brightline.analysis.propose.menus import Table
from brightline.analysis.propose.proof import Proof
from brightline.analysis.smt import UNKNOWN, Unknown
from brightline.terms.clause import Clause
from brightline.terms.cubes import Cube, meet
from brightline.terms.formula import holds

Breach = Point | None | Literal[Unknown.UNKNOWN]


class Refuter:
    """Options are numbered from 0 in the table's order, requirements as given. A text is the set of its options."""

    def __init__(self, table: Table, requirements: Sequence[Requirement]) -> None:
        self.table, self.ground, self.requirements = table, table.ground, tuple(requirements)
        self._regions: list[tuple[Cube, ...]] = []
        for r in self.requirements:
            region = self.ground.cubes(r.clause)
            self._regions.append(all_duties(self.ground, region) if r.clause.permits else region)
        self._base = self._blocks(table.base)
        self._options = [self._blocks(o.clauses) for o in table.options]
        self.relevant: list[frozenset[int]] = [
            frozenset(o for o, blocks in enumerate(self._options) if _touches(region, blocks))
            for region in self._regions
        ]
        self._known: dict[tuple[int, frozenset[int]], Breach] = {}

    def breach(self, r: int, chosen: frozenset[int]) -> Breach:
        """A use on which the text of `chosen` breaks requirement `r`; None iff there is none."""
        key = (r, chosen & self.relevant[r])
        if key not in self._known:
            self._known[key] = self._search(r, key[1])
        return self._known[key]

    def _search(self, r: int, chosen: frozenset[int]) -> Breach:
        blocks = [self._base, *(self._options[o] for o in sorted(chosen))]
        permits = [cube for some, _ in blocks for cube in some]
        forbids = [cube for _, some in blocks for cube in some]
        steps, unknown = [0], False
        questions = self._must_permit if self.requirements[r].clause.permits else self._must_forbid
        for box, obstacles in questions(self._regions[r], permits, forbids):
            found = self.ground.uncovered(box, obstacles, steps)
            if found is UNKNOWN:
                unknown = True
            elif found is not None:
                return self.ground.point(found)
        return self._solver.breach(self._text(chosen), self.requirements[r]) if unknown else None

    def _text(self, chosen: frozenset[int]) -> Iterator[Clause]:
        """The clauses of the base and of those options: of all that can matter to the requirement."""
        yield from self.table.base
        for o in sorted(chosen):
            yield from self.table.options[o].clauses

    @cached_property
    def _solver(self) -> Proof:
        """Asked where splitting cubes came to its bound."""
        return Proof(self.ground.scope)

    def _must_permit(
        self, region: Sequence[Cube], permits: Sequence[Cube], forbids: Sequence[Cube]
    ) -> Iterator[tuple[Cube, Sequence[Cube]]]:
        """Broken where no permit reaches, and where a forbid does."""
        for cube in region:
            yield cube, permits
            for forbid in forbids:
                if (box := meet(cube, forbid)) is not None:
                    yield box, ()

    def _must_forbid(
        self, region: Sequence[Cube], permits: Sequence[Cube], forbids: Sequence[Cube]
    ) -> Iterator[tuple[Cube, Sequence[Cube]]]:
        """Broken where a permit reaches and no forbid does."""
        for cube in region:
            for permit in permits:
                if (box := meet(cube, permit)) is not None:
                    yield box, forbids

    def lesson(self, r: int, point: Point) -> Iterator[tuple[list[int], list[int]]]:
        """What any text that meets `r` obeys, seen at one use: rules (options to leave, options to take), in each of
        which one at least is left or taken."""
        base = [c for c in self.table.base if applies(c, point)]
        each = {o: [c for c in self.table.options[o].clauses if applies(c, point)] for o in sorted(self.relevant[r])}
        permits = [o for o, some in each.items() if any(c.permits for c in some)]
        forbids = [o for o, some in each.items() if any(not c.permits for c in some)]
        free, barred = any(c.permits for c in base), any(not c.permits for c in base)
        if self.requirements[r].clause.permits:
            if not free:
                yield [], permits
            for o in forbids:
                yield [o], []
            if barred:
                yield [], []
        elif not barred:
            if free:
                yield [], forbids
            for o in permits:
                yield [o], forbids

    def barred(self, r: int) -> list[int]:
        """Of a must-permit: the options each of which breaks it by itself, whatever else stands in the text."""
        out = []
        for o in sorted(self.relevant[r]) if self.requirements[r].clause.permits else ():
            boxes = [b for c in self._regions[r] for f in self._options[o][1] if (b := meet(c, f)) is not None]
            some = (self.ground.possible(b) for b in boxes)
            if any(found is not None for found in some):
                out.append(o)
        return out

    def _blocks(self, clauses: Sequence[Clause]) -> tuple[tuple[Cube, ...], tuple[Cube, ...]]:
        """The cubes of permits, and of forbids."""
        return (
            tuple(x for c in clauses if c.permits for x in self.ground.cubes(c)),
            tuple(x for c in clauses if not c.permits for x in self.ground.cubes(c)),
        )


def applies(clause: Clause, point: Point) -> bool:
    return point.activity in clause.activities and holds(clause.condition, point.v)


def _touches(region: Sequence[Cube], blocks: tuple[Sequence[Cube], Sequence[Cube]]) -> bool:
    return any(touch(cube, x) for cube in region for some in blocks for x in some)
