"""Records that verify: every length of them, many mixtures, and what is found in them."""

from __future__ import annotations

from collections.abc import Iterator

from tools.conformance import record as r
from tools.conformance.case import Case
from tools.conformance.record import NOON, busy, mixed, put

GOOD = mixed()
E = GOOD.entries
BODY = 184


def u64(number: int) -> bytes:
    return number.to_bytes(8, "big")


def told() -> Iterator[tuple[str, bytes, tuple[str, ...]]]:  # noqa: C901 - a list of findings
    """Name, entries, findings."""
    yield "observed, not enforced", put(E, r.DENIED, 23, b"\x01"), ("observed", "outcome.missing")
    ends = put(put(put(E, r.CALL_2, 17, b"\x04"), r.CALL_2, 23, b"\x01"), r.STOP, 8, u64(NOON))
    yield "the end of what was only observed", ends, ("observed",)
    yield "under break-glass", put(E, r.CALL, 23, b"\x02"), ("break_glass",)
    yield "break-glass started", put(E, r.EXCEPTION, BODY + 28, b"\x03"), ("break_glass",)
    yield "break-glass ended", put(E, r.EXCEPTION, BODY + 28, b"\x04"), ("break_glass",)
    yield "an exception revoked", put(E, r.EXCEPTION, BODY + 28, b"\x02"), ()
    yield "a denial though readings disagreed", put(E, r.DENIED, 22, b"\x10"), ("decide.disagreed",)
    yield "a denial though deciding failed", put(E, r.DENIED, 22, b"\x20"), ("decide.failed",)
    for value, code in ((0x80, "integrity.drifted"),):
        yield f"a permit with {code}", put(E, r.CALL, 23, bytes([value])), (code,)
        yield f"a denial with {code}", put(E, r.DENIED, 23, bytes([value])), ()
    for value, code in ((0x01, "meter.missing"), (0x02, "approvals.hurried")):
        yield f"a permit with {code}", put(E, r.CALL, 22, bytes([value])), (code,)
        yield f"a denial with {code}", put(E, r.DENIED, 22, bytes([value])), ()
    yield "every other mark", put(E, r.DENIED, 20, b"\0\0\xcc\x7c"), ()
    yield "a call without its end", put(E, r.CALL_2, 23, b"\0")[: r.END_3 * 256], ("outcome.missing",)
    yield "a refused release", put(E, r.RELEASE, BODY + 8, b"\x02\x01"), ("release.refused",)
    for event in (3, 4):
        body = bytes([event, 1]) + u64(120)
        yield f"a step of the clock {event}", put(E, r.CLOCK, BODY, body), ("clock.stepped",)
    yield "a step of odd seconds", put(E, r.CLOCK, BODY, b"\x03\x01" + u64(7)), ("clock.stepped", "disclosure.finer")
    for source in (0, 2):
        yield f"a clock of source {source}", put(E, r.CLOCK, BODY + 1, bytes([source])), ("clock.unsynchronised",)
    for wait, found in ((3600, ()), (3659, ("disclosure.finer",)), (3660, ("record.gap",)), (90000, ("record.gap",))):
        yield f"{wait} seconds without an entry", put(E, r.STOP, 8, u64(NOON + wait)), found
    yield "the last second of all", put(E, r.STOP, 8, u64(253402300740)), ("agreement.expired", "record.gap")
    yield "a time of odd seconds", put(E, r.STOP, 8, u64(NOON + 1)), ("disclosure.finer",)
    yield "an approval until odd seconds", put(E, r.APPROVAL, BODY + 8, u64(NOON + 1)), ("disclosure.finer",)
    yield "an exception since odd seconds", put(E, r.EXCEPTION, BODY + 8, u64(NOON + 1)), ("disclosure.finer",)
    yield "tokens to the unit", put(E, r.END, BODY + 9, (897).to_bytes(4, "big")), ("disclosure.finer",)
    yield "an epoch with a claimed grade", put(E, r.EPOCH, BODY + 48, b"\0"), ()
    yield "a clause named by a denial alone", put(E, r.DENIED, 24, b"\x0f"), ()
    yield (
        "everything at time 0",
        b"".join(put(e, 0, 8, u64(0)) for e in r.rows(E[: r.EXCEPTION * 256])),
        ("agreement.not_begun",),
    )
    for status in range(1, 9):
        yield f"status {status}", put(E, r.END, BODY + 8, bytes([status])), ()
    for verdict in range(1, 10):
        yield f"verdict {verdict}", put(E, r.APPROVAL, BODY + 18, bytes([verdict])), ()
    for subject in range(16, 26):
        yield f"a change of subject {subject}", put(E, r.OWN_CHANGE, BODY, bytes([subject])), ()
    for subject in range(1, 8):
        yield f"a change of subject {subject}", put(E, r.TERMS_CHANGE, BODY, bytes([subject])), ()
    for reason in range(1, 5):
        early = ("retention.early",) if reason == 2 else ()  # on the day itself, where three years are agreed
        yield f"an erasure for reason {reason}", put(E, r.ERASURE, BODY + 10, bytes([reason])), early
    for api in range(9):
        yield f"api {api}", put(E, r.CALL, BODY + 56, bytes([api])), ()
    for reason in range(1, 8):
        yield f"a refusal for reason {reason}", put(E, r.RELEASE, BODY + 8, bytes([2, reason])), ("release.refused",)


def cases() -> Iterator[Case]:
    yield GOOD.case("honest: mixed", "26 entries of every kind")
    guarded = mixed(1)
    yield guarded.case("honest: guarded", "the same with receipts")
    yield busy().case("honest: long", "596 entries, three counters entries")
    for name, entries, found in told():
        kept = GOOD.openings if len(entries) == len(E) else b""
        grade = "C1" if len(entries) > r.ENGINE * 256 else "C0"
        yield GOOD.case(f"told: {name}", "it verifies, and is found", entries=entries, openings=kept, findings=found,
                        grade=grade)  # fmt: skip
    for size in range(26):
        entries = E[: size * 256]
        grade = "C1" if size > r.ENGINE else "C0"
        waiting = size in (5, 10, 14, 15, 16, 22)
        found = ("outcome.missing",) if waiting else ()
        yield GOOD.case(
            f"length: {size}", "a log may end anywhere", entries=entries, openings=b"", findings=found, grade=grade
        )
    for size in (254, 255, 256, 257, 258, 511, 512, 513, 514):
        entries = busy().entries[: size * 256]
        last = next(i for i in range(size - 1, -1, -1) if entries[i * 256 + 16] != 7)
        open_ = entries[last * 256 + 16 : last * 256 + 18] == b"\x01\x01"
        yield busy().case(f"length: long {size}", "a log may end anywhere", entries=entries,
                          findings=("outcome.missing",) if open_ else ())  # fmt: skip
    for seed in range(2, 42):
        made = busy(10 + seed, seed)
        yield busy().case(f"mixture: {seed}", "calls at random", entries=made.entries)
