"""Strict TOML: what JSON could not say is refused here too, with place, line and cure; nothing hostile takes long."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brightline.canonical import MAX_KEY_PARTS, MAX_TOML_BYTES, parse_toml
from brightline.errors import AgreementError, ConfigError, InputError, TermsError

WRONG: dict[str, tuple[bytes | str, str, str]] = {
    "no TOML": (b"a: 1", "at line 1, column 2", "TOML 1.0"),
    "a value without quotes": (b"a = 1\nb = word", "at line 2, column 5", "TOML 1.0"),
    "a key twice": (b"a = 1\na = 2\nb = 3", "at line 2", "TOML 1.0"),
    "a day that is none": (b"a = 2026-13-41", "at line 1", "TOML 1.0"),
    "not a number": (b"a = nan", "not finite", "plain number"),
    "infinity": (b"[a]\nb = [-inf]", "not finite", "plain number"),
    "2^64": (b"a = 18446744073709551616", "past 64 bits", "64-bit"),
    "5,000 digits": (b"a = " + b"9" * 5000, "thousands of digits", "64-bit"),
    "great depth": (b"a = " + b"[" * 9999, "nested too deeply", "64"),
    "depth": (b"a = " + b"[" * 66 + b"]" * 66, "nested too deeply", "64"),
    "a key of many parts": (b"b = 1\n" + b"a." * MAX_KEY_PARTS + b"a = 1", "line 2: a key of more than 32", "tables"),
    "quoted parts": (b'"a" . ' * MAX_KEY_PARTS + b"'a' = 1", "line 1: a key of more than 32 parts", "tables"),
    "a table of many parts": (b"[" + b"a." * MAX_KEY_PARTS + b"a]", "a key of more than 32 parts", "tables"),
    "100 kB of parts": (b"a." * 50_000 + b"a = 1", "a key of more than 32 parts", "tables"),
    "over 1 MiB": (b"#" * (MAX_TOML_BYTES + 1), "over 1 MiB", "split"),
    "wrong UTF-8": (b'a = "\xff"', "not UTF-8", "UTF-8"),
    "UTF-16": ("a = 1".encode("utf-16"), "not UTF-8", "UTF-8"),
    "a surrogate": ("a = '\ud800'", "not UTF-8", "UTF-8"),
}


@pytest.mark.parametrize("error", [InputError, TermsError, AgreementError, ConfigError])
@pytest.mark.parametrize(("text", "words", "cure"), WRONG.values(), ids=WRONG)
def test_what_is_no_strict_toml_names_place_and_cure(
    text: bytes | str, words: str, cure: str, error: type[InputError]
) -> None:
    with pytest.raises(error, match=words) as caught:
        parse_toml(text, "terms.toml", error=error)
    assert type(caught.value) is error
    assert str(caught.value).startswith("terms.toml: ")
    assert cure in caught.value.cure


def test_ordinary_toml_is_read_as_others_read_it() -> None:
    text = """
        title = "Größe"          # a.b.c.d in a comment is no key
        date = 2026-11-23
        [a.b."c.d".'e']
        n = [1, 2.5, true]
        words = "one. two. three. and so on"
    """
    assert parse_toml(text) == tomllib.loads(text)
    assert parse_toml(text.replace("\n", "\r\n").encode()) == tomllib.loads(text)
    most = ".".join(["a"] * MAX_KEY_PARTS) + " = 1"
    assert parse_toml(most) == tomllib.loads(most)


NAMES = st.text("abcdef-_019", min_size=1, max_size=6)


@given(st.dictionaries(NAMES, st.integers(-(2**63), 2**63 - 1) | st.booleans() | NAMES, max_size=6))
def test_tables_are_read_back(table: dict[str, Any]) -> None:
    lines = [f"{k} = {str(v).lower() if isinstance(v, bool) else repr(v)}" for k, v in table.items()]
    assert parse_toml("\n".join(lines)) == table


@given(st.binary(max_size=60) | st.text("abc=[]{}.,\"'#\n 019:-+einf", max_size=40).map(str.encode))
def test_whatever_is_read_is_what_others_read(data: bytes) -> None:
    try:
        value = parse_toml(data)
    except InputError:
        return
    assert value == tomllib.loads(data.decode())
