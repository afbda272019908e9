"""What an agreement settles beside its terms: what is disclosed, kept, audited, spent, and what follows from what.

Every part has defaults that two strangers could sign, so that an offer needs few inputs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated

from brightline.agreement.reading import (
    Digest,
    Record,
    integer,
    listing,
    money,
    one_of,
    text,
    verify_key,
)
from brightline.keys import VerifyKey

CODE = text(60, pattern=r"[a-z][a-z0-9_]*(\.[A-Za-z0-9_]+)*", means="a code like `record.gap` or `grade.C0`")
_ROLE = text(60, pattern=r"[a-z][a-z0-9_]*", means="a role like `official`")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ceiling(Record):
    """The most that may be spent, and the part of it that is funded. Amounts in units of `currency` (ISO 4217)."""

    currency: Annotated[str, text(3, pattern="[A-Z]{3}", means="a currency code such as USD")]
    amount: Annotated[Decimal, money]
    funded: Annotated[Decimal, money]

    def faults(self) -> Iterable[tuple[str, str, str]]:
        if self.funded > self.amount:
            yield "funded", "more is funded than the ceiling allows", "fund at most `amount`"


class Statement(StrEnum):
    """What a customer can state of an epoch, opened in evidence (docs/reference/evidence.md)."""

    METERS = "meters"  # how near the metered limits came


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclosure(Record):
    """What the record shows, and how finely; steps are applied before anything is hashed (DESIGN section 6).

    time_seconds, tokens, lengths (bytes): the size of a step; 1 shows the exact value.
    erasures, erasures_per_10000: of n entries at most the greater of `erasures` and n * erasures_per_10000 / 10000
    may be erased.
    heartbeat_seconds: how long the record may stand still before that is a finding. statements: which of an epoch's
    statements evidence shows.
    """

    time_seconds: Annotated[int, integer(1, 86_400)] = 60
    tokens: Annotated[int, integer(1, 1 << 20)] = 64
    lengths: Annotated[int, integer(1, 1 << 20)] = 1024
    erasures: Annotated[int, integer(0, 1 << 32)] = 100
    erasures_per_10000: Annotated[int, integer(0, 10_000)] = 10
    heartbeat_seconds: Annotated[int, integer(60, 31 * 86_400)] = 3_600
    statements: Annotated[tuple[Statement, ...], listing(one_of(Statement), 16)] = tuple(Statement)

    def erasure_cap(self, entries: int) -> int:
        """How many of `entries` may have been erased."""
        return min(entries, max(self.erasures, entries * self.erasures_per_10000 // 10_000))


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention(Record):
    """How long the customer keeps things, in days; a legal hold lengthens both and shortens neither.

    erasure_role, hold_role: the roles of the agreed words that order erasures, and that place and lift legal holds.
    """

    record_days: Annotated[int, integer(1, 36_525)] = 1096  # three years (records schedule; SCENARIOS G14)
    content_days: Annotated[int, integer(0, 36_525)] = 1096
    erasure_role: Annotated[str, _ROLE] = "official"
    hold_role: Annotated[str, _ROLE] = "legal_adviser"


@dataclass(frozen=True, slots=True, kw_only=True)
class Auditor(Record):
    """Whom both accept to see opened entries (POSITIONS K10)."""

    name: Annotated[str, text(200)]
    key: Annotated[VerifyKey, verify_key]


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit(Record):
    """Random audits. `commitment` is the end of the vendor's hash chain of `epochs` nonces, made before it signs:

    commitment = SHA-256 applied `epochs` times to a secret; after epoch i the vendor reveals the value that
    hashes to the one before, so it cannot choose a nonce by what the record holds (DESIGN section 7).
    """

    commitment: Digest
    epochs: Annotated[int, integer(1, 10_000)] = 120
    epoch_days: Annotated[int, integer(1, 366)] = 30
    sample: Annotated[int, integer(1, 100_000)] = 299  # no failure found among 299: fewer than 1 in 100, at 95 %
    auditors: Annotated[tuple[Auditor, ...], listing(Auditor.read, 16, unique="name")] = ()


class Trigger(StrEnum):
    """All that a finding or grade can trigger. The set is closed and holds nothing that stops service."""

    NOTE = "note"  # it is written in the report
    NOTICE = "notice"  # the other party is told in writing
    EXPLAIN = "explain"  # the customer explains in writing
    AUDIT = "audit"  # one more random audit
    CONFER = "confer"  # the signatories meet
    DISPUTE = "dispute"  # the dispute step begins at once


@dataclass(frozen=True, slots=True, kw_only=True)
class Consequence(Record):
    """What a finding or grade triggers, the days to cure it (0 = nothing to cure), and the step if it is not cured."""

    trigger: Annotated[Trigger, one_of(Trigger)]
    text: Annotated[str, text(1000)]
    cure_days: Annotated[int, integer(0, 3650)] = 0
    dispute: Annotated[str, text(1000, least=0)] = ""


USUAL_DISCLOSURE = Disclosure()
USUAL_RETENTION = Retention()
OTHER = "other"
_CONFER = "The signatories confer within 10 days, then a mediator whom both name. Service goes on meanwhile."


def _row(trigger: Trigger, words: str, cure_days: int = 0, dispute: str = "") -> Consequence:
    return Consequence(trigger=trigger, text=words, cure_days=cure_days, dispute=dispute)


USUAL_CONSEQUENCES: Mapping[str, Consequence] = MappingProxyType(
    {
        "grade.C0": _row(Trigger.NOTE, "Reports say that only what passed the gateway is shown."),
        "grade.C1": _row(Trigger.NOTE, "Reports say that the engine's counters agree, and what could pass unseen."),
        "grade.C2": _row(Trigger.NOTE, "Reports say that the engine answered with this record's receipts alone."),
        "record.invalid": _row(Trigger.EXPLAIN, "The record does not verify: the customer explains.", 30, _CONFER),
        "record.shortfall": _row(Trigger.EXPLAIN, "The engine served more than the record shows.", 30, _CONFER),
        "terms.drift": _row(Trigger.EXPLAIN, "Other terms ran than those agreed: restore them.", 10, _CONFER),
        "limit.exceeded": _row(Trigger.EXPLAIN, "A metered limit was passed.", 30, _CONFER),
        "erasures.exceeded": _row(Trigger.AUDIT, "More was erased than the disclosure profile allows.", 30, _CONFER),
        "audit.refused": _row(Trigger.CONFER, "A drawn entry was not opened to the auditor.", 30, _CONFER),
        "evidence.late": _row(Trigger.NOTICE, "No evidence came for the epoch.", 30, _CONFER),
        "record.gap": _row(Trigger.EXPLAIN, "Nothing was recorded for longer than agreed.", 30, _CONFER),
        "clock.stepped": _row(Trigger.NOTE, "Reports say how often the clock was set, and how far."),
        "clock.unsynchronised": _row(Trigger.NOTE, "Times are the operator's word alone."),
        "witness.missing": _row(Trigger.NOTICE, "A witness did not cosign: ask it, and ask for the bundle again."),
        "release.refused": _row(Trigger.CONFER, "A releasing officer kept evidence back.", 30, _CONFER),
        "break_glass": _row(Trigger.NOTE, "Reports say how long, and how many uses went unrecorded."),
        "agreement.expired": _row(Trigger.NOTICE, "The agreement stays in force until a successor is signed."),
        OTHER: _row(Trigger.NOTICE, "Any finding that is not listed.", 30, _CONFER),
    }
)
