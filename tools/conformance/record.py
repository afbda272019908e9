"""Honest records and their agreement, from fixed keys: what the mutations begin with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from hashlib import sha256
from random import Random
from typing import Any

from brightline.agreement import Agreement, Log, Parties, Party, Signatory, Terms
from brightline.agreement.payload import AGREEMENT_TYPE
from brightline.agreement.reading import plain
from brightline.assurance.verify.bundle import About, head
from brightline.canonical import dump
from brightline.keys import Envelope, SigningKey
from brightline.record import body as b
from brightline.record import checkpoint
from brightline.record.checkpoint import Checkpoint
from brightline.record.entry import Flag, OutcomeCode
from brightline.record.log import Disclosure, Draft
from brightline.record.log import Log as RecordLog
from brightline.record.merkle import Tree, hash_leaves
from brightline.record.note import Note
from brightline.record.opening import open_fields
from brightline.vocabulary import SHIPPED, module, shipped
from tools.conformance.case import Case

VENDOR = SigningKey.new("vendor.example", bytes([1]) * 32)
CUSTOMER = SigningKey.new("department.example", bytes([2]) * 32)
STRANGER = SigningKey.new("stranger.example", bytes([3]) * 32)
ORIGIN = "department.example/g1"
LOG = SigningKey.new(ORIGIN, bytes([4]) * 32)
OTHER_LOG = SigningKey.new(ORIGIN, bytes([5]) * 32)
WITNESS = SigningKey.new("witness.example/w1", bytes([6]) * 32)
WITNESS_2 = SigningKey.new("witness.example/w2", bytes([7]) * 32)
KEYS: Mapping[str, str] = {"vendor": str(VENDOR.public), "customer": str(CUSTOMER.public)}
NOON = 1_796_126_400  # 2026-12-01T12:00:00Z, a multiple of 60
TERMS = bytes.fromhex("ab" * 32)
OTHER_TERMS = bytes.fromhex("cd" * 32)
MODEL = bytes(range(32))
CEDAR = """// K2 speaks of @id("K9") in its text; K10 sorts before K2
@id("K1") permit (principal, action, resource);
@id("K4") @title("No bulk") @text("See @id(\\"K9\\"); then more.") forbid (principal, action, resource);
@id("K2") @text("a ; b // c") permit (principal, action, resource);
@id("K10") forbid (principal, action, resource);
"""
METERS: Mapping[str, Any] = {
    "type": "brightline/meters/v1", "sites": 1, "scopes": 2, "soft": 500, "hard": 10000, "at_soft": 1, "at_hard": 0,
    "highest": 700, "exact": True,
}  # fmt: skip
NOTES = ("notes", b"the customer's own")
PERMIT, HOLD, ASK, DENY = OutcomeCode.PERMIT, OutcomeCode.HOLD, OutcomeCode.ASK, OutcomeCode.DENY
KEY = bytes(32)


def vocabulary() -> list[dict[str, Any]]:
    """What a verifier must hold to know activities: modules in their order, with digest and number of activities."""
    found = []
    for name in SHIPPED:
        whole = shipped(*dict.fromkeys(("core", name)))
        more = len(whole.activities) - (0 if name == "core" else len(shipped("core").activities))
        found.append({"module": name, "digest": module(name).digest, "activities": more})
    return found


@cache
def agreement() -> Agreement:
    who = Signatory(name="A. Lee", title="Counsel", authority="board resolution 12")
    vendor = Party(name="Vendor, Inc.", key=VENDOR.public, signatories=(who,))
    customer = Party(name="The Department", key=CUSTOMER.public, signatories=(replace(who, name="J. Doe"),))
    return Agreement(
        title="Terms of use of models",
        parties=Parties(vendor=vendor, customer=customer),
        terms=Terms(digest="sha256:" + TERMS.hex(), files={"terms.cedar": CEDAR}),
        vocabulary={name: module(name).digest for name in ("core", "defence")},
        logs=(Log(origin=ORIGIN, key=LOG.public),),
        begins=date(2026, 12, 1),
        until=date(2027, 11, 30),
    )


def value(**changes: Any) -> dict[str, Any]:
    """The payload's value, with members replaced."""
    return {**plain(agreement()), **changes}


