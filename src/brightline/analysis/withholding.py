"""Cells where leaving a fact out pays (DESIGN section 3, "Withholding never pays").

Law: what is allowed with some approvals and duties where a fact of the use is unknown is allowed with them at every
value of the fact, claimed or attested. So at a value the outcome is no stricter and no more is asked for. Facts that
the gateway sets are left out: whoever states a use cannot withhold them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from brightline.analysis.shadows import Reach
from brightline.analysis.smt import UNKNOWN, Search, Term, least_in
from brightline.terms import DUTIES, Clause
from brightline.vocabulary import Fact, FactKind, Use


@dataclass(frozen=True, slots=True)
class Cell:
    """Where `fact` is unknown, `silent` has more than `open_`, the same use with a value of the fact, at which `clause`
    bites; None: by default, where no permit applies any more."""

    fact: Fact
    value: str
    clause: Clause | None
    silent: Use
    open_: Use


def withholding(reach: Reach) -> Iterator[Cell]:
    """Each cell (fact, value, clause that bites), with its least use."""
    logic, words = reach.space.logic, reach.space.scope.vocabulary
    allowed = logic.every([reach.some(reach.permits), reach.none(reach.forbids)])
    duties = zip(words.facts["duties"].names, reach.space.values[words.index["duties"]], strict=True)
    beyond = [logic.no(t) for d, t in duties if d not in DUTIES]
    for fact in words.facts.values():
        if fact.kind is not FactKind.ENUM or fact.gateway:
            continue
        silenced = _silenced(reach, fact)
        search = Search(reach.space, logic.put(allowed, silenced), logic.no(allowed), *beyond, rlimit=reach.rlimit)
        search.add(logic.no(reach.space.values[words.index[fact.name]][-1]))
        while (open_ := least_in(search)) is not None:
            if open_ is UNKNOWN:
                reach.unsettled += 1
                break
            cell, block = _cell(reach, fact, open_)
            yield cell
            search.add(logic.no(block))


def _silenced(reach: Reach, fact: Fact) -> dict[Term, Term]:
    """The fact's terms as they are when it is left out: unknown, and not claimed."""
    *known, unknown = reach.space.values[reach.space.scope.vocabulary.index[fact.name]]
    out = dict.fromkeys((*known, reach.space.claims[fact.name]), reach.space.logic.false)
    return out | {unknown: reach.space.logic.true}


def _cell(reach: Reach, fact: Fact, open_: Use) -> tuple[Cell, Term]:
    """The cell in which `open_` lies, and all that it stands for."""
    scope, value = reach.space.scope, str(open_.facts[fact.name])
    _, forbids = reach.terms.match[open_.activity](scope.encode(open_))
    bites = next((c for r, c in enumerate(reach.terms.clauses) if forbids >> r & 1), None)
    at = reach.space.values[scope.vocabulary.index[fact.name]][fact.names.index(value)]
    reason = reach.applies[bites.id] if bites else reach.none(reach.permits)
    # what was in hand shows only that more is asked for; the use is told without it, as `decide` finds what it needs
    plain = {k: v for k, v in open_.facts.items() if k not in ("approvals", "duties")}
    shown = replace(open_, facts=plain)
    silent = replace(
        shown,
        facts={k: v for k, v in plain.items() if k != fact.name},
        sources={k: v for k, v in open_.sources.items() if k != fact.name},
    )
    return Cell(fact, value, bites, silent, shown), reach.space.logic.every([at, reason])
