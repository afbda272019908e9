"""Small inputs that would cost much: refused before the work is done, or read in work that grows with their length.

Work is counted in calls and bytes, never in time. Each refusal here was a hang, a crash or an exhausted memory without
its bound, or would be one were the bound taken away.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable

import pytest

from brightline import canonical
from brightline.assurance.verify.agreed import clause_ids
from brightline.assurance.verify.bundle import MAGIC, InMemory, open_bundle
from brightline.canonical import parse, parse_toml
from brightline.errors import CallError, InputError, RecordError, TermsError, UpstreamError
from brightline.gateway.codec import Api, decode
from brightline.gateway.codec.sse import Events
from brightline.keys import Envelope
from brightline.record import note
from brightline.terms import Pack, read_pack
from brightline.terms.source import chunks
from brightline.vocabulary import module
from tests.hostile.laws import Work, lawful
from tests.hostile.parsers import CEDAR, SOURCE, TOML, pack

DEEP = 100_000
CORE = f'[vocabulary]\ncore = "{module("core").digest}"\n'
PERMIT = "permit (principal, action, resource) "
CHAT = '{"model":"tiny","messages":[{"role":"user","content":"a"}],"x":%s}'


def toml_pack(text: str) -> Pack:
    return pack(terms_toml=text.encode())


def cedar_pack(text: str) -> Pack:
    return read_pack("p", {"terms.toml": TOML, "terms.cedar": text})


def long_lists(lists: int, most: int = 64) -> Pack:
    """A clause whose cubes are the product of lists of 64: 4,096 to look at for each two of them."""
    lanes = CORE + "[lanes]\n" + "".join(f'l{i} = "x"\n' for i in range(64))
    names = [f'"l{i}"' for i in range(64)]
    parts = [f"context.lanes.containsAny([{', '.join((names[i:] + names[:i])[:most])}])" for i in range(lists)]
    cedar = PERMIT + "when { " + " && ".join(parts) + " };"
    return read_pack("p", {"terms.toml": lanes, "terms.cedar": cedar})


def as_chat(value: str) -> object:
    return decode(Api.CHAT, (CHAT % value).encode())


REFUSED: dict[str, Callable[[], object]] = {
    "json: brackets": lambda: parse("[" * DEEP, "x"),
    "json: closed brackets": lambda: parse("[" * DEEP + "]" * DEEP, "x"),
    "json: objects": lambda: parse('{"a":' * DEEP, "x"),
    "json: 65 levels": lambda: parse("[" * 66 + "]" * 66, "x"),
    "json: a million digits": lambda: parse("9" * 1_000_000, "x"),
    "json: a negative million": lambda: parse("-" + "9" * 1_000_000, "x"),
    "json: past 64 bits": lambda: parse("99999999999999999999", "x"),
    "json: a huge exponent": lambda: parse("1e999999999", "x"),
    "json: NaN": lambda: parse("[NaN]", "x"),
    "json: -Infinity": lambda: parse("[-Infinity]", "x"),
    "json: a key twice": lambda: parse('{"a":1,"\\u0061":2}', "x"),
    "json: a lone surrogate": lambda: parse('["\\udfff"]', "x"),
    "json: a lone surrogate as a key": lambda: parse('{"\\ud800":1}', "x"),
    "json: a byte-order mark": lambda: parse(b"\xef\xbb\xbf{}", "x"),
    "json: UTF-16": lambda: parse("{}".encode("utf-16"), "x"),
    "json: wrong UTF-8": lambda: parse(b'["\xc0\xaf"]', "x"),
    "json: over 8 MiB": lambda: parse(b" " * ((8 << 20) + 1), "x"),
    "toml: a dotted key": lambda: parse_toml("a" + ".a" * DEEP + " = 1", "x"),
    "toml: a quoted dotted key": lambda: parse_toml('""' + '.""' * DEEP + " = 1", "x"),
    "toml: a dotted key with blanks": lambda: parse_toml("a" + " . a" * DEEP + " = 1", "x"),
    "toml: a dotted table": lambda: parse_toml("[a" + ".a" * DEEP + "]", "x"),
    "toml: a dotted key within": lambda: parse_toml("x = {a" + ".a" * DEEP + " = 1}", "x"),
    "toml: lists": lambda: parse_toml("x = " + "[" * DEEP, "x"),
    "toml: inline tables": lambda: parse_toml("x = " + "{a = " * DEEP, "x"),
    "toml: tables of 32 parts within each other": lambda: parse_toml("x = " + ("{" + ".".join("a" * 30) + " = ") * 50
                                                                      + "1" + "}" * 50, "x"),
    "toml: 5,000 digits": lambda: parse_toml("x = " + "9" * 5_000, "x"),
    "toml: a million hexadecimal digits": lambda: parse_toml("x = 0x" + "f" * 1_000_000, "x"),
    "toml: inf": lambda: parse_toml("x = inf", "x"),
    "toml: nan": lambda: parse_toml("x = -nan", "x"),
    "toml: over 1 MiB": lambda: parse_toml("#" * ((1 << 20) + 1), "x"),
    "pack: 1,025 names": lambda: toml_pack(CORE + "[lanes]\n" + "".join(f'l{i} = "x"\n' for i in range(1_025))),
    "pack: a chain of 3,000 models": lambda: toml_pack(
        CORE + "[models]\n" + "".join(f'm{i} = {{in = ["m{i + 1}"]}}\n' for i in range(3_000))),
    "pack: models in a circle": lambda: toml_pack(CORE + '[models]\na = {in = ["b"]}\nb = {in = ["a"]}\n'),
    "pack: 40 roles": lambda: toml_pack(TOML + "[roles]\n" + "".join(f'r{i} = "x"\n' for i in range(40))),
    "cedar: brackets": lambda: cedar_pack(PERMIT + "when { " + "(" * DEEP),
    "cedar: brackets behind a lone carriage return": lambda: list(
        chunks(PERMIT)) and cedar_pack(PERMIT + "// x\r when { " + "(" * 100 + "true" + ")" * 100 + " };"),
    "cedar: a clause behind a lone carriage return": lambda: cedar_pack("// x\r forbid (principal, action, resource);\n"
                                                                        + PERMIT + ";"),
    "cedar: nots": lambda: cedar_pack(PERMIT + "when { " + "!" * DEEP + "true };"),
    "cedar: ors": lambda: cedar_pack(PERMIT + "when { " + "true || " * 5_000 + "true };"),
    "cedar: whens": lambda: cedar_pack(PERMIT + "when { true } " * 2_000 + ";"),
    "cedar: members": lambda: cedar_pack(PERMIT + "when { context" + ".a" * 5_000 + " };"),
    "cedar: a string that never closes": lambda: cedar_pack(PERMIT + 'when { context.place == "' + "a\\" * 300_000),
    "cedar: 513 clauses": lambda: cedar_pack("".join(f'@id("c{i}") {PERMIT};' for i in range(513))),
    "cedar: two long lists": lambda: long_lists(2),
    "cedar: 60 long lists": lambda: long_lists(60),
    "cedar: 80 short lists behind a long one": lambda: long_lists(80, 4),
    "cedar: over 1 MiB": lambda: cedar_pack("//" + "x" * (1 << 20) + "\n" + CEDAR),
    "note: over 1 MiB": lambda: note.parse(b"x" * ((1 << 20) + 1)),
    "note: 65 signatures": lambda: note.parse(b"a\n\n" + "— a AAAAAAA=\n".encode() * 65),
    "envelope: 65 signatures": lambda: Envelope.from_bytes(
        json.dumps({"payloadType": "a", "payload": "", "signatures": [{"keyid": "", "sig": ""}] * 65}).encode(), "x"),
    "bundle: an endless line": lambda: open_bundle(InMemory(MAGIC + b"about " + b"9" * 1_000_000)),
    "bundle: a length of 9 EB": lambda: open_bundle(InMemory(MAGIC + b"about 9223372036854775807\n")),
    "bundle: a length past 64 bits": lambda: open_bundle(InMemory(MAGIC + b"about 99999999999999999999\n")),
    "call: brackets": lambda: as_chat("[" * DEEP),
    "call: closed brackets": lambda: as_chat("[" * DEEP + "]" * DEEP),
    "call: a million digits": lambda: as_chat("9" * 1_000_000),
    "call: a huge exponent": lambda: as_chat("1e999999999"),
    "call: a million lists": lambda: as_chat("[" + "[]," * 600_000 + "[]]"),
    "call: over 32 MiB": lambda: decode(Api.CHAT, b" " * ((32 << 20) + 1)),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_a_bomb_is_refused_before_it_costs(name: str) -> None:
    """The dearest is a hexadecimal number of 1 MB, at 123 MB: tomllib's pattern keeps 120 bytes a digit."""
    told: list[object] = []
    errors = (InputError, TermsError, RecordError, CallError)
    cost = Work(lambda: told.append(lawful(REFUSED[name], errors)))
    assert told == [None]
    assert cost.calls < 2_000_000, cost.calls
    assert cost.bytes < 160_000_000, cost.bytes


