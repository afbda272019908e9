"""Records to verify: a small agreement, a log with a realistic mix, and bundles of it, honest or forged."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from random import Random

from brightline.agreement import Agreement, Keys, Log, Terms
from brightline.assurance.verify import Result, verify
from brightline.assurance.verify.bundle import About, head
from brightline.keys import SigningKey
from brightline.record import checkpoint, entry
from brightline.record.body import (
    Act,
    Api,
    ApprovalBody,
    ChangeBody,
    ChangeSubject,
    ClockBody,
    ClockEvent,
    ClockSource,
    DecisionBody,
    EngineBody,
    EpochBody,
    ErasureBody,
    ErasureReason,
    ExceptionAct,
    ExceptionBody,
    OutcomeBody,
    OutcomeStatus,
    ReleaseBody,
    ReleaseVerdict,
    Verdict,
)
from brightline.record.checkpoint import Checkpoint
from brightline.record.entry import ENTRY_BYTES, Entry, Flag, OutcomeCode
from brightline.record.log import Disclosure, Draft
from brightline.record.log import Log as RecordLog
from brightline.record.merkle import Tree, hash_leaves
from brightline.record.opening import Opened, open_fields
from brightline.vocabulary import module
from tests.agreement.founding import CUSTOMER, KEYS, VENDOR, agreement, signed

ORIGIN = "department.example/g1"
LOG_KEY = SigningKey.new(ORIGIN, bytes([9]) * 32)
NOON = 1_796_126_400  # 2026-12-01T12:00:00Z
TERMS = bytes.fromhex("ab" * 32)
OTHER_TERMS = bytes.fromhex("cd" * 32)
MODEL = bytes(range(32))
CEDAR = """
// K2 speaks of @id("K9") in its text; K10 sorts before K2
@id("K1") permit (principal, action, resource);
@id("K4") @title("No bulk") @text("See @id(\\"K9\\"); then more.") forbid (principal, action, resource);
@id("K2") @text("a ; b // c") permit (principal, action, resource);
@id("K10") forbid (principal, action, resource);
"""
METERS = (
    b'{"at_hard":0,"at_soft":1,"exact":true,"hard":10000,"highest":700,"scopes":2,"sites":1,"soft":500,'
    b'"type":"brightline/meters/v1"}'
)
EPOCH_FIELDS = (("meters", METERS), ("notes", b"the customer's own"))
RANKS = ("K1", "K10", "K2", "K4")


def founding(**changes: object) -> Agreement:
    """The founding agreement with this log, these terms and the shipped vocabulary."""
    made: dict[str, object] = {
        "terms": Terms(digest="sha256:" + TERMS.hex(), files={"terms.cedar": CEDAR}),
        "vocabulary": {name: module(name).digest for name in ("core", "defence")},
        "logs": (Log(origin=ORIGIN, key=LOG_KEY.public),),
        "begins": date(2026, 12, 1),
    }
    return agreement(**{**made, **changes})


def decision(code: OutcomeCode, flags: int = 0, clauses: int = 1, **changes: object) -> Draft:
    body = DecisionBody(api=Api.OPENAI_CHAT, act=Act.MODEL_CALL)
    made = Draft(body, 3, code, flags, clauses, TERMS, MODEL, (("prompt", b"secret"),))
    return made._replace(**changes)  # type: ignore[arg-type]


def outcome(of: int, status: OutcomeStatus = OutcomeStatus.COMPLETED, tokens: tuple[int, int] = (900, 200)) -> Draft:
    return Draft(OutcomeBody(of, status, *tokens), terms=TERMS, model=MODEL)


def change(subject: ChangeSubject, digest: bytes = bytes(32)) -> Draft:
    private = () if subject.shared else (("registered", b"{}"),)
    return Draft(ChangeBody(subject, digest), terms=TERMS, fields=private)


def busy(log: RecordLog, calls: int, seed: int = 1) -> bytes:
    """A realistic mix over some hours; every permitted call ends. Returns the entries that it adds."""
    random = Random(seed)
    data, now = bytearray(), NOON
    batch = log.batch(now)
    batch.add(change(ChangeSubject.TERMS, TERMS), random.randbytes(32))
    batch.add(change(ChangeSubject.PURPOSES), random.randbytes(32))
    for i in range(calls):
        if i % 64 == 63:
            log.commit(batch, batch.data())
            data += batch.data()
            now += random.randrange(0, 300)
            batch = log.batch(now)
        code = random.choices([OutcomeCode.PERMIT, OutcomeCode.HOLD, OutcomeCode.ASK, OutcomeCode.DENY], [90, 4, 2, 4])[
            0
        ]
        clauses = random.choice([1, 4, 5]) if code is OutcomeCode.PERMIT else random.choice([0, 2, 8, 10])
        flags = random.choice([Flag(0), Flag.STREAMED, Flag.CLAIMED | Flag.STREAMED, Flag.NOT_SCREENED])
        made = decision(code, flags, clauses, activity=random.randrange(1, 39))
        index = batch.add(made, random.randbytes(32))
        if code is OutcomeCode.PERMIT:
            status = random.choice([OutcomeStatus.COMPLETED] * 9 + [OutcomeStatus.CLIENT_GONE])
            batch.add(outcome(index, status, (random.randrange(3000), random.randrange(900))), random.randbytes(32))
        if i % 50 == 49:
            batch.add(Draft(ApprovalBody(index, NOON + 600, 2, Verdict.GRANTED), terms=TERMS), random.randbytes(32))
    log.commit(batch, batch.data())
    return bytes(data + batch.data())


@cache
def mixed(calls: int = 300, *, engine: bool = False) -> bytes:
    """Entries of a log with every kind in it; of its engine it speaks only if asked to."""
    log = RecordLog(ORIGIN, Disclosure())
    data = busy(log, calls)
    batch = log.batch(log.time + 3600)
    key = bytes(32)
    batch.add(Draft(ExceptionBody(0, NOON, NOON + 9000, 1, 2, ExceptionAct.GRANTED), terms=TERMS), key)
    batch.add(Draft(ErasureBody(5, 1, ErasureReason.SPILL), terms=TERMS), key)
    batch.add(Draft(ClockBody(ClockEvent.BEAT, ClockSource.SYNCHRONISED), terms=TERMS), key)
    batch.add(Draft(ReleaseBody(20, ReleaseVerdict.RELEASED, bundle=MODEL), terms=TERMS), key)
    epoch = batch.add(Draft(EpochBody(1, 0, NOON, NOON + 3600, 5, 6, 4, 1), terms=TERMS, fields=EPOCH_FIELDS), key)
    if engine:
        sums = log.totals.input_tokens, log.totals.output_tokens
        batch.add(Draft(EngineBody(epoch, *sums, *sums, tolerance=4000), terms=TERMS), key)
    return data + batch.data()


@dataclass(frozen=True)
class Evidence:
    """What `verify` is given. `entries` and `signed` are what `bundle` is made of."""

    entries: bytes
    agreement: Agreement
    signers: tuple[SigningKey, ...] = (VENDOR, CUSTOMER)
    log_key: SigningKey = LOG_KEY
    keys: Keys | None = KEYS
    signed: Checkpoint | None = None
    about: About | None = None
    openings: bytes = b""

    @property
    def checkpoint(self) -> Checkpoint:
        return self.signed or honest(self.entries)

    @property
    def note(self) -> bytes:
        return bytes(checkpoint.sign(self.checkpoint, self.log_key))

    @property
    def file(self) -> bytes:
        """The agreement's file."""
        return signed(self.agreement, *self.signers).to_bytes()

    @property
    def bundle(self) -> bytes:
        named = About(self.agreement.digest, self.checkpoint.origin, len(self.entries) // ENTRY_BYTES)
        return head(self.about or named, self.note, self.openings) + self.entries

    def verified(self, **changes: object) -> Result:
        changed = replace(self, **changes)  # type: ignore[arg-type]
        return verify(changed.bundle, changed.file, changed.keys)


def honest(entries: bytes, origin: str = ORIGIN) -> Checkpoint:
    """The checkpoint over exactly these entries, lawful or not: a customer can sign anything."""
    tree = Tree()
    tree.extend(hash_leaves(entries, ENTRY_BYTES))
    return Checkpoint(origin, tree.size, tree.root())


@cache
def good() -> Evidence:
    return Evidence(mixed(), founding(), openings=opened("meters").to_bytes())


def opened(*names: str) -> Opened:
    """The epoch's entry of `mixed()`, with these of its fields opened."""
    made = open_fields(first(mixed(), entry.Kind.EPOCH), bytes(32), EPOCH_FIELDS, names)
    assert made is not None
    return made


def split(entries: bytes) -> list[bytes]:
    return [entries[i : i + ENTRY_BYTES] for i in range(0, len(entries), ENTRY_BYTES)]


def changed(entries: bytes, index: int, **fields: object) -> bytes:
    """The entries with fields of one replaced, whatever the laws say."""
    rows = split(entries)
    made = entry.Entry._make(entry._STRUCT.unpack(rows[index]))
    fields = {"clauses": int.from_bytes(made.clauses, "little"), **fields}  # type: ignore[arg-type]
    made = made._replace(**fields)  # type: ignore[arg-type]
    rows[index] = entry.pack(made)
    return b"".join(rows)


def first(entries: bytes, kind: entry.Kind, code: OutcomeCode | None = None) -> int:
    """The index of the first entry of a kind, of a decision with this outcome."""
    rows: list[Entry] = [entry.unpack(row) for row in split(entries)]
    return next(e.sequence for e in rows if e.kind == kind and code in (None, e.outcome))


def failed(result: Result) -> list[int]:
    return [step.n for step in result.steps if step.ok is False]
