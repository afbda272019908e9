"""Step 9, epochs and what is opened of them; and the grades that follow from engine entries."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

from brightline.canonical import dump
from brightline.record.body import EngineBody
from brightline.record.commitment import commit, leaves, salts
from tools.conformance import record as r
from tools.conformance.case import Case
from tools.conformance.record import KEY, METERS, NOON, NOTES, mixed, put

GOOD, GUARDED = mixed(), mixed(1)
E = GOOD.entries
BODY = 184
ENGINE = EngineBody._fields


def u64(number: int) -> bytes:
    return number.to_bytes(8, "big")


def broken() -> Iterator[tuple[str, str, bytes]]:
    """Laws E1 to E3: name, why, entries. Where a time is no whole step it is finer too."""
    for number in (0, 2, 3, 10001, 2**64 - 1):
        yield f"the first is number {number}", "they count 1, 2, 3", put(E, r.EPOCH, BODY, u64(number))
    for number in (0, 1, 3, 2**63):
        yield f"the second is number {number}", "they count 1, 2, 3", put(E, r.EPOCH_2, BODY, u64(number))
    for first in (1, 18):
        yield f"the first begins at {first}", "it begins at 0", put(E, r.EPOCH, BODY + 8, u64(first))
    for first in (0, 1, r.EPOCH, r.EPOCH + 2, r.EPOCH_2 - 1):
        yield (
            f"the second begins at {first}",
            "it begins after the first's entry",
            put(E, r.EPOCH_2, BODY + 8, u64(first)),
        )
    for since in (0, NOON - 60, NOON + 60):
        yield (
            f"the second since {since - NOON:+}",
            "it begins when the first ended",
            put(E, r.EPOCH_2, BODY + 16, u64(since)),
        )
    yield "the first ends before it begins", "since is at most until", put(E, r.EPOCH, BODY + 16, u64(NOON + 60))
    for until in (NOON - 60, NOON + 60, 2**64 - 1):
        yield f"the second until {until - NOON:+}", "it ends by its own entry", put(E, r.EPOCH_2, BODY + 24, u64(until))


def openings() -> Iterator[tuple[str, str, bytes, int]]:
    """Name, why, the section, the step: its form is step 1, its truth step 9."""
    good = GOOD.openings
    one, two = good[: len(good) // 2], good[len(good) // 2 :]
    leaf = leaves(KEY, (("meters", dump(dict(METERS))), NOTES))
    salt = salts(KEY, 2)
    meters = shown(salt[0], b"meters", dump(dict(METERS)))
    closed = b"\0" + leaf[1]
    head = u64(r.EPOCH) + b"\0\x02"
    yield "descending", "entries ascend", two + one, 1
    yield "one entry twice", "entries ascend", one + one, 1
    for at in (1, 7, 8, 9, 10, 11, 27, 35, 36, 40, 150, len(good) - 1):
        yield f"cut at {at}", "nothing is left over", good[:at], 1
    yield "a byte more", "nothing is left over", good + b"\0", 1
    yield "no fields", "at least one", u64(r.EPOCH) + b"\0\0" + two, 1
    yield "1025 fields", "at most 1024", u64(r.EPOCH) + (1025).to_bytes(2, "big") + meters + closed * 1024, 1
    yield "nothing shown", "one field at least is open", head + b"\0" + leaf[0] + closed, 1
    yield "one field twice", "none is shown twice", head + meters + meters, 1
    yield "mark 2", "a field is open or closed", head + b"\x02" + meters[1:] + closed, 1
    yield "an empty name", "a name has a byte", head + shown(salt[0], b"", b"x") + closed, 1
    yield "a name of 256 bytes", "at most 255", head + shown(salt[0], b"n" * 256, b"x") + closed, 1
    for byte in (0x20, 0x7F, 0x0A, 0xC3):
        yield (
            f"a name with {byte:#x}",
            "printable ASCII",
            head + shown(salt[0], b"me" + bytes([byte]), b"x") + closed,
            1,
        )
    huge = b"\x01" + salt[0] + b"\0\x06meters" + b"\xff" * 4
    yield "a value of 4 GiB", "there are not so many bytes", head + huge + closed, 1
    yield "entry 26", "about names 26 entries", u64(26) + b"\0\x02" + meters + closed, 1
    yield "entry 2^63", "about names 26 entries", u64(2**63) + b"\0\x02" + meters + closed, 1
    for at in (0, r.TERMS_CHANGE, r.OWN_CHANGE, r.CALL, r.ENGINE):
        yield f"of entry {at}", "only epochs are opened", u64(at) + b"\0\x02" + meters + closed, 9
    private = salts(KEY, 1)[0]
    fits = u64(r.CALL) + b"\0\x01" + shown(private, b"prompt", b"secret")
    yield "content of a decision", "only epochs are opened, though it fits", fits, 9
    other = dump({**METERS, "highest": 701})
    yield "another value", "it is not what was committed", head + shown(salt[0], b"meters", other) + closed, 9
    yield (
        "another name",
        "it is not what was committed",
        head + shown(salt[0], b"meter5", dump(dict(METERS))) + closed,
        9,
    )
    yield (
        "another salt",
        "it is not what was committed",
        head + shown(salt[1], b"meters", dump(dict(METERS))) + closed,
        9,
    )
    yield "another leaf", "it is not what was committed", head + meters + b"\0" + leaf[0], 9
    yield "in another order", "leaves have one order", head + closed + meters, 9
    yield "one leaf left out", "n is hashed", u64(r.EPOCH) + b"\0\x01" + meters, 9
    yield "one leaf more", "n is hashed", u64(r.EPOCH) + b"\0\x03" + meters + closed + closed, 9


def shown(salt: bytes, name: bytes, value: bytes) -> bytes:
    return b"\x01" + salt + len(name).to_bytes(2, "big") + name + len(value).to_bytes(4, "big") + value


def statements() -> Iterator[tuple[str, bytes, tuple[str, ...] | None]]:
    """Name, value of the field `meters`, findings; None where step 9 must fail."""
    good = dump(dict(METERS))
    full = {"at_hard": 1, "highest": 10000}
    yield "all zero counts", dump({**METERS, "scopes": 0, "at_soft": 0, "highest": 0}), ()
    yield "at the hard limit", dump({**METERS, **full}), ("limit.exceeded",)
    yield "lower bounds", dump({**METERS, "exact": False}), ("meters.bounded",)
    yield "both", dump({**METERS, **full, "exact": False}), ("limit.exceeded", "meters.bounded")
    yield "2^53 - 1", dump({**METERS, "scopes": 2**53 - 1}), ()
    yield "2^53", good.replace(b'"scopes":2', b'"scopes":9007199254740992'), None
    yield "a space", good.replace(b":1", b": 1", 1), None
    yield "members out of order", good[:-1].replace(b'"sites":1,', b"") + b',"sites":1}', None
    yield "a member twice", good.replace(b'"sites":1', b'"sites":1,"sites":1'), None
    yield "an array", b"[]", None
    yield "empty", b"", None
    yield "no JSON", b"meters", None
    yield "a newline", good + b"\n", None
    yield "longer than 65536 bytes", good + b" " * 65536, None
    yield "another type", dump({**METERS, "type": "brightline/meters/v2"}), None
    yield "one member more", dump({**METERS, "names": True}), None
    yield "a float", good.replace(b":700", b":700.0"), None
    yield "1e3", good.replace(b":700", b":7e2"), None
    yield "negative zero", good.replace(b'"at_hard":0', b'"at_hard":-0'), None
    for member in METERS:
        yield f"without {member}", dump({k: v for k, v in METERS.items() if k != member}), None
        yield f"{member} null", dump({**METERS, member: None}), None
        yield f"{member} a text", dump({**METERS, member: "1"}), None
        if member != "type":
            yield f"{member} -1", dump({**METERS, member: -1}), None
            yield (
                f"{member} {(member == 'exact' and 1) or 'true'}",
                dump({**METERS, member: 1 if member == "exact" else True}),
                None,
            )
    for name, wrong in {
        "no sites": {"sites": 0}, "soft 0": {"soft": 0}, "hard below soft": {"hard": 499},
        "more at soft than scopes": {"at_soft": 3}, "more at hard than soft": {"at_hard": 2, "highest": 10000},
        "highest past hard": {"highest": 10001}, "at hard, not highest": {"at_hard": 1},
        "highest, none at hard": {"highest": 10000},
        "no scopes, one at hard": {"scopes": 0, "at_soft": 0, "at_hard": 1, "highest": 10000},
    }.items():  # fmt: skip
        yield name, dump({**METERS, **wrong}), None


def stated(base: r.Record, after: int, **fields: Any) -> bytes:
    """The entries with fields of the engine entry after this epoch replaced."""
    form = ">5Q5IHHBB"
    body = dict(zip(ENGINE, struct.unpack_from(form, base.entries, (after + 1) * 256 + BODY), strict=True))
    return put(base.entries, after + 1, BODY, struct.pack(form, *{**body, **fields}.values()))


def judged() -> Iterator[tuple[str, r.Record, bytes, str, tuple[str, ...]]]:
    """Name, base, entries, grade, findings. Epoch 1 has 1856 + 512 tokens in 4 calls; a step is 64, the tolerance
    4000: allowed are 1856 * 4 // 1000 + 64 = 71 and 2 + 64 = 66; sums may differ by 4 * 32 + 32 = 160."""
    one = r.EPOCH
    short, over, wrong = ("record.shortfall",), ("completeness.excess",), ("completeness.contradicts",)
    unsure = ("completeness.uncertain",)
    yield "a step more at the engine", GOOD, stated(GOOD, one, engine_input_tokens=1920), "C1", ()
    yield "two steps more at the engine", GOOD, stated(GOOD, one, engine_input_tokens=1984), "C0", short
    yield "two steps more of output", GOOD, stated(GOOD, one, engine_output_tokens=640), "C0", short
    yield "a step fewer at the engine", GOOD, stated(GOOD, one, engine_input_tokens=1792), "C1", ()
    yield "two steps fewer at the engine", GOOD, stated(GOOD, one, engine_input_tokens=1728), "C0", over
    yield "two steps fewer of output", GOOD, stated(GOOD, one, engine_output_tokens=384), "C0", over
    yield (
        "an engine that counted nothing",
        GOOD,
        stated(GOOD, one, engine_input_tokens=0, engine_output_tokens=0),
        "C0",
        over,
    )
    yield "an engine that counted 2^63", GOOD, stated(GOOD, one, engine_input_tokens=2**63), "C0", short
    yield "doubt that covers it", GOOD, stated(GOOD, one, engine_input_tokens=1984, doubt_input_tokens=64), "C1", ()
    yield "doubt past what is allowed", GOOD, stated(GOOD, one, doubt_input_tokens=72), "C0", unsure
    yield "doubt just allowed", GOOD, stated(GOOD, one, doubt_input_tokens=71), "C1", ()
    yield (
        "shortfall beyond doubt",
        GOOD,
        stated(GOOD, one, engine_input_tokens=2240, doubt_input_tokens=128),
        "C0",
        short,
    )
    yield "began anew", GOOD, stated(GOOD, one, resets=1), "C0", unsure
    yield "began anew, an excess is none", GOOD, stated(GOOD, one, resets=1, engine_input_tokens=0), "C0", unsure
    yield "began anew, a shortfall is one", GOOD, stated(GOOD, one, resets=1, engine_input_tokens=64000), "C0", short
    yield (
        "began anew, sums may be less",
        GOOD,
        stated(GOOD, one, resets=1, input_tokens=0, engine_input_tokens=0),
        "C0",
        unsure,
    )
    yield (
        "began anew, sums are more",
        GOOD,
        stated(GOOD, one, resets=1, input_tokens=3200, engine_input_tokens=3200),
        "C0",
        wrong,
    )
    yield "tolerance 10000", GOOD, stated(GOOD, one, tolerance=10000), "C1", ()
    yield "tolerance 10001", GOOD, stated(GOOD, one, tolerance=10001), "C0", unsure
    yield "tolerance 0", GOOD, stated(GOOD, one, tolerance=0), "C1", ()
    yield (
        "tolerance 65535 and shortfall",
        GOOD,
        stated(GOOD, one, tolerance=65535, engine_input_tokens=6400),
        "C0",
        short,
    )
    yield "sums made up by two steps", GOOD, stated(GOOD, one, input_tokens=1984, engine_input_tokens=1984), "C1", ()
    yield (
        "sums made up by three steps",
        GOOD,
        stated(GOOD, one, input_tokens=2048, engine_input_tokens=2048),
        "C0",
        wrong,
    )
    yield (
        "sums made smaller by three steps",
        GOOD,
        stated(GOOD, one, output_tokens=320, engine_output_tokens=320),
        "C0",
        wrong,
    )
    yield "sums made up, and shortfall", GOOD, stated(GOOD, one, input_tokens=64, engine_input_tokens=6400), "C0", wrong
    yield "finer tokens", GOOD, stated(GOOD, one, engine_input_tokens=1857), "C1", ("disclosure.finer",)
    spoken = stated(GOOD, r.EPOCH_2, epoch=r.EPOCH)
    yield "spoken twice of one epoch", GOOD, spoken, "C0", wrong
    yield "spoken of no epoch", GOOD, stated(GOOD, one, epoch=1), "C0", (*wrong, "completeness.silent")
    cut = GOOD.entries[: (r.ENGINE + 1) * 256]
    yield "one epoch alone", GOOD, cut, "C1", ()
    yield "an epoch that waits", GOOD, GOOD.entries[: r.ENGINE * 256], "C0", ()
    yield "the second waits", GOOD, GOOD.entries[: r.ENGINE_2 * 256], "C1", ()
    g = GUARDED
    yield "guarded, refused calls", g, stated(g, one, refused=3), "C2", ("engine.refused",)
    yield "guarded, one receipt too many", g, stated(g, one, accepted=5), "C1", ()
    yield "guarded, one under way", g, stated(g, one, accepted=5, under_way=1), "C2", ()
    yield "guarded, two too few", g, stated(g, one, accepted=2, under_way=1), "C1", ()
    yield "guarded in one epoch only", g, stated(g, r.EPOCH_2, guarded=0), "C1", ()
    yield "guarded 2", g, stated(g, one, guarded=2), "C2", ()
    yield "guarded and shortfall", g, stated(g, one, engine_input_tokens=64000), "C0", short


