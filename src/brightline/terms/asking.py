"""What a denied use could still be told: does the denial turn on facts that are not known or merely claimed?

Law (DESIGN section 3, `ask`): a denial is an `ask` iff some values for the open facts in the applicable clauses, with
merely claimed facts attested at the values claimed, make the use allowed once every approval and duty is supplied.
The search is bounded by MAX_STEPS a decision; past it a denial stays a denial.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from brightline.terms.compiled import ranks
from brightline.terms.formula import FALSE, TRUE, Formula, Has, In, disjunction, leaves, negation, residual
from brightline.terms.satisfying import satisfiable
from brightline.terms.supplying import Case, Given
from brightline.vocabulary import FactKind, Source

MAX_STEPS = 4_000
MAX_WAYS = 8


@dataclass(slots=True)
class Asking:
    """The search for what would help one denied use; its steps are counted over all that is asked of it."""

    case: Case
    steps: list[int] = field(default_factory=lambda: [0])

    def ways(self, exceptions: int = 0) -> list[Mapping[str, str]]:
        """Sets of facts that could lift the denial, `exceptions` given: fact → the weakest source that would do.

        Each is minimal: with any fact less known, or known from less, the use stays denied. Fewest facts first, what
        only the gateway can observe last.
        """
        # 1. the facts of the clauses that bite, and only if they cannot help, those of all that apply
        v = self._supplied(exceptions)
        for some in (self._biting(v), self.case.applicable):
            question = self._question(v, some)
            if question.solvable(question.strongest):
                break
        else:
            return []
        # 2. every fact in turn is kept to the last while others are dropped
        found: list[Mapping[str, Source]] = []
        for last in question.strongest:
            kept = question.least(last)
            if last in kept and kept not in found:
                found.append(kept)
        found.sort(key=lambda kept: (Source.OBSERVED in kept.values(), len(kept)))
        return [question.weakest(kept) for kept in found[:MAX_WAYS]]

    def regardless(self, forbids: int) -> int:
        """Those of `forbids` (bits by rank) that bite whatever may yet be told: the ones that a denial rests on."""
        words, full = self.case.terms.scope.vocabulary, self.case.terms.scope.full
        v = self._supplied(0)
        undecided = {words.index["claimed"]: v[words.index["claimed"]]}
        for f in words.facts.values():
            i = words.index[f.name]
            if f.kind is FactKind.ENUM and f.names[v[i].bit_length() - 1] in f.open:
                undecided[i] = full[i]
        clauses = self.case.terms.clauses
        return sum(1 << r for r in ranks(forbids) if residual(clauses[r].condition, v, undecided) == TRUE)

    def _supplied(self, exceptions: int) -> list[int]:
        """The use with all approvals, and all duties that can be performed: what other values than the open ones would
        need is not known yet."""
        supply = self.case.terms.supply(self.case.applicable)
        return self.case.supplied(Given(supply.approvals, supply.duties & self.case.performable, exceptions))

    def _biting(self, v: Sequence[int]) -> list[int]:
        permits, forbids = self.case.terms.match[self.case.activity](v)
        return ranks(forbids) + ([] if permits else list(self.case.hopes))

    def _question(self, v: Sequence[int], some: Iterable[int]) -> _Question:
        # 1. what is open or merely claimed in `some` clauses; the gateway's own facts first, to be dropped first
        words, clauses = self.case.terms.scope.vocabulary, self.case.terms.clauses
        full = self.case.terms.scope.full
        some_leaves = [leaf for r in some for leaf in leaves(clauses[r].condition)]
        in_question = {leaf.i for leaf in some_leaves if isinstance(leaf, In)}
        place, claims = words.index["claimed"], words.bits["claimed"]
        asked = sum({leaf.bit for leaf in some_leaves if isinstance(leaf, Has) and leaf.i == place})
        strongest: dict[str, Source] = {}
        domains: dict[int, int] = {}
        for f in sorted(words.facts.values(), key=lambda f: not f.gateway):
            i = words.index[f.name]
            if f.kind is FactKind.ENUM and i in in_question and f.names[v[i].bit_length() - 1] in f.open:
                domains[i] = full[i]
                strongest[f.name] = Source.OBSERVED if f.gateway else Source.ATTESTED
            elif v[place] & asked & claims.get(f.name, 0):
                strongest[f.name] = Source.ATTESTED
        # 2. what is left of the clauses when all of that is left open
        undecided = {**domains, place: sum(claims.get(name, 0) for name in strongest)}
        needed: list[Formula] = []
        permits: list[Formula] = []
        for r in self.case.applicable:
            left = residual(clauses[r].condition, v, undecided)
            if clauses[r].permits:
                permits.append(left)
            else:
                needed.append(negation(left, full))
        rest = [p for p in [*needed, disjunction(permits)] if p != TRUE]
        return _Question(
            [FALSE] if FALSE in rest else rest, v, domains, strongest, place, claims, words.index, self.steps
        )


@dataclass(frozen=True, slots=True)
class _Question:
    """`rest`: what must hold, over the facts in `domains` and claims; `strongest`: all that could be told, each from
    the best source it can have."""

    rest: Sequence[Formula]
    v: Sequence[int]
    domains: Mapping[int, int]
    strongest: Mapping[str, Source]
    place: int
    claims: Mapping[str, int]
    index: Mapping[str, int]
    steps: list[int]

    def solvable(self, told: Mapping[str, Source]) -> bool:
        """Whether some values of the facts told, from those sources, allow the use. Past MAX_STEPS: no."""
        w = list(self.v)
        for name, source in told.items():
            bit = self.claims.get(name, 0)
            w[self.place] = w[self.place] & ~bit if source is Source.ATTESTED else w[self.place] | bit
        free = {self.index[name] for name in told}
        domains = {i: mask if i in free else w[i] for i, mask in self.domains.items()}
        return satisfiable([residual(p, w, domains) for p in self.rest], domains, self.steps, MAX_STEPS)

    def least(self, last: str) -> Mapping[str, Source]:
        """As few facts as are enough, each from its best source; `last` is dropped only if the others are enough."""
        told = dict(self.strongest)
        for name in [*(n for n in self.strongest if n != last), last]:
            fewer = {n: s for n, s in told.items() if n != name}
            if self.solvable(fewer):
                told = fewer
        return told

    def weakest(self, told: Mapping[str, Source]) -> Mapping[str, Source]:
        """The same facts, in vocabulary order, each merely claimed where a claim is enough."""
        out = {name: told[name] for name in self.index if name in told}
        for name, source in told.items():
            claim = out | {name: Source.DECLARED}
            if source is Source.ATTESTED and self.index[name] in self.domains and self.solvable(claim):
                out = claim
        return out
