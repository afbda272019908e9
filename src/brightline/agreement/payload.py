"""The agreement: what both parties sign, as canonical JSON in a DSSE envelope.

Law: an agreement has one sequence of bytes and so one digest; `Agreement.from_bytes(a.to_bytes()) == a`, and bytes
that are not exactly canonical are refused. docs/reference/agreement.md lists every field.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Annotated, Final, Self

from brightline.agreement.profile import (
    CODE,
    OTHER,
    USUAL_CONSEQUENCES,
    USUAL_DISCLOSURE,
    USUAL_RETENTION,
    Audit,
    Ceiling,
    Consequence,
    Disclosure,
    Retention,
)
from brightline.agreement.reading import (
    Digest,
    Record,
    constant,
    day,
    digest,
    fail,
    flag,
    key,
    listing,
    mapping,
    one_of,
    optional,
    plain,
    short,
    text,
    verify_key,
)
from brightline.agreement.table import Role
from brightline.canonical import dump, parse
from brightline.errors import AgreementError, InputError
from brightline.keys import Envelope, VerifyKey

AGREEMENT_TYPE: Final = "application/vnd.brightline.agreement+json"
MAX_BYTES: Final = 4 << 20
"""The most that an agreement or a message may have."""

_NAME = text(200)
_WORD = text(100, pattern=r"[A-Za-z0-9][A-Za-z0-9._-]*", means="a plain name of letters, digits, '.', '_', '-'")


@dataclass(frozen=True, slots=True, kw_only=True)
class Signatory(Record):
    """Who signs for a party, and by what authority (`warranted contracting officer, FAR 1.602-1`)."""

    name: Annotated[str, _NAME]
    title: Annotated[str, _NAME]
    authority: Annotated[str, text(500)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Party(Record):
    name: Annotated[str, _NAME]
    key: Annotated[VerifyKey, verify_key]
    signatories: Annotated[tuple[Signatory, ...], listing(Signatory.read, 16, unique="name")] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Parties(Record):
    vendor: Annotated[Party, Party.read]
    customer: Annotated[Party, Party.read]

    def of(self, role: Role) -> Party:
        return self.vendor if role is Role.VENDOR else self.customer

    def faults(self) -> Iterable[tuple[str, str, str]]:
        # The bytes are compared, not the text: one key under two names is still one signer.
        if self.vendor.key.public == self.customer.key.public:
            yield "customer.key", "it is the vendor's key too: nobody agrees with themselves", "use the customer's own"


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """The parties' keys, as the agreement names them or as they are known from elsewhere."""

    vendor: VerifyKey
    customer: VerifyKey

    def of(self, role: Role) -> VerifyKey:
        return self.vendor if role is Role.VENDOR else self.customer

    def role_of(self, key: VerifyKey) -> Role | None:
        return next((role for role in Role if self.of(role).public == key.public), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms(Record):
    """The pack agreed on: its files word for word, and their digest as `brightline.terms` computes it.

    This package cannot recompute the digest; whoever loads the files compares (`terms.drift` where it differs).
    """

    digest: Digest
    files: Annotated[Mapping[str, str], mapping(_WORD, text(1 << 20, least=0, lines=True), 16)]

    def faults(self) -> Iterable[tuple[str, str, str]]:
        # The files are written to disk by their names, on systems that take `A.cedar` and `a.cedar` for one.
        if len({name.casefold() for name in self.files}) < len(self.files):
            yield "files", "two file names differ only in upper and lower case", "rename one of them"
        if not any(name.endswith(".cedar") for name in self.files):
            yield "files", "no clauses: no file ends in .cedar", "add the pack's terms.cedar"


@dataclass(frozen=True, slots=True, kw_only=True)
class Model(Record):
    """A model that the terms govern; `digest` is null where its weights are not pinned."""

    name: Annotated[str, _NAME]
    digest: Annotated[str | None, optional(digest)]
    family: Annotated[str, _NAME]
    variant: Annotated[str, _NAME] = "stock"


@dataclass(frozen=True, slots=True, kw_only=True)
class Log(Record):
    """The log of one gateway instance: its origin (C2SP tlog-checkpoint) and the key of its checkpoints.

    The key's name is the origin, or no checkpoint of the log would ever verify with it.
    """

    origin: Annotated[str, _NAME]
    key: Annotated[VerifyKey, verify_key]

    def faults(self) -> Iterable[tuple[str, str, str]]:
        if self.key.name != self.origin:
            wrong = f"the key is of {short(self.key.name)}, and the log is {short(self.origin)}"
            yield "key", wrong, f"make the log's own with `brightline key new {self.origin}`, or name the key's origin"


class Prevails(StrEnum):
    """Which stands where the words of a clause and its code say different things."""

    WORDS = "words"
    CODE = "code"


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement(Record):
    """One agreement. `begins` is `from` in JSON; an `until` that passes without a successor ends nothing."""

    title: Annotated[str, _NAME]
    parties: Annotated[Parties, Parties.read]
    terms: Annotated[Terms, Terms.read]
    vocabulary: Annotated[Mapping[str, str], mapping(_WORD, digest, 32)]
    begins: Annotated[date, key("from"), day]
    until: Annotated[date | None, optional(day)] = None
    type: Annotated[str, constant("brightline/agreement/v1")] = "brightline/agreement/v1"
    contract: Annotated[str | None, optional(_NAME)] = None
    supersedes: Annotated[str | None, optional(digest)] = None
    interim: Annotated[bool, flag] = False
    models: Annotated[tuple[Model, ...], listing(Model.read, 256, unique="name")] = ()
    logs: Annotated[tuple[Log, ...], listing(Log.read, 64, unique="origin")] = ()
    ceiling: Annotated[Ceiling | None, optional(Ceiling.read)] = None
    disclosure: Annotated[Disclosure, Disclosure.read] = USUAL_DISCLOSURE
    retention: Annotated[Retention, Retention.read] = USUAL_RETENTION
    audit: Annotated[Audit | None, optional(Audit.read)] = None
    prevails: Annotated[Prevails, one_of(Prevails)] = Prevails.WORDS
    consequences: Annotated[Mapping[str, Consequence], mapping(CODE, Consequence.read, 128)] = field(
        default_factory=lambda: USUAL_CONSEQUENCES
    )

    def faults(self) -> Iterable[tuple[str, str, str]]:
        if self.until is not None and self.until < self.begins:
            yield "until", "it ends before it begins", "write a later date, or null"
        if "core" not in self.vocabulary:
            yield "vocabulary", "the core vocabulary is not named", "add `core` with its digest"
        if OTHER not in self.consequences:
            yield "consequences", "nothing follows from a finding that is not listed", f"add a row {OTHER!r}"
        for i, log in enumerate(self.logs):
            # With the vendor's key on the customer's log the vendor could forge the record that it then doubts.
            if log.key.public == self.parties.vendor.key.public:
                yield f"logs[{i}].key", "the vendor's key cannot sign the customer's log", "use the gateway's key"
        # Separation of duties: whoever judges the record neither made it nor bargained about it.
        others = {self.parties.of(role).key.public: f"the {role}'s" for role in Role}
        others |= {log.key.public: f"that of the log {log.origin}" for log in self.logs}
        for i, auditor in enumerate(self.audit.auditors if self.audit else ()):
            if whose := others.get(auditor.key.public):
                yield f"audit.auditors[{i}].key", f"it is {whose}: nobody audits themselves", "name the auditor's own"
            others[auditor.key.public] = f"the auditor {auditor.name}'s"

    @property
    def keys(self) -> Keys:
        return Keys(vendor=self.parties.vendor.key, customer=self.parties.customer.key)

    @property
    def digest(self) -> str:
        """`sha256:` and the hex SHA-256 of the payload bytes."""
        return sha256(self.to_bytes())

    def to_bytes(self) -> bytes:
        """The canonical payload. Raises AgreementError where a field would be refused on reading."""
        value = plain(self)
        Agreement.read(value)
        return dump(value)

    def envelope(self) -> Envelope:
        """The agreement as a file, not yet signed by anyone."""
        return Envelope(AGREEMENT_TYPE, self.to_bytes())

    @classmethod
    def from_bytes(cls, payload: bytes, place: str = "") -> Self:
        """Read a payload. Raises AgreementError naming `place` and the field."""
        return cls.read(exact(payload, place), f"{place}: " if place else "")

    @classmethod
    def of(cls, envelope: Envelope, place: str = "") -> Self:
        """The agreement in an envelope; says nothing about its signatures (`in_force` does)."""
        if envelope.payload_type != AGREEMENT_TYPE:
            fail(place, f"an envelope of type {envelope.payload_type[:80]!r} is no agreement", f"use {AGREEMENT_TYPE}")
        return cls.from_bytes(envelope.payload, place)

    def consequence(self, code: str) -> Consequence:
        """What a finding or grade triggers; the row `other` where it is not listed."""
        return self.consequences.get(code, self.consequences[OTHER])


def sha256(payload: bytes) -> str:
    return "sha256:" + hashlib.sha256(payload).hexdigest()


def exact(payload: bytes, place: str) -> object:
    """Canonical JSON of bounded size. Two texts of one value would have two digests: only one is accepted."""
    if len(payload) > MAX_BYTES:
        fail(place, f"{len(payload)} bytes", f"send at most {MAX_BYTES}")
    value = parse(payload, place, error=AgreementError)
    if _canonical(value, place) != payload:
        fail(place, "the payload is not canonical JSON (RFC 8785)", "write it with `brightline agreement`")
    return value


def _canonical(value: object, place: str) -> bytes:
    try:
        return dump(value)
    except InputError as e:  # a float, or an integer past 2**53 - 1
        raise AgreementError(e.text, place=place, cure=e.cure) from None
