"""Bytes that two parties can hash alike: canonical JSON (RFC 8785 without floats), and strict reading of JSON and TOML.

Law: `parse(dump(x)) == x`, and `dump` gives the same bytes for equal values on every machine.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import tomllib
from typing import Any, Never

from brightline.errors import InputError

MAX_BYTES = 8 << 20  # of one JSON document; what is built from it may take twenty times as much memory
MAX_TOML_BYTES = 1 << 20
MAX_KEY_PARTS = 32  # of a dotted key in TOML: tomllib's work grows with their square, minutes for 100 kB of `a.a.a…`
MAX_DEPTH = 64  # of what is read from outside
MAX_DUMP_DEPTH = 256  # of what is written: conditions of 100 terms nest deeper than a message may
MAX_SAFE = 2**53 - 1  # RFC 8785 numbers are IEEE doubles; beyond this, integers are written as strings


def dump(value: Any) -> bytes:
    """Canonical UTF-8 JSON of dicts with string keys, lists, strings, integers, booleans and None.

    Raises InputError on floats, integers past 2**53 - 1, lone surrogates and depth over 256.
    """
    try:
        return json.dumps(_ordered(value, 0), ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        raise InputError("text holds a lone surrogate", cure="use well-formed Unicode") from None


def digest(value: Any) -> str:
    """`sha256:` and the hex SHA-256 of the canonical JSON of `value`."""
    return "sha256:" + hashlib.sha256(dump(value)).hexdigest()


def parse(data: bytes | str, place: str = "", *, error: type[InputError] = InputError) -> Any:
    """Strict JSON: refuses duplicate keys, NaN and infinities, wrong UTF-8, lone surrogates, depth over 64, integers
    past 64 bits and more than MAX_BYTES.

    Raises `error`, naming `place` and the line.
    """
    bad = _Bad(place, error, "write plain JSON (RFC 8259)")

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        out = dict(items)
        if len(out) != len(items):
            seen: set[str] = set()
            twice = next(k for k, _ in items if k in seen or seen.add(k))  # type: ignore[func-returns-value]
            bad(f"the key {twice[:80]!r} stands twice in one object", "keep one of them")
        return out

    def number(text: str) -> int:
        if len(text) > 20:
            bad(f"a number of {len(text)} digits", "use at most 64-bit integers")
        return int(text)

    text = _decoded(data, MAX_BYTES, bad)
    try:
        value = json.loads(
            text, object_pairs_hook=pairs, parse_int=number, parse_constant=lambda c: bad(f"{c} is not JSON")
        )
    except json.JSONDecodeError as e:
        bad(f"line {e.lineno}, column {e.colno}: {e.msg.lower()}")
    except RecursionError:
        bad("nested too deeply", f"nest at most {MAX_DEPTH} levels")
    _check(value, 0, bad)
    return value


def parse_toml(data: bytes | str, place: str = "", *, error: type[InputError] = InputError) -> dict[str, Any]:
    """TOML 1.0, as strictly: what JSON could not say (NaN, infinities, integers past 64 bits) is refused here too.

    Raises `error`, naming `place` and the line.
    """
    bad = _Bad(place, error, "write TOML 1.0")
    text = _decoded(data, MAX_TOML_BYTES, bad)
    if found := _LONG_KEY.search(text):
        line = text.count("\n", 0, found.start()) + 1
        bad(f"line {line}: a key of more than {MAX_KEY_PARTS} parts", "write it in tables")
    try:
        value = tomllib.loads(text)
    except tomllib.TOMLDecodeError as e:
        bad(f"not TOML: {_lower(str(e))}")
    except RecursionError:
        bad("nested too deeply", f"nest at most {MAX_DEPTH} levels")
    except ValueError:  # what int() says of a number of 5,000 digits
        bad("a number of thousands of digits", "use at most 64-bit integers")
    _check(value, 0, bad)
    return value


def toml_line(text: str, path: str) -> int:
    """The line of `text` on which the table or key `path` (`a.b`) stands, else that of its nearest table; 0 for none.

    `text` is TOML; a name in it that has dots of its own is found as it is written.
    """
    found, longest, table = 0, "", ""
    for number, line in enumerate(text.splitlines(), 1):
        head, key = _TABLE.match(line), _KEY.match(line)
        if head:
            table = here = _unquoted(head[1])
        elif key:
            here = f"{table}.{_unquoted(key[1])}".lstrip(".")
        else:
            continue
        if len(here) > len(longest) and f"{path}.".startswith(f"{here}."):
            found, longest = number, here
    return found


def _unquoted(key: str) -> str:
    return re.sub(r"\s+|[\"']", "", key)


_TABLE = re.compile(r"\s*\[\[?([^\]]+)\]")
_KEY = re.compile(r"""\s*((?:[\w.-]+|"[^"]*"|'[^']*'|\s*\.\s*)+?)\s*=""")
_PART = r"""(?:(?<![\w-])[A-Za-z0-9_-]++|"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+')"""  # possessive: nothing is tried twice
_LONG_KEY = re.compile(rf"{_PART}(?:[ \t]*+\.[ \t]*+{_PART}){{{MAX_KEY_PARTS}}}", re.ASCII)
_SURROGATE = re.compile("[\ud800-\udfff]")


class _Bad:
    """Raises the reader's error at its place."""

    __slots__ = ("_cure", "_error", "_place")

    def __init__(self, place: str, error: type[InputError], cure: str) -> None:
        self._place, self._error, self._cure = place, error, cure

    def __call__(self, text: str, cure: str = "") -> Never:
        raise self._error(text, place=self._place, cure=cure or self._cure)


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _decoded(data: bytes | str, most: int, bad: _Bad) -> str:
    """Text of at most `most` bytes or characters."""
    if len(data) > most:
        bad(f"over {most >> 20} MiB", "split it")
    try:
        text = data if isinstance(data, str) else data.decode("utf-8")
        text.encode("utf-8")
    except UnicodeError:
        bad("not UTF-8 text", "save the file as UTF-8")
    return text


def _check(value: Any, depth: int, bad: _Bad) -> None:
    if depth > MAX_DEPTH:
        bad("nested too deeply", f"nest at most {MAX_DEPTH} levels")
    match value:
        case dict():
            for k, v in value.items():
                _check(k, depth, bad)
                _check(v, depth + 1, bad)
        case list():
            for v in value:
                _check(v, depth + 1, bad)
        case str() if not value.isascii() and _SURROGATE.search(value):
            bad("text holds a lone surrogate", "use well-formed Unicode")
        case int() if not -(2**63) <= value < 2**64:
            bad("a number past 64 bits", "use at most 64-bit integers")
        case float() if not math.isfinite(value):
            bad("a number that is not finite", "write a plain number")


def _ordered(value: Any, depth: int) -> Any:
    if depth > MAX_DUMP_DEPTH:
        raise InputError("nested too deeply", cure=f"nest at most {MAX_DUMP_DEPTH} levels")
    match value:
        case dict():
            if not all(isinstance(k, str) for k in value):
                raise InputError("a key that is not text", cure="use text keys")
            keys = sorted(value, key=lambda k: k.encode("utf-16-be", "surrogatepass"))
            return {k: _ordered(value[k], depth + 1) for k in keys}
        case list() | tuple():
            return [_ordered(v, depth + 1) for v in value]
        case bool() | None | str():
            return value
        case int() if -MAX_SAFE <= value <= MAX_SAFE:
            return value
    raise InputError(f"a {type(value).__name__} cannot be made canonical", cure="use text or small integers")
