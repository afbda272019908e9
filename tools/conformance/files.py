"""Step 1, the file; step 3, the checkpoint; and checkpoints that the verifier kept (step 4)."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from random import Random

from brightline.canonical import dump
from brightline.keys import SigningKey
from brightline.keys.cosigning import WitnessKey, cosign
from brightline.record.note import NoteSignature
from tools.conformance.case import Case
from tools.conformance.record import (
    LOG,
    NOON,
    ORIGIN,
    OTHER_LOG,
    STRANGER,
    VENDOR,
    WITNESS,
    WITNESS_2,
    busy,
    mixed,
    sha,
)

GOOD = mixed()
FILE = GOOD.bundle()
NOTE = bytes(GOOD.note())
TEXT = GOOD.note().text
ABOUT = {"agreement": "sha256:" + sha(GOOD.payload), "count": 26, "first": 0, "origin": ORIGIN}


def whole(about: bytes = dump(ABOUT), note: bytes = NOTE, openings: bytes = GOOD.openings,
          entries: bytes = GOOD.entries, **lines: bytes) -> bytes:  # fmt: skip
    """A bundle of these sections; `lines` replaces a section's own line."""
    made = b"brightline-bundle/v1\n"
    for name, data in (("about", about), ("checkpoint", note), ("openings", openings), ("entries", entries)):
        made += lines.get(f"line_of_{name}", b"%b %d\n" % (name.encode(), len(data))) + data
    return made


def formed() -> Iterator[tuple[str, str, bytes]]:
    """Name, why, file: step 1."""
    draw = Random(1)
    yield "empty", "no byte at all", b""
    for at in sorted({1, 20, 21, 22, 27, 31, 32, 200, len(FILE) - 1, len(FILE) - 255, len(FILE) - 256,
                      len(FILE) - 257, *(draw.randrange(len(FILE)) for _ in range(40))}):  # fmt: skip
        yield f"cut at {at}", "the file ends too early", FILE[:at]
    for more in (b"\n", b"\0", b" ", bytes(256), GOOD.entries[256:512], b"entries 0\n", FILE):
        yield f"{len(more)} bytes after the end, {more[:9].hex()}", "nothing stands after the last section", FILE + more
    yield "before the magic", "a byte before the first line", b"\n" + FILE
    for magic in (b"brightline-bundle/v2\n", b"brightline-bundle/v1\r\n", b"Brightline-bundle/v1\n"):
        yield f"magic {magic!r}", "another first line", FILE.replace(b"brightline-bundle/v1\n", magic, 1)
    for name, data in (
        ("about", dump(ABOUT)),
        ("checkpoint", NOTE),
        ("openings", GOOD.openings),
        ("entries", GOOD.entries),
    ):
        word, n = name.encode(), len(data)
        for what, line in {
            "leading zero": b"%b 0%d\n" % (word, n),
            "plus sign": b"%b +%d\n" % (word, n),
            "two spaces": b"%b  %d\n" % (word, n),
            "tab": b"%b\t%d\n" % (word, n),
            "space at the end": b"%b %d \n" % (word, n),
            "carriage return": b"%b %d\r\n" % (word, n),
            "hex": b"%b 0x%x\n" % (word, n),
            "no length": b"%b \n" % word,
            "minus one": b"%b -1\n" % word,
            "one more": b"%b %d\n" % (word, n + 1),
            "one fewer": b"%b %d\n" % (word, n - 1),
            "past 63 bits": b"%b 9999999999999999999\n" % word,
            "twenty digits": b"%b 10000000000000000000\n" % word,
            "huge": b"%b %s\n" % (word, b"9" * 400),
            "capital": b"%b %d\n" % (word.title(), n),
            "plural": b"%bs %d\n" % (word, n),
            "nothing": b"",
        }.items():
            yield (
                f"line of {name}: {what}",
                "the line is misspelt, or its length is not the section's",
                whole(**{f"line_of_{name}": line}),
            )
    yield "sections swapped", "the sections have one order", FILE.replace(b"checkpoint", b"openings", 1)
    yield "about over 4096", "about is longer than it may be", whole(dump(ABOUT) + b" " * 4096)
    yield "checkpoint over 1 MiB", "its length alone is too large", whole(line_of_checkpoint=b"checkpoint 1048577\n")
    yield "openings over 16 MiB", "its length alone is too large", whole(line_of_openings=b"openings 16777217\n")
    for what, about in _abouts():
        yield f"about: {what}", "about is exactly one canonical object", whole(about)


