"""What is on the table: the clauses that stay, and the menus from which a text takes one option each.

Menus come from both briefs; one named in both has the options of both. What the briefs leave out comes from the two
packs: what both say, what one says and the other's text says already, and either party's own law (`@kind("law")`) stay
as they are. Every other clause is a menu of its own: as the one party has it, as the other has it, or left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from brightline.analysis.brief import Brief, Option
from brightline.analysis.cover import Ground
from brightline.analysis.smt import UNKNOWN
from brightline.errors import TermsError
from brightline.terms import Pack
from brightline.terms.clause import Clause
from brightline.terms.cubes import Cube

LEFT_OUT = "left out"
Meaning = tuple[bool, frozenset[str], frozenset[frozenset[tuple[int, object]]]]


@dataclass(frozen=True)
class Table:
    """`base`: the clauses that stay. `menus`: name → its options. `a`, `b`: the packs' clauses that decide."""

    ground: Ground
    base: tuple[Clause, ...]
    menus: Mapping[str, tuple[Option, ...]]
    a: tuple[Clause, ...]
    b: tuple[Clause, ...]

    @cached_property
    def options(self) -> tuple[Option, ...]:
        """All options, menu by menu."""
        return tuple(o for some in self.menus.values() for o in some)

    @cached_property
    def changes(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """For A and for B: how many clauses each option strikes from, or adds to, what that party has of its menu."""
        return tuple(self._changes(mine) for mine in (self.a, self.b))  # type: ignore[return-value]

    def _changes(self, mine: Sequence[Clause]) -> tuple[int, ...]:
        own = {meaning(c) for c in mine}
        out = []
        for options in self.menus.values():
            matter = own & {meaning(c) for o in options for c in o.clauses}
            for o in options:
                here = {meaning(c) for c in o.clauses}
                out.append(len(here - own) + len(matter - here))
        return tuple(out)


def lay(a: Pack, b: Pack, briefs: Sequence[Brief]) -> Table:
    """The table of two packs of one scope and the briefs. Raises TermsError where two options or ids clash."""
    ground = Ground(a.terms.scope)
    mine, other = ([c for c in sorted(p.terms.clauses, key=lambda c: c.line) if c.decides] for p in (a, b))
    # 1. the briefs' menus
    menus: dict[str, dict[str, Option]] = {}
    for option in (o for brief in briefs for o in brief.options):
        options = menus.setdefault(option.menu, {})
        twin = options.setdefault(option.name, option)
        if _meanings(twin.clauses) != _meanings(option.clauses):
            raise TermsError(
                f"menu {option.menu!r} has two options called {option.name!r} that say different things",
                place=option.place,
                cure=f"rename one: the other is at {twin.place}",
            )
    spoken = [c for options in menus.values() for o in options.values() for c in o.clauses]
    ids, meanings = {c.id for c in spoken}, _meanings(spoken)
    free = [[c for c in some if c.id not in ids and meaning(c) not in meanings] for some in (mine, other)]
    # 2. what stays, and a menu for each clause that neither stays nor stands on one
    base, rest = _stays(ground, (mine, other), free)
    for name, own in _own_menus(rest, (a.party, b.party)).items():
        menus[name if name not in menus else f"clause {name}"] = {o.name: o for o in own}
    base = tuple(c for c in base if c.id not in ids)
    table = Table(ground, base, {m: tuple(some.values()) for m, some in menus.items()}, tuple(mine), tuple(other))
    _check_ids(table)
    return table


def meaning(clause: Clause) -> Meaning:
    """Equal for clauses that say the same in the same cubes, whatever they are called."""
    return _meaning(clause.permits, clause.activities, Ground.plain(clause))


def _meaning(permits: bool, activities: frozenset[str], region: Iterable[Cube]) -> Meaning:
    return permits, activities, frozenset(frozenset(cube.items()) for cube in region)


def _meanings(clauses: Iterable[Clause]) -> set[Meaning]:
    return {meaning(c) for c in clauses}


def _stays(
    ground: Ground, whole: tuple[list[Clause], list[Clause]], free: Sequence[list[Clause]]
) -> tuple[tuple[Clause, ...], list[list[Clause]]]:
    """(the clauses that stay, for each pack those that do not)."""
    # 1. what the other's text says already, and the parties' own law
    fits: list[list[bool]] = []
    for side, clauses in enumerate(free):
        theirs = {
            kind: [x for c in whole[1 - side] if c.permits is kind for x in ground.cubes(c)] for kind in (True, False)
        }
        fits.append([c.is_law or covered(ground, ground.cubes(c), theirs[c.permits]) for c in clauses])
    # 2. but not a clause whose other wording is in dispute: under one @id a text says one thing
    moot = {c.id for clauses, fit in zip(free, fits, strict=True) for c, f in zip(clauses, fit, strict=True) if not f}
    base: dict[Meaning, Clause] = {}
    rest: list[list[Clause]] = [[], []]
    for side, clauses in enumerate(free):
        for c, f in zip(clauses, fits[side], strict=True):
            if f and (c.is_law or c.id not in moot):
                base.setdefault(meaning(c), c)
            else:
                rest[side].append(c)
    return tuple(base.values()), rest


def covered(ground: Ground, region: Iterable[Cube], others: Iterable[Cube]) -> bool:
    """Whether every use of `region` lies in one of `others`; False also where the bound came before the answer."""
    obstacles = list(others)
    for cube in region:
        found = ground.uncovered(cube, obstacles, [0])
        if found is UNKNOWN or found is not None:
            return False
    return True


def _own_menus(rest: Sequence[list[Clause]], parties: tuple[str, str]) -> dict[str, list[Option]]:
    """One menu for each @id of the clauses in dispute that no brief speaks of."""
    out: dict[str, list[Option]] = {}
    for side, clauses in enumerate(rest):
        for c in clauses:
            out.setdefault(c.id, []).append(
                Option(
                    c.id, f"as the {parties[side]} has it", (c,), f"the {parties[side]}'s terms.cedar:{c.line}", False
                )
            )
    return {
        name: some if len(some) > 1 else [*some, Option(name, LEFT_OUT, (), "", False)] for name, some in out.items()
    }


def _check_ids(table: Table) -> None:
    """Two clauses that can stand in one text have two names."""
    seen: dict[str, tuple[Option | None, Clause]] = {c.id: (None, c) for c in table.base}
    for option in table.options:
        for c in option.clauses:
            where, twin = seen.setdefault(c.id, (option, c))
            together = where is None or where.menu != option.menu
            if together and meaning(twin) != meaning(c):
                at = where.place if where else "one of the packs"
                raise TermsError(
                    f"@id({c.id!r}) names another clause as well",
                    place=option.place,
                    cure=f"rename one, for both can stand in one text: the other is in {at}",
                )