def cases() -> Iterator[Case]:
    for name, why, entries in broken():
        finer = ("disclosure.finer",) if entries[r.EPOCH_2 * 256 + BODY + 24 :][:8] == b"\xff" * 8 else ()
        yield GOOD.case(f"epochs: {name}", why, entries=entries, fails=(9,), findings=finer)
    for name, why, section, step in openings():
        yield GOOD.case(f"openings: {name}", why, openings=section, fails=(step,))
    for name, data, found in statements():
        fields = (("meters", data), NOTES)
        entries = put(E, r.EPOCH, 152, commit(KEY, fields))
        section = r.opening(r.EPOCH, fields, ["meters"]) + GOOD.openings[len(GOOD.openings) // 2 :]
        yield GOOD.case(f"statement: {name}", "evidence.md, section 1.2", entries=entries, openings=section,
                        fails=(9,) if found is None else (), findings=found or ())  # fmt: skip
    both = r.opening(r.EPOCH, (("meters", dump(dict(METERS))), NOTES), ["meters", "notes"])
    yield GOOD.case("openings: all fields", "a statement of an unknown name is proven and not read", openings=both,
                    findings=("disclosure.more", "statement.unknown"))  # fmt: skip
    yield GOOD.case("openings: none", "a bundle may open nothing", openings=b"")
    yield GOOD.case(
        "openings: of one epoch", "a bundle may open one", openings=GOOD.openings[: len(GOOD.openings) // 2]
    )
    for name, base, entries, grade, found in judged():
        kept = base.openings if len(entries) == len(base.entries) else b""
        yield base.case(f"engine: {name}", "completeness.md, section 1", entries=entries, openings=kept, grade=grade,
                        findings=found)  # fmt: skip