def _abouts() -> Iterator[tuple[str, bytes]]:
    good = dump(ABOUT)
    yield "a space", good.replace(b":26", b": 26")
    yield "members out of order", good[:-1].replace(b'"count":26,', b"") + b',"count":26}'
    yield "a member twice", good.replace(b'"count":26', b'"count":26,"count":26')
    yield "a newline at its end", good + b"\n"
    yield "count as 26.0", good.replace(b":26", b":26.0")
    yield "count as 2.6e1", good.replace(b":26", b":2.6e1")
    yield "an escape where none is needed", good.replace(b"department", b"\\u0064epartment")
    yield "an escaped slash", good.replace(b"/", b"\\/")
    yield "no JSON", b"about"
    yield "an array", b"[]"
    yield "null", b"null"
    yield "not UTF-8", good.replace(b"department", b"d\xffpartment")
    yield "a byte order mark", b"\xef\xbb\xbf" + good
    for member in ABOUT:
        yield f"without {member}", dump({k: v for k, v in ABOUT.items() if k != member})
        yield f"{member} is null", dump({**ABOUT, member: None})
        yield f"{member} is true", dump({**ABOUT, member: True})
    yield "another member", dump({**ABOUT, "grade": "C4"})
    yield "first is 1", dump({**ABOUT, "first": 1})
    yield "count is one more", dump({**ABOUT, "count": 27})
    yield "count is -1", dump({**ABOUT, "count": -1})
    yield "count is 2^53", good.replace(b":26", b":9007199254740992")
    digest = str(ABOUT["agreement"])
    yield "a digest in capitals", dump({**ABOUT, "agreement": "sha256:" + digest[7:].upper()})
    yield "a digest without sha256", dump({**ABOUT, "agreement": digest[7:]})
    yield "a digest too short", dump({**ABOUT, "agreement": digest[:-1]})
    yield "an empty origin", dump({**ABOUT, "origin": ""})
    yield "an origin of 201 characters", dump({**ABOUT, "origin": "a" * 201})
    yield "a newline in the origin", dump({**ABOUT, "origin": "a\nb"})
    yield "a bidirectional override in the origin", dump({**ABOUT, "origin": "a\u202eb"})
    yield "a no-break space in the origin", dump({**ABOUT, "origin": "a\u00a0b"})


def line(key: SigningKey, signature: bytes, *, cosigner: bool = False) -> NoteSignature:
    which = WitnessKey(key.public).id if cosigner else key.public.id
    return NoteSignature(key.name, which, signature)


def cosigned(key: SigningKey = WITNESS, time: int = NOON + 5, text: str = TEXT) -> NoteSignature:
    return line(key, cosign(key, text.encode(), time), cosigner=True)


def noted(*lines: NoteSignature, text: str = TEXT) -> bytes:
    return (text + "\n" + "".join(map(str, lines))).encode()


OWN = line(LOG, LOG.sign(TEXT.encode()))
FALSE = NoteSignature(WITNESS.name, WitnessKey(WITNESS.public).id, b"\0" * 8 + b"\1" * 64)


