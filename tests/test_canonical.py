"""Canonical JSON: one value, one text; and strict reading that names the place and the cure."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brightline.canonical import MAX_BYTES, MAX_DEPTH, MAX_DUMP_DEPTH, MAX_SAFE, digest, dump, parse
from brightline.errors import AgreementError, InputError, UseError

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
SCALARS = st.none() | st.booleans() | st.integers(-MAX_SAFE, MAX_SAFE) | TEXTS
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4))


def nested(depth: int, inner: Any = 1) -> Any:
    """`inner` in so many lists."""
    for _ in range(depth):
        inner = [inner]
    return inner


@given(VALUES)
def test_what_is_written_is_read_back(value: Any) -> None:
    assert parse(dump(value)) == value
    assert dump(parse(dump(value))) == dump(value)


@given(VALUES)
def test_it_is_json_as_others_read_it(value: Any) -> None:
    assert json.loads(dump(value)) == value


@given(st.dictionaries(TEXTS, st.integers(0, 9), max_size=8), st.randoms(use_true_random=False))
def test_the_order_in_which_a_value_was_made_changes_nothing(value: dict[str, int], random: Any) -> None:
    items = list(value.items())
    random.shuffle(items)
    assert dump(dict(items)) == dump(value)
    assert digest(dict(items)) == digest(value)


@given(VALUES, VALUES)
def test_two_values_have_two_texts(a: Any, b: Any) -> None:
    def typed(value: Any) -> str:  # 1 == True in Python, and not in JSON
        return json.dumps(value, sort_keys=True)

    assert (dump(a) == dump(b)) is (typed(a) == typed(b))


def test_keys_go_by_their_utf_16_units() -> None:
    """RFC 8785, section 3.2.3: the smiling face, D83D DE00 in UTF-16, stands before FB33."""
    values = ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]
    text = dump(dict.fromkeys(reversed(values), 0)).decode()
    assert text == '{"\\r":0,"1":0,"\u0080":0,"\u00f6":0,"\u20ac":0,"\U0001f600":0,"\ufb33":0}'
    assert list(json.loads(text)) == values
    assert sorted(values) != values  # by code points it would be another order


@given(st.lists(TEXTS, unique=True, max_size=6))
def test_every_object_is_in_that_order(keys: list[str]) -> None:
    found = list(json.loads(dump(dict.fromkeys(keys, 0))))
    assert found == sorted(keys, key=lambda k: k.encode("utf-16-be"))


def test_text_is_written_as_rfc_8785_has_it() -> None:
    """Section 3.2.2.2: short escapes where there are any, lower-case hex for other controls, all else as it is."""
    assert dump('€$\u000f\nA\'B"\\\\"/') == '"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"'.encode()
    assert dump("\b\t\n\f\r") == b'"\\b\\t\\n\\f\\r"'
    assert dump("".join(map(chr, [0, 11, 31, 127, 0x2028]))) == '"\\u0000\\u000b\\u001f\u007f\u2028"'.encode()
    assert dump({"b": [1, -0, True, None], "a": {}}) == b'{"a":{},"b":[1,0,true,null]}'


def test_a_digest_is_of_these_bytes() -> None:
    assert digest({"a": 1}) == "sha256:" + hashlib.sha256(b'{"a":1}').hexdigest()


UNWRITABLE = {
    "a float": (1.5, "float"),
    "a whole float": (1.0, "float"),
    "not a number": (float("nan"), "float"),
    "infinity": (float("inf"), "float"),
    "2^53": (2**53, "int"),
    "-2^53": (-(2**53), "int"),
    "bytes": (b"x", "bytes"),
    "a set": ({1}, "set"),
    "a lone surrogate": ("\ud800", "lone surrogate"),
    "a lone surrogate in a key": ({"\udfff": 1}, "lone surrogate"),
    "a key that is a number": ({1: 2}, "not text"),
    "a key that is none": ({None: 2}, "not text"),
    "depth": (nested(MAX_DUMP_DEPTH + 1), "nested too deeply"),
    "great depth": (nested(100_000), "nested too deeply"),
}


@pytest.mark.parametrize("where", [lambda x: x, lambda x: [x], lambda x: {"a": {"b": x}}], ids=["top", "list", "dict"])
@pytest.mark.parametrize(("value", "words"), UNWRITABLE.values(), ids=UNWRITABLE)
def test_what_has_no_canonical_text_is_refused_with_a_cure(value: Any, words: str, where: Any) -> None:
    with pytest.raises(InputError, match=words) as caught:
        dump(where(value))
    assert caught.value.cure


def test_the_largest_that_can_be_written() -> None:
    assert dump([MAX_SAFE, -MAX_SAFE]) == b"[9007199254740991,-9007199254740991]"
    assert dump(nested(MAX_DUMP_DEPTH)) == b"[" * MAX_DUMP_DEPTH + b"1" + b"]" * MAX_DUMP_DEPTH


UNREADABLE: dict[str, tuple[bytes | str, str, str]] = {
    "nothing": (b"", "line 1, column 1", "RFC 8259"),
    "spaces": (b"  \n ", "line 2", "RFC 8259"),
    "no JSON": (b'{"a": 1,\n "b": x}', "line 2, column 7", "RFC 8259"),
    "cut off": (b'{"a": [1, 2', "line 1, column 12", "RFC 8259"),
    "two values": (b"1 2", "line 1, column 3", "RFC 8259"),
    "a comma too many": (b"[1,]", "line 1", "RFC 8259"),
    "a comment": (b"// x\n1", "line 1", "RFC 8259"),
    "single quotes": (b"{'a': 1}", "line 1, column 2", "RFC 8259"),
    "a line end in a text": (b'"a\nb"', "line 1", "RFC 8259"),
    "a key twice": (b'{"a": 1, "a": 1}', "'a' stands twice", "keep one"),
    "a key twice, once escaped": (b'{"a": 1, "\\u0061": 1}', "'a' stands twice", "keep one"),
    "a key twice further in": (b'[{"b": {"c": 0, "c": 1}}]', "'c' stands twice", "keep one"),
    "NaN": (b"[NaN]", "NaN is not JSON", "RFC 8259"),
    "Infinity": (b"Infinity", "Infinity is not JSON", "RFC 8259"),
    "-Infinity": (b'{"a": -Infinity}', "-Infinity is not JSON", "RFC 8259"),
    "a long number": (b"1" * 21, "a number of 21 digits", "64-bit"),
    "a very long number": (b"-" + b"1" * 10_000, "a number of 10001 digits", "64-bit"),
    "2^64": (b"18446744073709551616", "past 64 bits", "64-bit"),
    "-2^63-1": (b"[-9223372036854775809]", "past 64 bits", "64-bit"),
    "a double that overflows": (b'{"a": [1e400]}', "not finite", "plain number"),
    "a double that overflows downwards": (b"-1e9999", "not finite", "plain number"),
    "over 8 MiB": (b" " * (MAX_BYTES + 1), "over 8 MiB", "split"),
    "a leading zero": (b"01", "line 1", "RFC 8259"),
    "a lone surrogate": (b'"\\ud800"', "lone surrogate", "well-formed"),
    "a lone surrogate in a key": (b'[{"a\\udfff": 1}]', "lone surrogate", "well-formed"),
    "surrogates turned round": (b'"\\udc00\\ud800"', "lone surrogate", "well-formed"),
    "depth": (b"[" * (MAX_DEPTH + 2) + b"]" * (MAX_DEPTH + 2), "nested too deeply", "64"),
    "depth of objects": (b'{"a":' * (MAX_DEPTH + 2) + b"1" + b"}" * (MAX_DEPTH + 2), "nested too deeply", "64"),
    "great depth": (b"[" * 100_000, "nested too deeply", "64"),
    "wrong UTF-8": (b'"\xff"', "not UTF-8", "UTF-8"),
    "UTF-8 of a surrogate": (b'"\xed\xa0\x80"', "not UTF-8", "UTF-8"),
    "UTF-8 written too long": (b'"\xc0\xaf"', "not UTF-8", "UTF-8"),
    "UTF-16": ('{"a": 1}'.encode("utf-16"), "not UTF-8", "UTF-8"),
    "a byte-order mark": (b"\xef\xbb\xbf{}", "(?i)bom", "RFC 8259"),
    "text with a lone surrogate": ('"\ud800"', "not UTF-8", "UTF-8"),
}


@pytest.mark.parametrize("error", [InputError, UseError, AgreementError])
@pytest.mark.parametrize(("text", "words", "cure"), UNREADABLE.values(), ids=UNREADABLE)
def test_what_is_no_strict_json_names_place_and_cure(
    text: bytes | str, words: str, cure: str, error: type[InputError]
) -> None:
    with pytest.raises(error, match=words) as caught:
        parse(text, "packs/a.json:7", error=error)
    assert type(caught.value) is error
    assert str(caught.value).startswith("packs/a.json:7: ")
    assert cure in caught.value.cure


def test_an_error_quotes_little() -> None:
    secret = "s3cret" * 100
    for text in (f'{{"{secret}": 1, "{secret}": 2}}', f'"{secret}', f'["{secret}" "x"]', f"[{'1' * 600}]"):
        with pytest.raises(InputError) as caught:
            parse(text)
        assert len(str(caught.value)) < 250
        assert "111" not in str(caught.value)


def test_the_most_that_can_be_read() -> None:
    deep = b"[" * MAX_DEPTH + b"1" + b"]" * MAX_DEPTH
    assert parse(deep) == nested(MAX_DEPTH)
    assert parse(b"[-9223372036854775808, 18446744073709551615]") == [-(2**63), 2**64 - 1]
    assert parse(b"1" + b" " * (MAX_BYTES - 1)) == 1
    assert parse(b'"\\ud83d\\ude00"') == "\U0001f600"
    assert parse(' {"a" : [true, null, "\\u00e9"]} \n') == {"a": [True, None, "é"]}


JSON_LIKE = st.text('[]{}:," \\u0123e+-.truefalsnl', max_size=30).map(str.encode)


@given(st.binary(max_size=40) | JSON_LIKE)
def test_whatever_is_read_is_what_others_read(data: bytes) -> None:
    try:
        value = parse(data)
    except InputError:
        return
    assert json.loads(data) == value
