"""`check`: whether terms keep a property on every use there can be, or the least use on which they do not.

A property is Cedar in the same profile, read in the scope of the terms, and each of its clauses is a demand:

- `forbid`: no use to which the clause applies is ever allowed;
- `permit`: every use to which the clause applies is permitted.

A use here has whatever approvals, duties and certificates its facts say: all that could be in hand is. So a `forbid`
with `unless { context.approvals.contains("x") }` demands that nothing is allowed before x approved, and one without it
that no approval helps. A use that is held is not permitted: where approvals are meant to be given, a `permit` says so
in its condition. Duties are the gateway's to perform: a `permit` counts all of them as performed; a `forbid` is about
the use as it is in the end, its duties among its facts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from brightline.analysis.smt import RLIMIT, UNKNOWN, Space, Term, Unknown, least
from brightline.errors import OracleError, TermsError
from brightline.terms import DUTIES, Clause, Decision, Outcome, Scope, Terms, confirm, decide, read_terms
from brightline.terms.adoption import Adoption
from brightline.terms.cedar import Oracle
from brightline.terms.formula import holds
from brightline.vocabulary import Use, use_json


@dataclass(frozen=True, slots=True)
class Check:
    """What was found of one clause of a property. `use` and `decision`: the counterexample, where `holds` is False."""

    clause: Clause
    holds: bool | Literal[Unknown.UNKNOWN]
    use: Use | None = None
    decision: Decision | None = None

    @property
    def text(self) -> str:
        named = f"{self.clause.id} ({self.clause.title})" if self.clause.title else self.clause.id
        if self.holds is UNKNOWN:
            return f"{named}: not known; the solver reached its limit"
        if self.holds:
            return f"{named}: holds for every use"
        should = "should always be permitted" if self.clause.permits else "should never be permitted"
        return f"{named}: does not hold; this use {should}. {self.decision.text if self.decision else ''}"


def read_property(scope: Scope, text: str, place: str) -> Terms:
    """The property in Cedar text, over the words and names of `scope`. Raises TermsError naming file, line and cure."""
    demands = read_terms(scope, text, place)
    if not demands.clauses:
        raise TermsError(
            "no clause in it", place=place, cure='write forbid (principal, action == Action::"…", resource);'
        )
    for c in demands.clauses:
        if not c.decides:
            cure = "take @reading away: every clause of a property is a demand"
            raise TermsError("a clause that decides nothing", place=f"{place}:{c.line} ({c.id})", cure=cure)
    return demands


def check(terms: Terms, demands: Terms, rlimit: int = RLIMIT) -> Iterator[Check]:
    """Each clause of `demands`, in the order of the text, against `terms`. Both are of one scope.

    Law: holds is True iff no use breaks the clause; every counterexample is borne out by closures and Cedar engine, and
    none states fewer facts. Raises OracleError where they contradict the solver.
    """
    space = Space(terms.scope)
    for clause in sorted(demands.clauses, key=lambda c: c.line):
        found = least(space, space.condition(clause), _broken(space, terms, clause), rlimit=rlimit)
        if found is UNKNOWN:
            yield Check(clause, UNKNOWN)
        elif found is None:
            yield Check(clause, True)
        else:
            yield Check(clause, False, found, _confirmed(terms, clause, found))


def verdict(checks: list[Check]) -> dict[str, Any]:
    """The JSON form: `holds` of all together, and the first counterexample as a use that `decide` takes."""
    first = next((c for c in checks if c.holds is False), None)
    unknown = next((c for c in checks if c.holds is UNKNOWN), None)
    return {
        "holds": False if first else "unknown" if unknown else True,
        "counterexample": use_json(first.use) if first and first.use else None,
        "clause": first.clause.id if first else unknown.clause.id if unknown else None,
        "decision": first.decision.to_json() if first and first.decision else None,
        "text": " ".join(c.text for c in ([first] if first else checks)),
    }


def _broken(space: Space, terms: Terms, clause: Clause) -> Term:
    """What a use to which `clause` applies must not be."""
    allowed = space.allowed(terms)
    if not clause.permits:
        return allowed
    index, names = space.scope.vocabulary.index, space.scope.vocabulary.facts["duties"].names
    duties = dict(zip(names, space.values[index["duties"]], strict=True))
    performed = {t: space.logic.true for d, t in duties.items() if d in DUTIES}
    return space.logic.no(space.logic.put(allowed, performed))


def _confirmed(terms: Terms, clause: Clause, use: Use) -> Decision:
    """The decision on a counterexample, once closures and engine agree that it is one."""
    scope = terms.scope
    v = scope.encode(use)
    # 1. the clause applies: its formula and the engine say so
    text = [clause.cedar] if clause.permits else ["permit (principal, action, resource);", clause.cedar]
    engine = Oracle(scope, text, Adoption()).allows(use.activity, v, use.component, use.model)
    applies = use.activity in clause.activities and holds(clause.condition, v)
    # 2. the terms decide otherwise than it demands
    decision = decide(terms, use)
    confirm(terms, use, decision, [d for d in DUTIES if d in scope.vocabulary.bits["duties"]])
    permitted = decision.outcome is Outcome.PERMIT and (clause.permits or not decision.duties)
    if not applies or engine is not clause.permits or permitted is clause.permits:
        raise OracleError(
            f"the solver's counterexample to {clause.id} is none",
            cure="report the digest of the terms and the property",
        )
    return decision
