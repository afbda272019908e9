"""Orders: what a person may tell whoever keeps the record to do with its private side, signed.

DSSE over canonical JSON, payload type `ORDER_TYPE`. The customer's roster says whose key may sign in which role, the
agreement which role orders what. An order holds no content; the words of `reason` stay on the customer's side.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Final, Never

from brightline.agreement import Agreement
from brightline.agreement.payload import exact, sha256
from brightline.agreement.reading import Digest, Record, constant, integer, listing, one_of, optional, plain, text
from brightline.approvals import read_roster
from brightline.approvals.roster import Person, Roster, verify_key
from brightline.canonical import MAX_SAFE, dump
from brightline.errors import AgreementError, ApprovalError, nearest
from brightline.keys import Envelope, SigningKey, VerifyKey
from brightline.record.body import ErasureReason
from brightline.terms import Terms

ORDER_TYPE: Final = "application/vnd.brightline.order+json"
MAX_ENTRIES: Final = 1000
"""Entries that one order names."""

_ENTRY = integer(0, MAX_SAFE)
_NAME = text(200)


class Do(StrEnum):
    ERASE = "erase"  # the private sides of `entries`
    PURGE = "purge"  # those of all entries up to `last`, as the retention schedule has it
    HOLD = "hold"  # entries `first` to `last` are kept, whatever else says to erase them
    LIFT = "lift"  # the hold called `name`
    LOOK = "look"  # the private sides of `entries` are opened by the signer
    AUDIT = "audit"  # those of `entries` are opened to an auditor


class Reason(StrEnum):
    SPILL = "spill"
    RETENTION = "retention"
    ORDER = "order"
    REQUEST = "request"

    @property
    def code(self) -> ErasureReason:
        return ErasureReason[self.name]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order(Record):
    """`last` null: with everything that is still to come. `why`: for erasures. `time`: Unix seconds, the signer's."""

    do: Annotated[Do, one_of(Do)]
    origin: Annotated[str, _NAME]
    agreement: Digest
    person: Annotated[str, _NAME]
    role: Annotated[str, _NAME]
    time: Annotated[int, _ENTRY]
    entries: Annotated[tuple[int, ...], listing(_ENTRY, MAX_ENTRIES)] = ()
    first: Annotated[int, _ENTRY] = 0
    last: Annotated[int | None, optional(_ENTRY)] = None
    name: Annotated[str | None, optional(_NAME)] = None
    why: Annotated[Reason | None, optional(one_of(Reason))] = None
    reason: Annotated[str, text(2000)]
    type: Annotated[str, constant("brightline/order/v1")] = "brightline/order/v1"

    def faults(self) -> Iterable[tuple[str, str, str]]:
        if self.do in (Do.ERASE, Do.LOOK, Do.AUDIT) and not self.entries:
            yield "entries", "it names no entry", "name at least one"
        if len(set(self.entries)) < len(self.entries):
            yield "entries", "an entry stands twice", "name each once"
        if self.do in (Do.HOLD, Do.LIFT) and not self.name:
            yield "name", "a legal hold has a name", "name the case"
        if self.do is Do.PURGE and self.last is None:
            yield "last", "a purge ends somewhere", "name the last entry"
        if (self.do in (Do.ERASE, Do.PURGE)) != (self.why is not None):
            yield "why", "erasures, and they alone, say why", "say spill, retention, order or request"
        if (self.do is Do.PURGE) != (self.why is Reason.RETENTION):
            yield "why", "the schedule is for a purge, and a purge for the schedule", "choose the other"
        if self.last is not None and self.last < self.first:
            yield "last", "it ends before it begins", "name the entries in order"

    @property
    def id(self) -> str:
        return sha256(dump(plain(self)))


@dataclass(frozen=True, slots=True)
class Told:
    """An order that stands: its signer is on the customer's roster, in the role that the agreement asks for."""

    order: Order
    envelope: bytes
    rank: int  # of the role, among the agreed roles
    roster: int | None  # the roster's number, where it takes one


def sign_order(order: Order, key: SigningKey) -> Envelope:
    """The order as a file. Raises AgreementError where it could not be read."""
    value = plain(order)
    Order.read(value)
    return Envelope(ORDER_TYPE, dump(value)).signed(key)


