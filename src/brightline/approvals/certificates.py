"""Exceptions and break-glass: what an official of the customer puts in force, at once and without the vendor (K8, G01).

An exception is a certificate of the terms, for the uses in its scope, until it ends or is revoked. It decides nothing:
it is the fact `exceptions`, and the terms say what a certificate changes, and what none does.
"""

from __future__ import annotations

from typing import NamedTuple

from brightline.approvals.reading import Fault, refuse
from brightline.approvals.roster import Roster
from brightline.approvals.statement import BreakGlass, Except
from brightline.errors import nearest
from brightline.terms import Terms, alternate
from brightline.vocabulary import UNKNOWN, FactKind, Use

MAX_DAYS = 365
DAY = 86_400_000
MAX_CERTIFICATES = 4096
"""Exceptions that a desk keeps, with those revoked and ended."""


class Certificate(NamedTuple):
    """`id`: the digest of the statement; `entry`: its index in the record; `ended`: when it was revoked, or 0."""

    id: str
    statement: Except
    since: int
    entry: int
    ended: int = 0

    def in_force(self, now: int) -> bool:
        return not self.ended and now < self.statement.until


class Emergency(NamedTuple):
    """Break-glass. `id`, `entry`, `ended` as above."""

    id: str
    statement: BreakGlass
    since: int
    entry: int
    ended: int = 0

    def in_force(self, now: int) -> bool:
        return not self.ended and now < self.statement.until


def check_exception(said: Except, roster: Roster, terms: Terms, now: int, place: str) -> None:
    """Raises ApprovalError where a role, word or time of an exception cannot stand."""
    words = terms.scope.vocabulary
    known = words.names["certificates"]
    if said.role != roster.exception_role:
        refuse(Fault.WRONG_ROLE, f"{said.role} signs no exceptions", f"the roster says {roster.exception_role}", place)
    if said.certificate not in known:
        text = f"the terms know no certificate {said.certificate!r}"
        refuse(Fault.UNKNOWN_WORD, text, nearest(said.certificate, known), place)
    for name in said.activities:
        if not words.in_group(name):
            refuse(
                Fault.UNKNOWN_WORD, f"no activity {name!r}", nearest(name, (*words.activities, *words.groups)), place
            )
    for name in said.components:
        if terms.scope.components and not terms.scope.components_of(name):
            refuse(Fault.UNKNOWN_WORD, f"no component {name!r}", nearest(name, terms.scope.components), place)
    for fact, values in said.facts.items():
        if fact not in words.facts or words.facts[fact].kind is not FactKind.ENUM:
            known_facts = [f for f, own in words.facts.items() if own.kind is FactKind.ENUM]
            refuse(Fault.UNKNOWN_WORD, f"{fact!r} cannot bound a scope", nearest(fact, known_facts), place)
        for value in values:
            if value not in words.facts[fact].names or value == UNKNOWN:
                cure = nearest(value, (n for n in words.facts[fact].names if n != UNKNOWN))
                refuse(Fault.UNKNOWN_WORD, f"{fact} has no value {value!r} that a scope can name", cure, place)
    check_until(said.until, said.time, now, MAX_DAYS * DAY, place)


def check_until(until: int, time: int, now: int, most: int, place: str) -> None:
    """Raises ApprovalError where something ended already, or would last too long, counted from its signature."""
    if until <= now:
        refuse(Fault.EXPIRED, "its time has passed", "sign a new one", place)
    if until - time > most:
        text = f"it would last {-((time - until) // 1000)} seconds"
        refuse(Fault.TOO_LONG, text, f"sign for at most {most // 1000}", place)


def covers(scope: Except, use: Use, terms: Terms) -> bool:
    """Does the scope hold the use, and everything else that it may be?"""
    return all(_covers(scope, u, terms) for u in (use, *(alternate(use, a) for a in use.alternatives)))


def _covers(scope: Except, use: Use, terms: Terms) -> bool:
    words = terms.scope.vocabulary
    if scope.activities and not any(use.activity in words.in_group(name) for name in scope.activities):
        return False
    if scope.components and not any(use.component == c or use.component.startswith(f"{c}/") for c in scope.components):
        return False
    return all(use.facts.get(fact, UNKNOWN) in values for fact, values in scope.facts.items())


def stays_shut(use: Use) -> bool:
    """Break-glass never serves a tool that acts, nor one of which that is not known."""
    actuations = (u.facts.get("actuation", UNKNOWN) for u in (use, *(alternate(use, a) for a in use.alternatives)))
    return any(a in ("act", UNKNOWN) for a in actuations)