def file(payload: bytes, *signers: SigningKey) -> bytes:
    """An agreement's file, whatever its payload is."""
    made = Envelope(AGREEMENT_TYPE, payload)
    for signer in signers or (VENDOR, CUSTOMER):
        made = made.signed(signer)
    return made.to_bytes()


@dataclass(frozen=True)
class Record:
    """A base: entries and what is opened of them, under an agreement's payload."""

    name: str
    entries: bytes
    openings: bytes = b""
    payload: bytes = b""
    grade: str = "C0"

    def note(self, entries: bytes | None = None, key: SigningKey = LOG) -> Note:
        """Signed over any entries: whoever holds the log's key can sign anything."""
        return checkpoint.sign(honest(self.entries if entries is None else entries, key.name), key)

    def bundle(
        self,
        entries: bytes | None = None,
        *,
        note: bytes | None = None,
        openings: bytes | None = None,
        payload: bytes | None = None,
        origin: str = ORIGIN,
    ) -> bytes:
        data = self.entries if entries is None else entries
        digest = Envelope(AGREEMENT_TYPE, payload or self.payload).payload
        about = About("sha256:" + sha(digest), origin, len(data) // 256)
        opened = self.openings if openings is None else openings
        return head(about, bytes(self.note(data)) if note is None else note, opened) + data

    def case(self, name: str, why: str, **given: Any) -> Case:
        """A case of this record; `given` replaces what is given to the verifier, and what it must answer."""
        entries = given.pop("entries", self.entries)
        payload = given.pop("payload", self.payload)
        openings = given.pop("openings", self.openings)
        made: dict[str, Any] = {
            "bundle": b"",
            "agreement": file(payload),
            "keys": KEYS,
            "base": self.name,
            "grade": self.grade,
            **given,
        }
        made["bundle"] = given.get("bundle")
        if made["bundle"] is None:
            made["bundle"] = self.bundle(entries, payload=payload, openings=openings)
        return Case(name=name, why=why, entries=entries, **made)


def sha(data: bytes) -> str:
    return sha256(data).hexdigest()


def honest(entries: bytes, origin: str = ORIGIN) -> Checkpoint:
    tree = Tree()
    tree.extend(hash_leaves(entries, 256))
    return Checkpoint(origin, tree.size, tree.root())


def decision(code: OutcomeCode = PERMIT, clauses: int = 1, flags: int = 0, **body: Any) -> Draft:
    made = b.DecisionBody(api=b.Api.OPENAI_CHAT, act=b.Act.MODEL_CALL)._replace(**body)
    return Draft(made, 3, code, flags, clauses, TERMS, MODEL, (("prompt", b"secret"),))


def ended(of: int, tokens: tuple[int, int] = (896, 192), status: int = 1, flags: int = 0) -> Draft:
    return Draft(b.OutcomeBody(of, status, *tokens), flags=flags, terms=TERMS, model=MODEL)


def plainly(body: Any, fields: Any = ()) -> Draft:
    return Draft(body, terms=TERMS, fields=fields)


#: Where entries of the record `mixed` stand.
(TERMS_CHANGE, OWN_CHANGE, CLOCK, CALL, END, HELD, APPROVAL, EXCEPTION, APPROVED, END_2, DENIED, ASKED, PARENT, TOOL,
 END_TOOL, END_PARENT, ERASURE, RELEASE, EPOCH, ENGINE, CALL_2, END_3, EPOCH_2, ENGINE_2,
 STOP) = range(1, 26)  # fmt: skip


@cache
def mixed(guarded: int = 0) -> Record:
    """26 entries of every kind, two epochs that agree."""
    log = RecordLog(ORIGIN, Disclosure())
    batch = log.batch(NOON)
    shown = (("meters", dump(dict(METERS))), NOTES)

    def add(*drafts: Draft) -> None:
        for draft in drafts:
            batch.add(draft, KEY)

    def engine(epoch: int, tokens: tuple[int, int], calls: int) -> Draft:
        made = b.EngineBody(epoch, *tokens, *tokens, tolerance=4000, guarded=guarded)
        return plainly(made._replace(answered=calls * guarded, accepted=calls * guarded))

    add(
        plainly(b.ChangeBody(b.ChangeSubject.TERMS, TERMS)),
        plainly(b.ChangeBody(b.ChangeSubject.PURPOSES), (("registered", b"{}"),)),
        plainly(b.ClockBody(b.ClockEvent.STARTED, b.ClockSource.SYNCHRONISED)),
        decision(),
        ended(CALL),
        decision(HOLD, 8, approvals=3),
        plainly(b.ApprovalBody(HELD, NOON + 600, 2, b.Verdict.GRANTED)),
        plainly(b.ExceptionBody(0, NOON, NOON + 9000, 1, 2, b.ExceptionAct.GRANTED)),
        decision(PERMIT, 5, Flag.STREAMED, approval=APPROVAL, exception=EXCEPTION),
        ended(APPROVED, status=4),
        decision(DENY, 10),
        decision(ASK, 0, missing=4),
        decision(PERMIT, 4, Flag.CLAIMED),
        decision(PERMIT, 1, Flag.NOT_SCREENED, parent=PARENT, act=b.Act.TOOL_CALL),
        ended(TOOL, (0, 0)),
        ended(PARENT, (64, 128), flags=Flag.ESTIMATED),
        plainly(b.ErasureBody(END, 1, b.ErasureReason.SPILL)),
        plainly(b.ReleaseBody(17, b.ReleaseVerdict.RELEASED, bundle=MODEL)),
        plainly(b.EpochBody(1, 0, NOON - 600, NOON, 5, 6, 4, 1), shown),
        engine(EPOCH, (896 * 2 + 64, 192 * 2 + 128), 4),
        decision(),
        ended(CALL_2),
        plainly(b.EpochBody(2, EPOCH + 1, NOON, NOON, 5, 6, 4, 1), shown),
        engine(EPOCH_2, (896, 192), 1),
        plainly(b.ClockBody(b.ClockEvent.STOPPED, b.ClockSource.SYNCHRONISED)),
    )
    openings = b"".join(opening(i, shown, ["meters"]) for i in (EPOCH, EPOCH_2))
    name = "guarded" if guarded else "mixed"
    return Record(name, bytes(batch.data()), openings, dump(value()), "C2" if guarded else "C1")


def opening(entry: int, fields: Any, names: list[str]) -> bytes:
    made = open_fields(entry, KEY, fields, names)
    assert made is not None
    return made.to_bytes()


@cache
def busy(calls: int = 310, seed: int = 1, name: str = "long") -> Record:
    """Calls over some hours, each with its end; the counters of 600 entries are three."""
    draw, log, now = Random(seed), RecordLog(ORIGIN, Disclosure()), NOON
    data, batch = bytearray(), log.batch(NOON)
    for i in range(calls):
        if i % 16 == 15:
            log.commit(batch, batch.data())
            data += batch.data()
            now += draw.randrange(0, 600)
            batch = log.batch(now)
        code = draw.choices([PERMIT, HOLD, ASK, DENY], [90, 4, 2, 4])[0]
        clauses = draw.choice([1, 4, 5]) if code is PERMIT else draw.choice([0, 2, 8, 10])
        made = decision(code, clauses, draw.choice([0, 4, 8, 32]))._replace(activity=draw.randrange(1, 39))
        index = batch.add(made, draw.randbytes(32))
        if code is PERMIT:
            tokens = draw.randrange(3000), draw.randrange(900)
            batch.add(ended(index, tokens, draw.randrange(1, 9)), draw.randbytes(32))
    return Record(name, bytes(data + batch.data()), payload=dump(value()))


def put(entries: bytes, index: int, offset: int, data: bytes) -> bytes:
    """Bytes of one entry replaced."""
    at = index * 256 + offset
    return entries[:at] + data + entries[at + len(data) :]


def rows(entries: bytes) -> list[bytes]:
    return [entries[i : i + 256] for i in range(0, len(entries), 256)]


def renumbered(of: list[bytes]) -> bytes:
    """The rows with new sequences, so that only what refers to them can tell."""
    return b"".join(i.to_bytes(8, "big") + row[8:] for i, row in enumerate(of))
