"""One use that stands for a region: the plainest in it, on which few clauses decide."""

from __future__ import annotations

from collections.abc import Sequence

from brightline.analysis.boxes import Field, Kind, Space
from brightline.analysis.regions import Region
from brightline.analysis.sides import Side
from brightline.vocabulary import FactKind, Source, Use
from brightline.vocabulary.module import UNKNOWN
from brightline.vocabulary.use import FactValue


def example(space: Space, sides: Sequence[Side], region: Region) -> Use:
    """A use in `region`, the same on every run: as few clauses as can be decide on it, and as little is stated.

    Where the region narrows a fact to few values, a known one is taken; elsewhere the fact is left unstated.
    """
    orders = {f.at: _order(f, region.box) for f in space.fields}
    # 1. the first choice for every fact; what is stated is merely claimed, as it is unless a use says otherwise
    use = sum(1 << (f.at + orders[f.at][0]) for f in space.fields)
    use = _claimed(space, region, use)
    # 2. other choices where they leave fewer clauses that deny
    denying = [x.box for s, w in zip(sides, region.ways, strict=True) if not w for x in s.forbids if not x.supply]
    against = [n for n in denying if space.meets(n, region.box) and n & region.box != region.box]

    def bad(use: int) -> int:
        return 1000 * sum(n & use == use for n in space.impossible) + sum(n & use == use for n in against)

    best = bad(use)
    for f in (*space.fields, *space.fields):
        for i in orders[f.at] if best else ():
            other = (use & ~f.mask) | 1 << (f.at + i)
            if (n := bad(other)) < best:
                use, best = other, n
    usual = _claimed(space, region, use)
    return _use(space, use if bad(usual) > best else usual)


def _claimed(space: Space, region: Region, use: int) -> int:
    """`use` with every claim that the region leaves open made iff the fact is stated."""
    for f in space.of_fact("claimed"):
        if f.of(region.box) == 3:
            use = (use & ~f.mask) | (2 if _stated(space, use, f.values[1]) else 1) << f.at
    return use


def _order(f: Field, box: int) -> list[int]:
    """The values of a field in `box`, first choice first."""
    some = f.chosen(box)
    match f.kind:
        case Kind.VALUE if f.values[some[-1]] == UNKNOWN and 2 * len(some) > f.width:
            return [some[-1], *some[:-1]]
        case Kind.ACTIVITY:
            return sorted(some, key=lambda i: f.values[i] == f"gen.{UNKNOWN}")
        case Kind.COMPONENT | Kind.MODEL if not f.values[some[-1]]:
            return [some[-1], *some[:-1]]
        case _:
            return some


def _stated(space: Space, use: int, fact: str) -> bool:
    """Whether a use (a box of one) states something of an enumeration."""
    return any(f.kind is Kind.VALUE and f.values[f.chosen(use)[0]] != UNKNOWN for f in space.of_fact(fact))


def _use(space: Space, box: int) -> Use:
    """The use that is a box of one; facts without a field are left unstated."""
    facts: dict[str, FactValue] = {}
    scoped = {"component": "", "model": ""}
    activity = ""
    claims: dict[str, bool] = {}
    for f in space.fields:
        i = f.chosen(box)[0]
        match f.kind:
            case Kind.ACTIVITY:
                activity = f.values[i]
            case Kind.VALUE if f.values[i] != UNKNOWN:
                facts[f.fact] = f.values[i]
            case Kind.NUMBER if f.codes[i]:
                facts[f.fact] = f.codes[i]
            case Kind.COMPONENT | Kind.MODEL:
                scoped[f.fact] = f.values[i]
            case Kind.MEMBER if f.fact == "claimed":
                claims[f.values[1]] = bool(i)
            case Kind.MEMBER if i:
                had = facts.get(f.fact, frozenset())
                facts[f.fact] = (had if isinstance(had, frozenset) else frozenset()) | {f.values[1]}
            case _:
                pass
    for name, claim in claims.items():
        if claim and name not in facts:  # stated as empty or 0; a fact that no clause reads, as its first value
            fact = space.scope.vocabulary.facts[name]
            facts[name] = (fact.names[0] if fact.open else frozenset()) if fact.kind is not FactKind.NUMBER else 0
    sources = {n: Source.ATTESTED for n, claim in claims.items() if not claim and n in facts}
    order = space.scope.vocabulary.index
    facts = {n: facts[n] for n in sorted(facts, key=order.__getitem__)}
    return Use(activity, facts, sources, component=scoped["component"], model=scoped["model"])