def notes() -> Iterator[tuple[str, str, bytes]]:
    """Name, why, note: step 3, whatever witnesses are known."""
    b64 = base64.b64encode(OWN.key_id + OWN.signature).decode()
    wrong_id = bytes([OWN.key_id[0] ^ 1]) + OWN.key_id[1:]
    bent = OWN.signature[:40] + bytes([OWN.signature[40] ^ 1]) + OWN.signature[41:]
    order = 2**252 + 27742317777372353535851937790883648493
    high = OWN.signature[:32] + (int.from_bytes(OWN.signature[32:], "little") + order).to_bytes(32, "little")
    root = TEXT.split("\n")[2]
    yield "not signed by the log", "only a stranger's line", noted(line(STRANGER, STRANGER.sign(TEXT.encode())))
    yield "signed by the vendor", "the vendor's key is not the log's", noted(line(VENDOR, VENDOR.sign(TEXT.encode())))
    yield (
        "another key of the log's name",
        "the agreement names one key",
        noted(line(OTHER_LOG, OTHER_LOG.sign(TEXT.encode()))),
    )
    yield "wrong key id", "the line is of an unknown key", noted(NoteSignature(ORIGIN, wrong_id, OWN.signature))
    yield (
        "wrong name",
        "the line is of an unknown key",
        noted(NoteSignature("department.example/g2", OWN.key_id, OWN.signature)),
    )
    yield "one bit of the signature", "it does not verify", noted(NoteSignature(ORIGIN, OWN.key_id, bent))
    yield (
        "a signature of which S is not reduced",
        "RFC 8032: S is below the order",
        noted(NoteSignature(ORIGIN, OWN.key_id, high)),
    )
    yield "a signature of zeros", "it does not verify", noted(NoteSignature(ORIGIN, OWN.key_id, bytes(64)))
    yield "a signature of 63 bytes", "it does not verify", noted(NoteSignature(ORIGIN, OWN.key_id, OWN.signature[:63]))
    yield (
        "a signature of 65 bytes",
        "it does not verify",
        noted(NoteSignature(ORIGIN, OWN.key_id, OWN.signature + b"\0")),
    )
    yield (
        "a good line and a false one",
        "no line of the log's key is false",
        noted(OWN, NoteSignature(ORIGIN, OWN.key_id, bent)),
    )
    yield (
        "a false line and a good one",
        "no line of the log's key is false",
        noted(NoteSignature(ORIGIN, OWN.key_id, bent), OWN),
    )
    yield "only a cosignature of the log's key", "that is none of its signatures", noted(cosigned(LOG))
    yield "65 lines", "at most 64", noted(*[OWN] * 65)
    yield "no line", "at least one", (TEXT + "\n").encode()
    yield "no empty line", "a note has one before its lines", (TEXT + str(OWN)).encode()
    yield "empty", "it is no note", b""
    yield "no newline at its end", "each line is ended", noted(OWN)[:-1]
    yield "a carriage return", "control characters are refused", noted(OWN).replace(b"26\n", b"26\r\n")
    yield "a hyphen for the dash", "the lines begin with an em dash", noted(OWN).replace("\u2014".encode(), b"-")
    yield "not UTF-8", "a note is text", noted(OWN) + b"\xe2\x80\x94 \xff AAAAAAAA\n"
    yield "base64 without padding", "base64 has one form", f"{TEXT}\n\u2014 {ORIGIN} {b64.rstrip('=')}\n".encode()
    yield (
        "base64 with spare bits",
        "base64 has one form",
        noted(OWN, text=TEXT).replace(b64.encode(), _spare(b64).encode()),
    )
    yield "base64url", "base64 has one form", f"{TEXT}\n\u2014 {ORIGIN} {b64}\n\u2014 x _-__AAAA\n".encode()
    yield "a line of four bytes", "key id and at least one byte", noted(OWN) + "\u2014 x AAAAAA==\n".encode()
    yield "a line without name", "a line has a name", noted(OWN) + "\u2014  AAAAAAAA\n".encode()
    yield "a name with a plus", "names have none", noted(OWN) + "\u2014 a+b AAAAAAAA\n".encode()
    for what, text in {
        "two lines": f"{ORIGIN}\n26\n",
        "a fourth line": f"{TEXT}extension\n",
        "an empty origin": f"\n26\n{root}\n",
        "a size with a zero": f"{ORIGIN}\n026\n{root}\n",
        "a size with a sign": f"{ORIGIN}\n+26\n{root}\n",
        "a size in other digits": f"{ORIGIN}\n\u0662\u0666\n{root}\n",
        "a size of 2^63": f"{ORIGIN}\n{2**63}\n{root}\n",
        "a size that is no number": f"{ORIGIN}\nmany\n{root}\n",
        "a root of 31 bytes": f"{ORIGIN}\n26\n{base64.b64encode(bytes(31)).decode()}\n",
        "a root without padding": f"{ORIGIN}\n26\n{root.rstrip('=')}\n",
        "a root in hex": f"{ORIGIN}\n26\n{base64.b64decode(root).hex()}\n",
        "another origin": f"department.example/g2\n26\n{root}\n",
    }.items():
        yield (
            f"signed text: {what}",
            "the log's key signed it all the same",
            noted(line(LOG, LOG.sign(text.encode())), text=text),
        )