def test_brackets_that_would_end_the_process_do_not() -> None:
    """Behind a lone carriage return, which ends a comment for Cedar alone, 60,000 of them overflowed its stack."""
    text = PERMIT + "// x\r when { " + "(" * 60_000 + "true" + ")" * 60_000 + " };"
    script = "import sys; from brightline.terms import read_pack; from brightline.errors import TermsError\n"
    script += "try: read_pack('p', {'terms.cedar': sys.stdin.buffer.read().decode()})\nexcept TermsError: sys.exit(7)"
    ran = subprocess.run([sys.executable, "-c", script], input=text.encode(), cwd=SOURCE.parent, check=False)
    assert ran.returncode == 7


LINEAR: dict[str, Callable[[int], object]] = {
    "json: lists": lambda n: parse("[" + "[]," * n + "[]]", "x"),
    "json: text": lambda n: parse('["' + "é" * n + '"]', "x"),
    "toml: keys": lambda n: parse_toml("".join(f"k{i} = 1\n" for i in range(n)), "x"),
    "toml: keys under a long table": lambda n: parse_toml(
        "[a" + ".a" * 29 + "]\n" + "".join(f"k{i} = 1\n" for i in range(n)), "x"
    ),
    "toml: almost too long keys": lambda n: lawful(lambda: parse_toml(('"' + "a" + ".a" * 30 + '"\n') * n, "x")),
    "toml: quotes": lambda n: lawful(lambda: parse_toml("\"'" * n, "x")),
    "toml: one word": lambda n: lawful(lambda: parse_toml("a" * n, "x")),
    "cedar: comments": lambda n: list(chunks("// x\n" * n)),
    "cedar: strings": lambda n: list(chunks('"a\\"" ;' * n)),
    "cedar: backslashes": lambda n: list(chunks('"' + "\\" * n)),
    "ids: annotations": lambda n: clause_ids('@a("' * n),
    "ids: at signs": lambda n: clause_ids("@ " * n + ";"),
    "ids: blanks": lambda n: clause_ids("@" + " " * n + ";"),
    "ids: quotes": lambda n: clause_ids('"\\' * n),
    "note: blank lines": lambda n: lawful(lambda: note.parse(b"\n" * n)),
    "events: byte by byte": lambda n: [events.feed(b"x") for events in [Events(n)] for _ in range(n)],
    "events: line ends": lambda n: Events(n * 4).feed(b"\r\n" * n),
}


@pytest.mark.parametrize("name", LINEAR)
def test_work_grows_with_the_length_and_no_faster(name: str) -> None:
    read, size = LINEAR[name], 2_000
    little, much = (Work(lambda n=n: read(n)) for n in (size, 8 * size))  # type: ignore[misc]  # a default binds it
    assert much.calls <= 10 * little.calls + 2_000, (little.calls, much.calls)
    assert much.bytes <= 12 * little.bytes + 400_000, (little.bytes, much.bytes)


def test_an_event_that_never_ends_is_noticed() -> None:
    events = Events(1_000)
    for _ in range(1_001):
        events.feed(b"x")
    assert events.too_large


def test_a_stream_of_lone_carriage_returns_is_refused() -> None:
    from brightline.gateway.codec.sse import parse as parse_event  # noqa: PLC0415 - beside the JSON parser of that name

    with pytest.raises(UpstreamError):
        parse_event(b"data: a\rdata: b\n\n")


def test_the_bounds_are_those_of_the_code() -> None:
    assert (canonical.MAX_BYTES, canonical.MAX_TOML_BYTES, canonical.MAX_KEY_PARTS) == (8 << 20, 1 << 20, 32)
