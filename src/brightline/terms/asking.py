"""What a denied use could still be told: does the denial turn on facts that are not known or merely claimed?

Law (DESIGN section 3, `ask`): a denial is an `ask` iff some values for the open facts in the applicable clauses, with
merely claimed facts attested at the values claimed, make the use allowed once every approval and duty is supplied.
The search is bounded by MAX_STEPS; past it a denial stays a denial.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from brightline.terms.formula import (
    FALSE,
    TRUE,
    And,
    Formula,
    Has,
    In,
    Or,
    conjunction,
    disjunction,
    leaves,
    negation,
    residual,
)
from brightline.terms.supplying import Case, Given
from brightline.vocabulary import FactKind, Source

MAX_STEPS = 20_000


class _ExhaustedError(Exception):
    """The search took more than MAX_STEPS."""


def missing_facts(case: Case, given: Given) -> Mapping[str, str] | None:
    """Fact → source that it must have, where knowing it could lift the denial with `given` supplied; else None."""
    # 1. the use with everything supplied, and what of it is open or merely claimed
    words = case.terms.scope.vocabulary
    v = list(case.v)
    for name, bits in (("approvals", given.approvals), ("duties", given.duties), ("exceptions", given.exceptions)):
        v[words.index[name]] |= bits
    biting = _ranks(case.match(v)[1]) or [
        i for i in case.terms.applicable(case.activity) if case.terms.clauses[i].permits
    ]
    everything = case.terms.applicable(case.activity)
    claims = _claims(case, v, everything)
    try:
        # 2. attestation alone; then the facts of the clauses that bite; then all facts of applicable clauses
        for ranks in ([], biting, everything):
            free = _open_facts(case, v, ranks)
            if _solvable(case, v, free, claims):
                return _sources(case, v, free, claims)
    except _ExhaustedError:
        return None
    return None


def _ranks(bits: int) -> list[int]:
    return [i for i in range(bits.bit_length()) if bits >> i & 1]


def _open_facts(case: Case, v: Sequence[int], ranks: Iterable[int]) -> list[str]:
    """The enumerations in those clauses whose value in `v` says "not known"."""
    words = case.terms.scope.vocabulary
    places = {leaf.i for r in ranks for leaf in leaves(case.terms.clauses[r].condition) if isinstance(leaf, In)}
    return [
        f.name
        for f in words.facts.values()
        if f.kind is FactKind.ENUM
        and words.index[f.name] in places
        and f.names[v[words.index[f.name]].bit_length() - 1] in f.open
    ]


def _claims(case: Case, v: Sequence[int], ranks: Iterable[int]) -> list[str]:
    """The facts merely claimed of which an applicable clause asks that they be more than claimed."""
    words = case.terms.scope.vocabulary
    i = words.index["claimed"]
    asked = 0
    for r in ranks:
        for leaf in leaves(case.terms.clauses[r].condition):
            if isinstance(leaf, Has) and leaf.i == i:
                asked |= leaf.bit
    return [name for name, bit in words.bits["claimed"].items() if v[i] & asked & bit]


def _sources(case: Case, v: Sequence[int], free: Sequence[str], claims: Sequence[str]) -> Mapping[str, str]:
    """The weakest source for each: a claim where a claim is enough, else an attestation; the gateway's own facts
    can only be observed."""
    words = case.terms.scope.vocabulary
    attested: list[str] = [*claims, *(f for f in free if not words.facts[f].gateway)]
    for name in list(attested):
        fewer = [a for a in attested if a != name]
        if _solvable(case, v, free, fewer, claiming=[f for f in free if f not in fewer]):
            attested = fewer
    out: dict[str, str] = {}
    for name in words.facts:
        if name in attested:
            out[name] = Source.ATTESTED
        elif name in free:
            out[name] = Source.OBSERVED if words.facts[name].gateway else Source.DECLARED
    return out


def _solvable(
    case: Case, v: Sequence[int], free: Sequence[str], attested: Sequence[str], claiming: Sequence[str] = ()
) -> bool:
    """Whether some values of the `free` facts allow the use, with `attested` no mere claims, `claiming` claims."""
    words, full = case.terms.scope.vocabulary, case.terms.scope.full
    bits, i = words.bits["claimed"], words.index["claimed"]
    w = list(v)
    for name in attested:
        w[i] &= ~bits.get(name, 0)
    for name in claiming:
        w[i] |= bits.get(name, 0)
    domains = {words.index[f]: full[words.index[f]] for f in free}
    permits: list[Formula] = []
    needed: list[Formula] = []
    for r in case.terms.applicable(case.activity):
        clause = case.terms.clauses[r]
        left = residual(clause.condition, w, domains)
        if clause.permits:
            permits.append(left)
        else:
            needed.append(negation(left, full))
    return _satisfiable([*needed, disjunction(permits)], domains, [0])


def _satisfiable(constraints: Sequence[Formula], domains: Mapping[int, int], steps: list[int]) -> bool:
    """Whether values within `domains` make all `constraints` true: unit propagation, then branching on an Or."""
    steps[0] += 1
    if steps[0] > MAX_STEPS:
        raise _ExhaustedError
    domains = dict(domains)
    todo = conjunction(constraints)
    # 1. single demands narrow the domains until nothing moves
    while True:
        parts = todo.parts if isinstance(todo, And) else (todo,)
        units = [p for p in parts if isinstance(p, In)]
        for u in units:
            domains[u.i] &= u.mask
            if not domains[u.i]:
                return False
        rest = conjunction(residual(p, (), domains) for p in parts if not isinstance(p, In))
        if rest == TRUE:
            return True
        if rest == FALSE:
            return False
        if not units and rest == todo:
            break
        todo = rest
    # 2. one alternative of the shortest Or must hold
    parts = todo.parts if isinstance(todo, And) else (todo,)
    chosen = min((p for p in parts if isinstance(p, Or)), key=lambda p: len(p.parts))
    others = [p for p in parts if p is not chosen]
    return any(_satisfiable([alternative, *others], domains, steps) for alternative in chosen.parts)
