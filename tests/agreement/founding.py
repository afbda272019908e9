"""The founding case in small: a vendor, a department, one agreement, and a negotiation run to any state."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from brightline.agreement import (
    Agreement,
    Audit,
    Auditor,
    Ceiling,
    Keys,
    Kind,
    Log,
    Model,
    Negotiation,
    Parties,
    Party,
    Role,
    Signatory,
    Terms,
)
from brightline.keys import Envelope, SigningKey

VENDOR = SigningKey.new("vendor.example", bytes([1]) * 32)
CUSTOMER = SigningKey.new("department.example", bytes([2]) * 32)
STRANGER = SigningKey.new("stranger.example", bytes([3]) * 32)
GATEWAY = SigningKey.new("department.example/g1", bytes([4]) * 32)
AUDITOR = SigningKey.new("ig.example", bytes([5]) * 32)
KEYS = Keys(vendor=VENDOR.public, customer=CUSTOMER.public)
SIGNER = {Role.VENDOR: VENDOR, Role.CUSTOMER: CUSTOMER}
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
WORD = "sha256:" + "ab" * 32

K4 = '@id("K4") @title("No bulk")\nforbid (principal, action, resource);\n'
CLAUSES = f'@id("K1")\npermit (principal, action, resource);\n{K4}'


def agreement(**changes: object) -> Agreement:
    made = Agreement(
        title="Terms of use of models",
        contract="W900KK-26-9-0001",
        parties=Parties(
            vendor=Party(
                name="Vendor, Inc.",
                key=VENDOR.public,
                signatories=(Signatory(name="A. Lee", title="General Counsel", authority="board resolution 12"),),
            ),
            customer=Party(
                name="The Department",
                key=CUSTOMER.public,
                signatories=(Signatory(name="J. Doe", title="Contracting Officer", authority="FAR 1.602-1"),),
            ),
        ),
        terms=Terms(digest=WORD, files={"terms.cedar": CLAUSES, "terms.toml": 'title = "K"\n'}),
        vocabulary={"core": WORD, "defence": WORD},
        models=(Model(name="smollm2", digest=WORD, family="smollm2"),),
        logs=(Log(origin=GATEWAY.name, key=GATEWAY.public),),
        ceiling=Ceiling(currency="USD", amount=Decimal("200000000.00"), funded=Decimal(50_000_000)),
        audit=Audit(commitment=WORD, auditors=(Auditor(name="IG", key=AUDITOR.public),)),
        begins=date(2026, 12, 1),
        until=date(2027, 11, 30),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def reworded(text: str, **changes: object) -> Agreement:
    files = {"terms.cedar": text, "terms.toml": 'title = "K"\n'}
    return agreement(terms=Terms(digest="sha256:" + "cd" * 32, files=files), **changes)


def signed(a: Agreement, *signers: SigningKey) -> Envelope:
    envelope = a.envelope()
    for signer in signers:
        envelope = envelope.signed(signer)
    return envelope


def begun() -> Negotiation:
    return Negotiation.begin(bytes(16), KEYS)


def run(*kinds: Kind, start: Negotiation | None = None) -> Negotiation:
    """A negotiation after these messages; each offer or request puts a draft of its own on the table."""
    negotiation = start or begun()
    for kind in kinds:
        draft = None
        if kind in (Kind.OFFER, Kind.REQUEST):
            draft = agreement(title=f"draft {len(negotiation.messages)}")
        negotiation, _ = negotiation.send(kind, SIGNER[sender(kind)], at(negotiation), draft)
    return negotiation


def sender(kind: Kind) -> Role:
    customers = (Kind.REQUEST, Kind.ACCEPTED, Kind.VERIFICATION)
    return Role.CUSTOMER if kind in customers else Role.VENDOR


def at(negotiation: Negotiation) -> datetime:
    return NOON + timedelta(hours=len(negotiation.messages))


TO_AGREED = (Kind.OFFER, Kind.ACCEPTED, Kind.AGREEMENT)
TO_FINALIZED = (*TO_AGREED, Kind.VERIFICATION, Kind.FINALIZED)
