"""Bytes that two parties can hash alike: canonical JSON (RFC 8785 without floats) and strict reading.

Law: `parse(dump(x)) == x`, and `dump` gives the same bytes for equal values on every machine.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, Never

from brightline.errors import InputError

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
    """Strict JSON: refuses duplicate keys, NaN and infinities, wrong UTF-8, lone surrogates, depth over 64.

    Raises `error`, naming `place` and the line.
    """

    def bad(text: str, cure: str = "write plain JSON (RFC 8259)") -> Never:
        raise error(text, place=place, cure=cure)

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

    try:
        text = data if isinstance(data, str) else data.decode("utf-8")
        text.encode("utf-8")
    except UnicodeError:
        bad("not UTF-8 text", "save the file as UTF-8")
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


def _check(value: Any, depth: int, bad: Any) -> None:
    if depth > MAX_DEPTH:
        bad("nested too deeply", f"nest at most {MAX_DEPTH} levels")
    if isinstance(value, dict):
        for k, v in value.items():
            _check(k, depth, bad)
            _check(v, depth + 1, bad)
    elif isinstance(value, list):
        for v in value:
            _check(v, depth + 1, bad)
    elif isinstance(value, str) and any("\ud800" <= c <= "\udfff" for c in value):
        bad("text holds a lone surrogate", "use well-formed Unicode")


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
