"""The solver as second opinion on a gap: boxes and Z3 read the same clauses by different ways and must agree.

Each of two questions holds over all uses at once, with approvals and duties left open: is there a use and a supply that
one side allows with it and another does not, outside all regions; and one inside a region that a side allows or denies
otherwise than listed? The answer must be no to both. It may also be that the solver gave up: then the gap stays open.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from brightline.analysis.boxes import Space
from brightline.analysis.difference import region_json
from brightline.analysis.regions import Region
from brightline.analysis.sides import Side, Supply
from brightline.analysis.smt import RLIMIT, UNKNOWN, Search, Term
from brightline.analysis.smt import Space as Formulas
from brightline.errors import OracleError
from brightline.terms.compiled import ranks
from brightline.terms.formula import MAX_NUMBER, And, Between, Formula, Has, In
from brightline.vocabulary.use import use_json

NOT_COMPLETE = "the solver gave up before it had shown that no use outside these regions is decided differently"
NOT_SOUND = "the solver gave up before it had shown that all uses in these regions are decided as listed"


def confirm_gap(
    space: Space, sides: Sequence[Side], regions: Sequence[Region], *, whole: bool, rlimit: int = RLIMIT
) -> list[str]:
    """What the solver could not confirm of `regions`, a sentence each. `whole`: they are to hold every difference.

    Raises OracleError where it finds a use that contradicts them.
    """
    formulas = Formulas(space.scope)
    logic = formulas.logic
    allowed = [formulas.allowed(s.terms) for s in sides]
    # no use has a duty in hand that this gateway cannot perform
    words = space.scope.vocabulary
    shift = len(words.facts["approvals"].values)
    unable = [
        logic.no(formulas.formula(Has(words.index["duties"], bit)))
        for bit in words.bits["duties"].values()
        if not sides[0].everything >> shift & bit
    ]
    boxes = {r.box: _box(space, formulas, r.box) for r in regions}
    out: list[str] = []
    # 1. outside the regions all say the same
    if whole:
        search = Search(formulas, *unable, rlimit=rlimit)
        search.add(*[logic.no(b) for b in boxes.values()])
        search.add(logic.no(logic.every([logic.same(a, allowed[0]) for a in allowed[1:]])))
        out += _none(search, "is decided differently and lies in no region", NOT_COMPLETE)
    # 2. inside each, every side says what is listed
    search = Search(formulas, *unable, rlimit=rlimit)
    otherwise = []
    for said, some in groupby(sorted(regions, key=lambda r: (r.ways, r.box)), key=lambda r: r.ways):
        here = logic.some([boxes[r.box] for r in some])
        listed = [_supplied(space, formulas, w) for w in said]
        right = logic.every([logic.same(a, x) for a, x in zip(allowed, listed, strict=True)])
        otherwise.append(logic.every([here, logic.no(right)]))
    search.add(logic.some(otherwise))
    return out + _none(search, "lies in a region and is decided otherwise than listed", NOT_SOUND)


def _none(search: Search, text: str, gave_up: str) -> list[str]:
    found = search.find()
    if found is UNKNOWN:
        return [gave_up]
    if found is not None:
        raise OracleError(
            f"boxes and solver disagree: {use_json(found)} {text}",
            cure="the comparison is not shown; report the terms' digests and this message",
        )
    return []


def _supplied(space: Space, formulas: Formulas, ways: Iterable[Supply]) -> Term:
    """Approvals and duties in hand are all of one of `ways`."""
    index = space.scope.vocabulary.index
    shift = len(space.scope.vocabulary.facts["approvals"].values)
    each = []
    for way in ways:
        asked: list[Formula] = [
            Has(index["approvals"], 1 << i) if i < shift else Has(index["duties"], 1 << (i - shift)) for i in ranks(way)
        ]
        each.append(formulas.formula(And(tuple(asked))))
    return formulas.logic.some(each)


def _box(space: Space, formulas: Formulas, box: int) -> Term:
    """A box as the solver's formula, from the document that people are shown."""
    logic, scope = formulas.logic, space.scope
    parts: list[Term] = []
    for name, part in region_json(space, box).items():
        match name:
            case "activity":
                parts.append(formulas.activity(part["in"]))
            case "component":
                parts.append(logic.some([formulas.components[c] for c in part["in"]]))
            case "model":
                parts.append(logic.some([formulas.models[m] for m in part["in"]]))
            case _:
                bits, i = scope.vocabulary.bits[name], scope.vocabulary.index[name]
                parts += [formulas.formula(f) for f in _leaves(part, bits, i)]
    return logic.every(parts)


def _leaves(part: Mapping[str, Any], bits: Mapping[str, int], i: int) -> Iterator[Formula]:
    match part:
        case {"in": values}:
            yield In(i, sum(bits[v] for v in values))
        case {"has": has, "lacks": lacks}:
            yield from (Has(i, bits[v]) for v in has)
            yield from (Has(i, bits[v], absent=True) for v in lacks)
        case _:
            yield Between(i, part.get("min", 0), part.get("max", MAX_NUMBER))
