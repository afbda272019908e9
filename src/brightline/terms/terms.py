"""Terms: clauses over a vocabulary, with one digest, ready to be read four ways."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from brightline.canonical import MAX_SAFE, digest
from brightline.errors import TermsError
from brightline.terms.adoption import Adoption, adoption
from brightline.terms.cedar import Oracle, parse_policy, policies, validate
from brightline.terms.clause import Clause, read_clause
from brightline.terms.compiled import Applies, Match, Supply, compile_activity, compile_clause, ranks, supply
from brightline.terms.outcome import Decision
from brightline.terms.scope import Scope
from brightline.terms.source import Chunk

MAX_CLAUSES = 512
MAX_SUPPLIED = 8
MAX_FAULTS = 20  # that one error names besides the first
MAX_ROLES = 32  # an entry of the record names the roles of a hold in as many bits


@dataclass(frozen=True)
class Terms:
    """`clauses` sorted by @id: a clause's rank is its place. `authorities`: title, date and digest of each, by name.
    `pinned`: who is protected, and where home is. `adopted`: modules added after the words were written."""

    scope: Scope
    clauses: tuple[Clause, ...]
    authorities: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    pinned: Mapping[str, str] = field(default_factory=dict)
    adopted: tuple[str, ...] = ()

    @cached_property
    def digest(self) -> str:
        """Over canonical Cedar JSON sorted by @id, vocabulary, declared names and pinned authorities (DESIGN 3)."""
        words = self.scope.vocabulary
        return digest(
            {
                "clauses": [_hashable(c.policy) for c in self.clauses],
                "vocabulary": {m.name: m.digest for m in words.modules},
                "adopted": sorted(self.adopted),
                "names": {t: dict(words.names[t]) for t in ("enclaves", "lanes", "roles", "certificates")},
                "components": sorted(self.scope.components),
                "models": {m: sorted(up) for m, up in self.scope.models.items()},
                "authorities": {k: dict(v) for k, v in self.authorities.items()},
                "pinned": dict(self.pinned),
            }
        )

    @cached_property
    def decided(self) -> dict[Hashable, Decision]:
        """Decisions by outcome, clauses, duties and needs: their wording is made once."""
        return {}

    @cached_property
    def match(self) -> Mapping[str, Match]:
        """Activity → compiled clauses."""
        return {a: compile_activity(self.clauses, a) for a in self.scope.vocabulary.activities}

    @cached_property
    def _conditions(self) -> dict[int, Applies]:
        return {}

    def condition(self, rank: int) -> Applies:
        """The condition of one clause, compiled when it is first asked."""
        found = self._conditions.get(rank)
        if found is None:
            found = self._conditions[rank] = compile_clause(self.clauses[rank])
        return found

    @cached_property
    def rank(self) -> Mapping[str, int]:
        """@id → rank."""
        return {c.id: i for i, c in enumerate(self.clauses)}

    @cached_property
    def titles(self) -> Mapping[str, str]:
        """@id → @title."""
        return {c.id: c.title for c in self.clauses}

    @cached_property
    def supplies(self) -> Sequence[Supply]:
        """By rank: what approvals, duties and exceptions can matter to the clause."""
        return [supply(self.scope, c) for c in self.clauses]

    def supply(self, ranks: Iterable[int]) -> Supply:
        """What can matter to any of the clauses of those ranks."""
        out = Supply(0, 0, 0)
        for i in ranks:
            out = out | self.supplies[i]
        return out

    @cached_property
    def oracle(self) -> Oracle:
        """The Cedar engine on the same clauses."""
        return Oracle(self.scope, [c.cedar for c in self.clauses if c.decides], self.adoption)

    @cached_property
    def adoption(self) -> Adoption:
        """What the words of the adopted modules stand for."""
        return adoption(self.scope.vocabulary, self.adopted, [c.policy for c in self.clauses])

    @cached_property
    def _applicable(self) -> Mapping[str, Sequence[int]]:
        deciding = [(i, c) for i, c in enumerate(self.clauses) if c.decides]
        return {a: [i for i, c in deciding if a in c.activities] for a in self.scope.vocabulary.activities}

    def applicable(self, activity: str) -> Sequence[int]:
        """Ranks of the clauses that can apply to `activity`."""
        return self._applicable[activity]

    def ids(self, bits: int) -> tuple[str, ...]:
        """The ids of the clauses in `bits`, by rank."""
        return tuple(self.clauses[i].id for i in ranks(bits))


def read_terms(
    scope: Scope,
    text: str,
    place: str,
    authorities: Mapping[str, Mapping[str, str]] | None = None,
    pinned: Mapping[str, str] | None = None,
    adopted: Sequence[str] = (),
) -> Terms:
    """The terms in Cedar text. Raises TermsError naming file, line, clause and cure.

    `adopted`: modules of the vocabulary that were added after the text was written (`terms.adoption`).
    """
    # 1. parse, each clause within the profile
    clauses = _read_clauses(scope, policies(text, place), place, adopted)
    # 2. no two of one name
    seen: dict[str, Clause] = {}
    for c in clauses:
        if c.id in seen:
            raise TermsError(
                f"@id({c.id!r}) stands twice",
                place=f"{place}:{c.line}",
                cure=f"line {seen[c.id].line} has it too: rename one",
            )
        seen[c.id] = c
    # 3. strictly valid to the engine that checks us
    validate(scope, [(f"{place}:{c.line} ({c.id})", c.cedar) for c in clauses])
    terms = Terms(scope, tuple(sorted(clauses, key=lambda c: c.id)), authorities or {}, pinned or {}, tuple(adopted))
    _check_supplies(terms, place)
    return terms


def _read_clauses(scope: Scope, chunks: Sequence[Chunk], place: str, adopted: Sequence[str]) -> list[Clause]:
    """The clauses in `chunks`. Raises TermsError; one clause at fault does not hide the faults of the next."""
    if len(chunks) > MAX_CLAUSES:
        raise TermsError(f"{len(chunks)} clauses", place=place, cure=f"at most {MAX_CLAUSES} fit an agreement")
    parsed: dict[int, Mapping[str, Any]] = {}
    clauses: list[Clause] = []
    faults: dict[int, TermsError] = {}
    for i, c in enumerate(chunks):
        try:
            parsed[i] = parse_policy(c, place)
        except TermsError as e:
            faults[i] = e
    taken = adoption(scope.vocabulary, adopted, parsed.values())
    for i, policy in parsed.items():
        try:
            clauses.append(read_clause(scope, taken, chunks[i], policy, f"{place}:{chunks[i].line}", i))
        except TermsError as e:
            faults[i] = e
    if faults:
        first, *more = (faults[i] for i in sorted(faults))
        also = f"; and {len(more)} more: {'; '.join(map(str, more[:MAX_FAULTS]))}" if more else ""
        raise TermsError(first.text, place=first.place, cure=first.cure + also)
    return clauses


def _check_supplies(terms: Terms, place: str) -> None:
    """At most eight approvals and duties can matter to one use: needs stay enumerable (DESIGN 3, "Profile")."""
    roles = len(terms.scope.vocabulary.facts["approvals"].values)
    if roles > MAX_ROLES:
        raise TermsError(f"{roles} roles", place=place, cure=f"declare fewer: at most {MAX_ROLES} fit an entry")
    for activity in terms.scope.vocabulary.activities:
        whole = terms.supply(terms.applicable(activity))
        count = whole.approvals.bit_count() + whole.duties.bit_count()
        if max(count, whole.exceptions.bit_count()) > MAX_SUPPLIED:
            raise TermsError(
                f"{count} approvals and duties, {whole.exceptions.bit_count()} exceptions can matter to {activity}",
                place=place,
                cure=f"at most {MAX_SUPPLIED}: let fewer roles decide, or narrow the clauses' activities",
            )


def _hashable(value: Any) -> Any:
    """Cedar JSON with integers past 2**53 - 1, which canonical JSON has not (RFC 8785), as {"long": text}."""
    match value:
        case dict():
            return {k: _hashable(v) for k, v in value.items()}
        case list():
            return [_hashable(v) for v in value]
        case int() if abs(value) > MAX_SAFE:
            return {"long": str(value)}
    return value
