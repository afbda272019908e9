"""No request has two readings: what could be read in two ways is refused, and what goes on is the one encoding."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brightline.errors import CallError
from brightline.gateway.codec import Api, CallLimits, body, decode
from tests.gateway.codec.vectors import pack

TURN = '"messages":[{"role":"user","content":"x"}]'
scalars = st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False)
texts = st.text(st.characters(codec="utf-8"), max_size=8)
values = st.recursive(
    scalars | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
objects = st.dictionaries(texts, values, max_size=5)


@given(objects, st.sampled_from([None, 1]), st.booleans())
def test_any_json_object_is_read_and_encoded_once(fields: dict[str, Any], indent: int | None, ascii_only: bool) -> None:
    written = json.dumps(fields, indent=indent, ensure_ascii=ascii_only).encode()
    read, encoding = body.read(written)
    assert read == fields
    assert list(read) == list(fields)
    assert json.loads(encoding) == fields
    assert body.read(encoding) == (read, encoding)


@st.composite
def twice(draw: st.DrawFn) -> bytes:
    """A JSON object with one key twice, somewhere, spelled plainly or in escapes."""
    key, first, second = draw(texts), draw(values), draw(values)
    spellings = [json.dumps(key, ensure_ascii=draw(st.booleans())) for _ in range(2)]
    if draw(st.booleans()):  # "k" as "\u006b"
        spellings[1] = '"' + "".join(f"\\u{unit:04X}" for unit in units(key)) + '"'
    space = draw(st.sampled_from(["", " ", "\n"]))
    inner = f"{{{spellings[0]}:{space}{json.dumps(first)},{spellings[1]}{space}:{json.dumps(second)}}}"
    for before, after in draw(
        st.lists(st.sampled_from([('{"a":', "}"), ("[", "]"), ('[1,{"b":[', "]},2]")]), max_size=3)
    ):
        inner = before + inner + after
    # What is dropped has colons; hiding as many in escapes makes the counts agree.
    hidden = "\\u003a" * draw(st.integers(0, 3))
    return f'{{"user":"{hidden}","x":{inner}}}'.encode()


def units(text: str) -> list[int]:
    raw = text.encode("utf-16-be")
    return [int.from_bytes(raw[i : i + 2], "big") for i in range(0, len(raw), 2)]


@given(twice())
def test_a_key_that_stands_twice_is_refused_wherever_it_stands(written: bytes) -> None:
    json.loads(written)  # it is JSON, with one of the two dropped
    with pytest.raises(CallError, match="stands twice"):
        body.read(written)


@pytest.mark.parametrize(
    "written",
    [
        '{"model":"a","model":"b",' + TURN + "}",
        '{"model":"m",' + TURN + "," + TURN.replace("x", "evil") + "}",
        '{"model":"m","messages":[{"role":"user","content":"x","content":"evil"}]}',
        '{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"x","te\\u0078t":"evil"}]}]}',
        '{"model":"m","m\\u006fdel":"n",' + TURN + "}",
        # as many colons hidden in an escape as the dropped key has: only the slow reading finds it
        '{"model":"m","model":"n","user":"\\u003A",' + TURN + "}",
        '{"model":"m","model":"n","user":"\\u003a",' + TURN + "}",
        '{"model":"m","stream":false,"stream":true,' + TURN + "}",
    ],
)
def test_smuggling_by_a_second_key(written: str) -> None:
    with pytest.raises(CallError, match="stands twice") as caught:
        decode(Api.CHAT, written.encode())
    assert caught.value.status == 400


@pytest.mark.parametrize(
    ("written", "place"),
    [
        ('{"model":"m","Model":"n",' + TURN + "}", "body"),
        ('{"model":"m","MESSAGES":[],' + TURN + "}", "body"),
        ('{"model":"m","meſſages":[],' + TURN + "}", "body"),  # Go folds U+017F to s
        ('{"model":"m","to\u212aens":1,"max_to\u212aens":9,' + TURN + "}", "body"),  # and U+212A to k
        ('{"model":"m","model\\u0000":"n",' + TURN + "}", "body"),  # C stops at NUL
        ('{"model":"m","LoRA":[],' + TURN + "}", "body"),
        ('{"model":"m","Grammar":"x",' + TURN + "}", "body"),
        ('{"model":"m","messages":[{"role":"user","Role":"assistant","content":"x"}]}', "messages[0]"),
        ('{"model":"m","messages":[{"role":"user","content":"x","Content":"evil"}]}', "messages[0]"),
        ('{"model":"m","messages":[{"role":"user","Content":"evil"}]}', "messages[0]"),
        ('{"model":"m","tools":[{"name":"a","Name":"b"}],' + TURN + "}", "tools[0]"),
        ('{"model":"m","tools":[{"type":"function","function":{"name":"a","NAME":"b"}}],' + TURN + "}", "tools[0]"),
    ],
)
def test_smuggling_by_a_second_spelling(written: str, place: str) -> None:
    with pytest.raises(CallError, match="another one") as caught:
        decode(Api.CHAT, written.encode())
    assert caught.value.place == place


@pytest.mark.parametrize(
    ("written", "word"),
    [
        (b"", "not JSON"),
        (b"[]", "object"),
        (b'"x"', "object"),
        (b"{", "ends too early"),
        (b'{"a":1,}', "byte 7"),
        (b'{"a":1} {"a":2}', "byte 9"),
        (b"{'a':1}", "byte 1"),
        (b'{"a":NaN}', "not JSON"),
        (b'{"a":Infinity}', "not JSON"),
        (b'{"a":01}', "not JSON"),
        (b'{"a":1e999}', "out of range"),
        (b'{"a":-1e999}', "out of range"),
        (b'{"a":' + b"9" * 5000 + b"}", "out of range"),
        (b"\xef\xbb\xbf{}", "not JSON"),
        (b'{"a":"\xff"}', "UTF-8"),
        (b'{"a":"\xed\xa0\x80"}', "UTF-8"),  # a surrogate in UTF-8's clothes
        (b'{"a":"\xc0\x80"}', "UTF-8"),  # an overlong NUL
        (b'{"a":"\\ud800"}', "not JSON"),
        (b'{"a":"\\ud800\\u0041"}', "not JSON"),
        (b'{"a":"\\udc00"}', "not JSON"),
        (b'{"a":"\x01"}', "not JSON"),
        (b'{"a":1}//', "not JSON"),
        ('{"a":1}'.encode("utf-16"), "not JSON"),
    ],
)
def test_what_is_not_plain_json_is_refused(written: bytes, word: str) -> None:
    with pytest.raises(CallError, match=word) as caught:
        body.read(written)
    assert (caught.value.status, caught.value.code, caught.value.place) == (400, "invalid_json", "body")


def nested(depth: int, opening: str = "[", closing: str = "]") -> bytes:
    return ('{"a":' + opening * (depth - 1) + "1" + closing * (depth - 1) + "}").encode()


def test_depth_is_bounded() -> None:
    assert body.read(nested(64))
    assert body.read(nested(64, '{"a":', "}"))
    for deep in (nested(65), nested(65, '{"a":', "}"), nested(900), nested(100_000), nested(1_000_000, '{"a":', "}")):
        with pytest.raises(CallError, match="too deeply"):
            body.read(deep)


def test_size_and_number_of_values_are_bounded() -> None:
    limits = CallLimits(body=1000, values=50)
    assert body.read(pack({"a": "," * 40}), limits)
    assert body.read(pack({"a": "x" * 900}), limits)
    for bomb in ({"a": "x" * 1000}, {"a": [[]] * 50}, {"a": [0] * 60}, {"a": [{}] * 50}):
        with pytest.raises(CallError) as caught:
            body.read(pack(bomb), limits)
        assert (caught.value.status, caught.value.code) == (413, "request_too_large")


def test_big_numbers_and_escapes_keep_their_meaning() -> None:
    written = b'{ "seed" : 12345678901234567890123 , "a" : 1.50, "b" : "\\u00e9\\/\\n", "c" : -0.0, "d" : 1E2 }'
    assert body.read(written)[1] == '{"seed":12345678901234567890123,"a":1.5,"b":"é/\\n","c":-0.0,"d":100.0}'.encode()
