"""Steps 4 to 8: entries that break a law, under a checkpoint that the log's own key signed over them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from brightline.record.checkpoint import Checkpoint, sign
from tools.conformance import record as r
from tools.conformance.case import Case
from tools.conformance.record import LOG, NOON, ORIGIN, OTHER_TERMS, TERMS, busy, honest, mixed, put, renumbered, rows

GOOD, LONG = mixed(), busy()
E, ROWS = GOOD.entries, rows(GOOD.entries)
BODY = 184
#: Kind and an entry of it, and how many bytes its body uses.
PLACES = {
    "decision": (r.CALL, 58), "outcome": (r.END, 21), "approval": (r.APPROVAL, 19), "exception": (r.EXCEPTION, 29),
    "change": (r.OWN_CHANGE, 65), "erasure": (r.ERASURE, 11), "counters": (0, 64), "epoch": (r.EPOCH, 50),
    "clock": (r.CLOCK, 10), "release": (r.RELEASE, 42), "engine": (r.ENGINE, 66),
}  # fmt: skip
#: Entry, offset of a u64 reference in its body, and its name.
REFERENCES = (
    (r.APPROVED, 0, "parent"), (r.APPROVED, 8, "approval"), (r.APPROVED, 16, "second_approval"),
    (r.APPROVED, 24, "exception"), (r.END, 0, "decision of an outcome"), (r.APPROVAL, 0, "decision of an approval"),
    (r.EXCEPTION, 0, "granted"), (r.ERASURE, 0, "erased"), (r.EPOCH_2, 8, "first"), (r.ENGINE, 0, "epoch"),
)  # fmt: skip
#: Entry, offset of a one-byte word in its body, its name, and codes that are not known.
WORDS = (
    (r.CALL, 56, "api", (9, 255)), (r.CALL, 57, "act", (4, 255)), (r.END, 8, "status", (0, 9, 255)),
    (r.APPROVAL, 18, "verdict", (0, 10, 255)), (r.EXCEPTION, 28, "act of an exception", (0, 5, 255)),
    (r.TERMS_CHANGE, 0, "subject", (0, 8, 15, 26, 255)), (r.ERASURE, 10, "reason of an erasure", (0, 5, 255)),
    (r.EPOCH, 48, "grade", (5, 255)), (r.EPOCH, 49, "clock", (3, 255)), (r.CLOCK, 0, "event", (0, 6, 255)),
    (r.CLOCK, 1, "source", (3, 255)), (r.RELEASE, 8, "verdict of a release", (0, 3, 255)),
)  # fmt: skip


def u64(number: int) -> bytes:
    return number.to_bytes(8, "big")


def lawless() -> Iterator[tuple[str, str, bytes]]:  # noqa: C901, PLR0912 - a list of laws
    """Name, why, entries: step 5."""
    for at in (0, 1, 7, 13, 24):
        yield f"entry {at} is missing", "sequences count without a gap", b"".join(ROWS[:at] + ROWS[at + 1 :])
    for at in (0, 1, 13, 24):
        yield f"entry {at} stands twice", "sequences count without a gap", b"".join(ROWS[: at + 1] + ROWS[at:])
        swapped = [*ROWS[:at], ROWS[at + 1], ROWS[at], *ROWS[at + 2 :]]
        yield f"entries {at} and {at + 1} change places", "sequences count in order", b"".join(swapped)
    yield "backwards", "sequences count in order", b"".join(ROWS[::-1])
    yield "three deleted, renumbered over a boundary", "counters open each 256 entries", renumbered(
        rows(LONG.entries)[:20] + rows(LONG.entries)[23:300])  # fmt: skip
    yield "sequences from one", "they begin with 0", b"".join(u64(i + 1) + e[8:] for i, e in enumerate(ROWS))
    yield "a sequence past 2^63", "they count", put(E, 5, 0, u64(2**64 - 1))
    for at in (1, 12, 25):
        yield f"time runs back at {at}", "times do not run back", put(E, at, 8, u64(NOON - 60))
    for time in (253402300800, 2**63, 2**64 - 1):
        yield f"the last time is {time}", "it lies after the year 9999", put(E, 25, 8, u64(time))
    for kind in (0, 12, 13, 128, 255):
        yield f"kind {kind}", "it is not known", put(E, r.DENIED, 16, bytes([kind, 0]))
    yield "counters in the midst", "they stand at multiples of 256 alone", put(E, r.STOP, 16, b"\x07")
    yield "no counters at 0", "they open each 256 entries", put(E, 0, 16, b"\x09")
    for code in (5, 6, 255):
        yield f"outcome {code}", "it is not known", put(E, r.DENIED, 17, bytes([code]))
    yield "a decision without outcome", "decisions have one", put(E, r.DENIED, 17, b"\0")
    for word, (at, _) in PLACES.items():
        if word != "decision":
            yield f"a {word} with an outcome", "decisions alone have one", put(E, at, 17, b"\x01")
        yield f"a {word} with flag 31", "it is not known", put(E, at, 20, b"\x80")
    for bit in range(16, 31):
        flags = (1 << bit).to_bytes(4, "big")
        yield f"flag {bit}", "it is not known", put(E, r.DENIED, 20, flags)
    for offset, what in (
        (18, "activity"),
        (23, "flag"),
        (24, "clause"),
        (100, "terms"),
        (130, "model"),
        (160, "commitment"),
    ):
        yield f"counters with {what}", "all but time and totals is zero", put(E, 0, offset, b"\x01")
    for word, (at, used) in PLACES.items():
        for offset in {BODY + used, 255}:
            yield f"a {word} with spare byte {offset}", "spare bytes are zero", put(E, at, offset, b"\x01")
    for at, offset, name in REFERENCES:
        for to in (at, at + 1, 2**63, 2**64 - 1):
            yield f"{name} at {at} names {to}", "a reference points back", put(E, at, BODY + offset, u64(to))
    for at, offset, name, codes in WORDS:
        for code in codes:
            yield f"{name} {code}", "the word is not known", put(E, at, BODY + offset, bytes([code]))
    for offset, name in ((9, "input"), (13, "output")):
        for tokens in (2**24 + 1, 2**24 + 64, 2**32 - 1):
            yield (
                f"{tokens} {name} tokens",
                "at most 2^24 a call",
                put(E, r.END, BODY + offset, tokens.to_bytes(4, "big")),
            )
    yield "counters erased", "a counters entry has nothing to erase", put(E, r.ERASURE, BODY, u64(0))
    for subject in (*range(16, 26),):
        change = bytes([subject])
        clear = put(put(E, r.OWN_CHANGE, BODY, change), r.OWN_CHANGE, BODY + 1, TERMS)
        yield f"subject {subject} in clear", "its digest could be guessed", clear
        before = put(put(E, r.OWN_CHANGE, BODY, change), r.OWN_CHANGE, BODY + 33, TERMS)
        yield f"subject {subject}, the one before in clear", "its digest could be guessed", before
        bare = put(put(E, r.OWN_CHANGE, BODY, change), r.OWN_CHANGE, 152, bytes(32))
        yield f"subject {subject} without commitment", "it says nothing", bare
    for event in (1, 2, 5):
        body = bytes([event, 1]) + u64(60)
        yield f"clock event {event} with seconds", "only a step has seconds", put(E, r.CLOCK, BODY, body)
    for event in (3, 4):
        yield f"clock event {event} without seconds", "a step has seconds", put(E, r.CLOCK, BODY, bytes([event, 1]))
    yield "a refusal without reason", "it has one", put(E, r.RELEASE, BODY + 8, b"\x02\0")
    yield "a release with a reason", "only a refusal has one", put(E, r.RELEASE, BODY + 8, b"\x01\x01")
    yield "a refusal for reason 8", "it is not known", put(E, r.RELEASE, BODY + 8, b"\x02\x08")
    yield "a release of more than there is", "its size is at most its sequence", put(E, r.RELEASE, BODY, u64(19))


def terms() -> Iterator[tuple[str, str, bytes, tuple[str, ...]]]:
    """Name, why, entries, findings beside: step 7."""
    yield "a clause past the last", "four clauses are agreed", put(E, r.CALL, 24, b"\x10"), ()
    for byte, bit in ((0, 128), (1, 1), (31, 16), (63, 128)):
        yield (
            f"clause {byte * 8 + bit.bit_length() - 1} of a denial",
            "four are agreed",
            put(E, r.DENIED, 24 + byte, bytes([bit])),
            (),
        )
    yield "a permit by no clause", "a permit names one", put(E, r.CALL, 24, b"\0"), ()
    yield "a permit of no activity", "a permit names one", put(E, r.CALL, 18, b"\0\0"), ()
    for activity in (39, 256, 65535):
        yield (
            f"activity {activity}",
            "the agreed vocabulary has 38",
            put(E, r.DENIED, 18, activity.to_bytes(2, "big")),
            (),
        )
    yield "a permit though deciding failed", "then it is denied", put(E, r.CALL, 22, b"\x20"), ("decide.failed",)
    yield (
        "a permit though two readings disagreed",
        "then it is denied",
        put(E, r.CALL, 22, b"\x10"),
        ("decide.disagreed",),
    )
    for at, name in ((r.CALL, "permit"), (r.HELD, "hold"), (r.DENIED, "denial"), (r.CALL_2, "last permit")):
        yield f"a {name} under other terms", "both signed one digest", put(E, at, 88, OTHER_TERMS), ()
        yield f"a {name} under no terms", "both signed one digest", put(E, at, 88, bytes(32)), ()
    yield "terms with one bit changed", "both signed one digest", put(E, r.DENIED, 119, b"\xaa"), ()
    every = E
    for i, row in enumerate(ROWS):
        every = put(every, i, 88, OTHER_TERMS) if row[16] == 1 else every
    yield "all under other terms", "both signed one digest", every, ()
    announced = put(put(E, r.TERMS_CHANGE, BODY + 1, OTHER_TERMS), r.DENIED, 88, OTHER_TERMS)
    yield "other terms, announced", "what one announces, the other has not agreed to", announced, ()


def settled() -> Iterator[tuple[str, str, bytes, tuple[str, ...]]]:
    """Name, why, entries, findings beside: step 8."""
    for to, what in ((0, "counters"), (r.TERMS_CHANGE, "a change"), (r.HELD, "a hold"), (r.DENIED, "a denial"),
                     (r.ASKED, "an ask"), (r.END, "an outcome"), (r.APPROVAL, "an approval"), (r.EPOCH, "an epoch"),
                     (r.CALL, "a call that ended before"), (r.APPROVED, "another that ended")):  # fmt: skip
        yield f"the end of {what}", "it let no call through, or has its end", put(E, r.END_3, BODY, u64(to)), ()
    for code, word, _ends in ((2, "held", 24), (3, "asked", 24), (4, "denied", 24)):
        turned = put(E, r.CALL_2, 17, bytes([code]))
        yield f"the end of what was {word}", "it let no call through", turned, ()
    yield "two ends, one after the other", "none is settled twice", put(E, r.END_PARENT, BODY, u64(r.TOOL)), ()


def counters() -> Iterator[tuple[str, str, bytes]]:
    """Name, why, entries: step 6."""
    long, names = LONG.entries, ("decisions", "permits", "holds", "asks", "denies", "outcomes", "input", "output")
    for i, name in enumerate(names):
        yield f"{name} not zero at 0", "nothing stands before", put(E, 0, BODY + 8 * i, u64(1))
        for at in (256, 512):
            said = int.from_bytes(long[at * 256 + BODY + 8 * i :][:8], "big")
            for change in (1, -1, 1000):
                yield (
                    f"{name} at {at} by {change:+}",
                    "it is the total",
                    put(long, at, BODY + 8 * i, u64(said + change)),
                )
    yield "all zero at 512", "they are the totals", put(long, 512, BODY, bytes(64))
    yield "those of 256 again at 512", "they are the totals", put(long, 512, BODY, long[256 * 256 + BODY :][:64])
    index = next(i for i, e in enumerate(rows(long)) if e[16] == 2)
    yield "tokens taken from a call", "counters tell", put(long, index, BODY + 9, (64).to_bytes(4, "big"))
    index = next(i for i, e in enumerate(rows(long)) if e[16:18] == b"\x01\x04")
    yield "a denial turned into a hold", "counters tell", put(long, index, 17, b"\x02")


def cases() -> Iterator[Case]:
    yield from _roots()
    for name, why, entries in lawless():
        yield GOOD.case(f"entries: {name}", why, entries=entries, openings=b"", fails=(5,))
    for name, why, entries in counters():
        base = LONG if len(entries) > len(E) else GOOD
        yield base.case(f"counters: {name}", why, entries=entries, fails=(6,))
    for name, why, entries, found in terms():
        yield GOOD.case(f"terms: {name}", why, entries=entries, fails=(7,), findings=found)
    for name, why, entries, found in settled():
        yield GOOD.case(f"outcomes: {name}", why, entries=entries, fails=(8,), findings=found)
    two = put(put(E, r.DENIED, 88, OTHER_TERMS), r.END_3, BODY, u64(r.CALL))
    yield GOOD.case("two laws: terms and outcomes", "each step is judged alone", entries=two, fails=(7, 8))
    all_four = put(put(two, 0, BODY, u64(1)), r.EPOCH, BODY, u64(7))
    yield GOOD.case("four laws at once", "each step is judged alone", entries=all_four, fails=(6, 7, 8, 9))


def _roots() -> Iterator[Case]:
    """Step 4: the checkpoint is another's."""
    own = GOOD.note()
    for at in range(0, 26, 3):
        for offset in (0, 17, 100, 255):
            bent = put(E, at, offset, bytes([ROWS[at][offset] ^ 1]))
            yield GOOD.case(f"root: entry {at}, byte {offset}", "it was changed after signing", fails=(4,),
                            bundle=GOOD.bundle(bent, note=bytes(own)))  # fmt: skip
    for size, root in ((26, bytes(32)), (25, honest(E).root), (27, honest(E).root), (0, honest(b"").root),
                       (2**63 - 1, honest(E).root), (26, honest(E[:-256]).root)):  # fmt: skip
        note = bytes(sign(Checkpoint(ORIGIN, size, root), LOG))
        yield GOOD.case(
            f"root: signed for {size}, {root.hex()[:6]}", "not these entries", bundle=GOOD.bundle(note=note), fails=(4,)
        )
    for n in (0, 1, 25):
        cut = GOOD.bundle(E[: n * 256], note=bytes(own), openings=b"")
        yield GOOD.case(f"root: only {n} entries", "left out after signing", bundle=cut, fails=(4,))
    more = GOOD.bundle(E + ROWS[-1], note=bytes(own))
    yield GOOD.case("root: one entry more", "added after signing", bundle=more, fails=(4,))
    duplicated = replace(GOOD, entries=E[: 3 * 256] + ROWS[2])
    note = bytes(sign(Checkpoint(ORIGIN, 3, honest(duplicated.entries).root), LOG))
    yield GOOD.case("root: the last leaf doubled", "RFC 6962 doubles none", fails=(4,),
                    bundle=GOOD.bundle(E[: 3 * 256], note=note, openings=b""))  # fmt: skip
