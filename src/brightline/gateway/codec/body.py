"""A request body read so that no second reading of it exists.

Law: `read` gives the fields and their one encoding; only that encoding, never the client's own bytes, goes
upstream, so the model server reads what was decided on. What could be read in two ways is refused, not repaired:

- a key twice in one object (msgspec and most parsers keep the last, simdjson and RapidJSON find the first);
- a key that a case-insensitive parser (Go's encoding/json, which folds U+017F and U+212A too) or a C-string
  parser (which stops at NUL) takes for another: `Messages`, `meſſages`, `model\\u0000`;
- wrong UTF-8, lone surrogates, NaN, numbers past a double, depth and size bombs.

Source: RFC 8259 sections 4 and 8; DESIGN section 5, "same decision on every path".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

import msgspec

from brightline.errors import CallError

_decoder = msgspec.json.Decoder()
_encoder = msgspec.json.Encoder()
encode = _encoder.encode  # bytes of any JSON value; dicts keep their order


class CallLimits(msgspec.Struct, frozen=True):
    """What one request may weigh: `body` in bytes, `depth` in levels, `values` in commas and brackets."""

    body: int = 32 << 20
    depth: int = 64
    values: int = 1_000_000  # some 100 bytes of memory each: 32 MiB of "[[],[],…" would grow to gigabytes


LIMITS = CallLimits()


def read(body: bytes, limits: CallLimits = LIMITS) -> tuple[dict[str, Any], bytes]:
    """The fields of a JSON object and their one encoding. Raises CallError (400, or 413 past a limit)."""
    # 1 size, before anything is built from it
    if len(body) > limits.body:
        raise _too_large(f"the body is over {limits.body} bytes")
    # A text of commas counts too, so the limit is far above what people send; small bodies cannot reach it.
    if len(body) > limits.values and sum(map(body.count, (b",", b"[", b"{"))) > limits.values:
        raise _too_large(f"the body holds more than {limits.values} values")
    # 2 grammar
    try:
        fields = _decoder.decode(body)
    except RecursionError:
        raise _too_deep(limits.depth) from None
    except UnicodeDecodeError:
        raise _invalid("the body is not UTF-8 text", "encode the body as UTF-8") from None
    except msgspec.ValidationError:
        raise _invalid("a number is out of range", "keep numbers within 64-bit integers and doubles") from None
    except msgspec.DecodeError as error:
        raise _invalid(f"the body is not JSON{_place(str(error))}", "send one JSON object (RFC 8259)") from None
    if type(fields) is not dict:
        raise _invalid("the body is not a JSON object", 'send one JSON object: {"model": …, "messages": […]}')
    # 3 depth, before anything recursive walks it
    if _deeper(fields, limits.depth):
        raise _too_deep(limits.depth)
    # 4 one reading
    encoding = encode(fields)
    if (twice := key_twice(body, encoding)) is not None:
        raise CallError(f"the key {twice[:40]!r} stands twice in one object", place="body", cure="send each key once")
    return fields, encoding


def key_twice(text: bytes, encoding: bytes) -> str | None:
    """A key that stands twice in one object of JSON, None where each stands once; `encoding`: of what was read in it.

    Equal bytes hold each key once, for the encoding does. Otherwise (spaces, escapes) count colons: every colon of the
    encoding stands in the text, and each dropped key adds one, unless a colon was written as an escape.
    """
    if encoding == text or (
        text.count(b":") == encoding.count(b":") and b"\\u003a" not in text and b"\\u003A" not in text
    ):
        return None
    return _found_twice(text)


def refuse_lookalikes(keys: Iterable[str], known: frozenset[str], place: str) -> None:
    """Raise CallError where a key is not in `known` but some parser would take it for one that is."""
    for key in keys:
        if key not in known and (key.casefold() in known or not key.isprintable()):
            raise CallError(
                f"the field {key[:40]!r} could be read as another one", place=place, cure="spell fields as the API does"
            )


def _deeper(fields: dict[str, Any], depth: int) -> bool:
    """Whether containers nest deeper than `depth`: level by level, so that no recursion can overflow."""
    level: list[Any] = [fields]
    while level and depth:
        depth -= 1
        level = [
            value
            for container in level
            for value in (container.values() if type(container) is dict else container)
            if type(value) is dict or type(value) is list
        ]
    return bool(level)


def _found_twice(text: bytes) -> str | None:
    """The slow, sure way; what it cannot read (a dropped value of a thousand levels) counts as found."""
    found: list[str] = []

    def pairs(items: list[tuple[str, Any]]) -> None:
        seen: set[str] = set()
        for key, _ in items:
            if key in seen:
                found.append(key)
            seen.add(key)

    try:
        json.loads(text, object_pairs_hook=pairs)
    except (ValueError, RecursionError):
        return "?"
    return found[0] if found else None


def _place(text: str) -> str:
    """Where msgspec stopped; nothing else of its message, which may quote the body."""
    at = re.search(r"\(byte (\d+)\)", text)
    return f" (stopped at byte {at[1]})" if at else " (it ends too early)" if "truncated" in text else ""


def _invalid(text: str, cure: str) -> CallError:
    return CallError(text, code="invalid_json", place="body", cure=cure)


def _too_large(text: str) -> CallError:
    return CallError(text, status=413, code="request_too_large", place="body", cure="send less in one request")


def _too_deep(depth: int) -> CallError:
    return CallError("nested too deeply", code="invalid_json", place="body", cure=f"nest at most {depth} levels")