def _spare(text: str) -> str:
    """The same bytes in base64 whose last digit has spare bits set."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    at = len(text.rstrip("=")) - 1
    return text[:at] + alphabet[alphabet.index(text[at]) + 1] + text[at + 1 :]


def cases() -> Iterator[Case]:
    for name, why, bundle in formed():
        yield GOOD.case(f"form: {name}", why, bundle=bundle, fails=(1,))
    for name, why, note in notes():
        yield GOOD.case(f"checkpoint: {name}", why, bundle=GOOD.bundle(note=note), fails=(3,))
    other = whole(dump({**ABOUT, "origin": "department.example/g2"}))
    yield GOOD.case("checkpoint: about names another log", "the agreement names no such log", bundle=other, fails=(3,))
    key = str(WitnessKey(WITNESS.public))
    for name, false in {
        "false": FALSE,
        "of another text": cosigned(text=TEXT.replace("26", "27")),
        "with another time": line(WITNESS, bytes(8) + cosign(WITNESS, TEXT.encode(), NOON)[8:], cosigner=True),
        "with a time past 2^63": line(WITNESS, _late(), cosigner=True),
        "of 71 bytes": line(WITNESS, cosign(WITNESS, TEXT.encode(), NOON)[:71], cosigner=True),
        "that is a plain signature": line(WITNESS, WITNESS.sign(TEXT.encode()), cosigner=True),
    }.items():
        bad = GOOD.bundle(note=noted(OWN, false))
        yield GOOD.case(
            f"cosignature: {name}", "a known witness's line must verify", bundle=bad, fails=(3,), witnesses=(key,)
        )
        yield GOOD.case(f"cosignature: {name}, unknown", "lines of unknown keys are read over", bundle=bad)
        bad = GOOD.bundle(note=noted(OWN, cosigned(), false))
        yield GOOD.case(
            f"cosignature: {name}, after a good one", "no known line is false", bundle=bad, fails=(3,), witnesses=(key,)
        )
    yield from _witnessed()
    yield from _kept()


def _late() -> bytes:
    text = b"cosignature/v1\ntime %d\n%b" % (2**63, TEXT.encode())
    return (2**63).to_bytes(8, "big") + WITNESS.sign(text)


def _witnessed() -> Iterator[Case]:
    one, two, plain = str(WitnessKey(WITNESS.public)), str(WitnessKey(WITNESS_2.public)), str(WITNESS.public)
    both = GOOD.bundle(note=noted(OWN, cosigned(), cosigned(WITNESS_2)))
    for name, bundle, known, missing in (
        ("one of one", GOOD.bundle(note=noted(OWN, cosigned())), (one,), False),
        ("before the log's line", GOOD.bundle(note=noted(cosigned(), OWN)), (one,), False),
        ("two of two", both, (one, two), False),
        ("one of two", GOOD.bundle(note=noted(OWN, cosigned())), (one, two), True),
        ("none of one", FILE, (one,), True),
        ("twice by one", GOOD.bundle(note=noted(OWN, cosigned(), cosigned(time=NOON + 9))), (one,), False),
        ("at time 0", GOOD.bundle(note=noted(OWN, cosigned(time=0))), (one,), False),
        ("at time 2^63 - 1", GOOD.bundle(note=noted(OWN, cosigned(time=2**63 - 1))), (one,), False),
        ("a key in its plain form", GOOD.bundle(note=noted(OWN, cosigned())), (plain,), False),
        (
            "a line of the plain key id",
            GOOD.bundle(note=noted(OWN, line(WITNESS, WITNESS.sign(TEXT.encode())))),
            (one,),
            True,
        ),
        ("64 lines", GOOD.bundle(note=noted(*[OWN] * 63, cosigned())), (one,), False),
    ):
        found = ("witness.missing",) if missing else ()
        yield GOOD.case(
            f"witness: {name}", "who cosigned, and who did not", bundle=bundle, witnesses=known, findings=found
        )


def _kept() -> Iterator[Case]:
    long = busy()
    for record, sizes in ((GOOD, range(27)), (long, (0, 1, 255, 256, 257, 511, 512, 513, 595, 596))):
        for size in sizes:
            note = bytes(record.note(record.entries[: size * 256]))
            yield record.case(f"kept: {record.name} at {size}", "the log goes on from it", earlier=(note,))
            forged = bytearray(record.entries[: size * 256])
            if size:
                forged[size * 256 - 1] ^= 1
                note = bytes(record.note(bytes(forged)))
                yield record.case(f"kept: {record.name} contradicts at {size}", "another root for as many entries",
                                  earlier=(note,), fails=(4,))  # fmt: skip
    more = bytes(GOOD.note(GOOD.entries + GOOD.entries[-256:]))
    yield GOOD.case("kept: a larger one", "the log was rolled back", earlier=(more,), fails=(4,))
    good, bad = bytes(GOOD.note(GOOD.entries[:2560])), bytes(GOOD.note(GOOD.entries[256:2816]))
    yield GOOD.case("kept: a good and a contradicting one", "each must hold", earlier=(good, bad), fails=(4,))
    yield GOOD.case("kept: three, in no order", "each holds", earlier=(NOTE, good, bytes(GOOD.note(b""))))