def read_order(envelope: Envelope, roster: Envelope | None, agreement: Agreement, terms: Terms, origin: str) -> Told:
    """The order in an envelope, if it stands by itself. Raises ApprovalError.

    An audit's looks the customer orders with its own key, whose statement says what was opened; all else somebody whom
    the roster names.
    What only the record knows (a newer roster, an order carried out before, holds, caps) `Custody` knows.
    """
    if envelope.payload_type != ORDER_TYPE:
        _refuse("malformed", "another kind of statement", f"give one of {ORDER_TYPE}")
    try:
        order = Order.read(exact(envelope.payload, "order"), "order: ")
    except AgreementError as e:
        raise ApprovalError(e.text, "malformed", place=e.place, cure=e.cure) from None
    if (order.origin, order.agreement) != (origin, agreement.digest):
        _refuse("wrong_desk", "it is about another record or another agreement", "sign one for this")
    rank = _rank(terms, order.role)
    if order.do is Do.AUDIT:
        if not envelope.signed_by(agreement.parties.customer.key):
            _refuse("unknown_signer", "it is not signed by the customer", "sign it with the customer's key")
        return Told(order, envelope.to_bytes(), rank, None)
    if roster is None:
        _refuse("unknown_signer", "no roster says who may order this", "give the roster that the customer signed")
    listed = read_roster(roster, terms, agreement.parties.customer.key, "roster")
    check_duties(listed, agreement)
    person = listed.person(order.person)
    if person is None or not envelope.signed_by(verify_key(person)):
        _refuse("unknown_signer", f"it is not signed by {order.person!r} of the roster", "sign it with that key")
    if order.role not in person.roles or order.role not in roles_for(order.do, agreement, listed):
        allowed = ", ".join(sorted(roles_for(order.do, agreement, listed)))
        _refuse("wrong_role", f"{order.person!r} may not order this as {order.role!r}", f"it takes {allowed}")
    return Told(order, envelope.to_bytes(), rank, listed.number)


def _rank(terms: Terms, role: str) -> int:
    names = tuple(terms.scope.vocabulary.facts["approvals"].names)
    if role not in names:
        _refuse("unknown_word", f"the terms know no role {role!r}", nearest(role, names))
    return names.index(role)


def roles_for(do: Do, agreement: Agreement, roster: Roster) -> frozenset[str]:
    """The roles of which any one may order this."""
    kept = agreement.retention
    match do:
        case Do.ERASE | Do.PURGE:
            return frozenset((kept.erasure_role,))
        case Do.HOLD | Do.LIFT:
            return frozenset((kept.hold_role,))
        case Do.LOOK | Do.AUDIT:
            return frozenset((kept.erasure_role, kept.hold_role, roster.inspector_role))


def check_duties(roster: Roster, agreement: Agreement, officer: VerifyKey | None = None) -> None:
    """Separation of duties: whoever decides at the desk is no other party, runs no log, audits and releases nothing.

    Raises ApprovalError naming the person. That no two persons share a key, and that an auditor's key is no party's and
    no log's, roster and agreement themselves see to.
    """
    taken: dict[bytes, str] = {agreement.parties.vendor.key.public: "the vendor's"}
    taken |= {
        log.key.public: f"that of the log {log.origin}, which the gateway's operators hold" for log in agreement.logs
    }
    taken |= {a.key.public: f"the auditor {a.name}'s" for a in (agreement.audit.auditors if agreement.audit else ())}
    taken[agreement.parties.customer.key.public] = "the customer's own, which signs the roster and releases evidence"
    if officer is not None:
        taken[officer.public] = "the releasing officer's"
    for person in roster.persons:
        if whose := taken.get(verify_key(person).public):
            text, cure = f"the key of {person.name!r} is {whose}", "give the person a key of their own"
            raise ApprovalError(text, "wrong_person", place="roster", cure=cure)


def signer(roster: Roster, key: VerifyKey) -> Person:
    """Who on the roster has this key. Raises ApprovalError."""
    found = next((p for p in roster.persons if verify_key(p).public == key.public), None)
    if found is None:
        _refuse("unknown_signer", f"the roster has nobody with the key {key.name}", "use a key that is on it")
    return found


def _refuse(fault: str, text: str, cure: str) -> Never:
    raise ApprovalError(text, fault, place="order", cure=cure)
