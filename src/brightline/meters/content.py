"""Counting persons by content, structured forms first: what is called one request may name fifty thousand people.

    count_text(text, fields, identifiers)         a message, an attachment, a tool's result
    count_arguments(arguments, fields, …)         the arguments of a tool call, as their JSON text

Law: time and memory grow with the size of the content and no faster; what is too large, or is prose while nobody reads
prose, is `uncountable`, never "nobody". Everything that could be several persons is counted as several.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeAlias

from brightline.meters.counted import Counted, How
from brightline.meters.lines import RUN, WIDE, count_lines
from brightline.meters.persons import NO_FIELDS, Finder, PersonFields, digest, normalised, plain_name

MAX_TEXT = 8 << 20
"""Characters of one text."""
MAX_VALUES = 1_000_000
"""Items of one text, counted as separators and brackets."""
MAX_BROKEN = 8
"""JSON that breaks off, in one text, before no more is looked for: each costs as much as it is long."""
_LONG = 200  # letters from which on a string within JSON is read as text

Identifiers: TypeAlias = Callable[[str], Iterable[str]]
"""The screen's: prose → the identifiers of persons that it finds in it."""

_MARKS = re.compile(r"[,;|\t\n\[{]")
_START = re.compile(r"^[ \t]*(?=[\[{])", re.MULTILINE)
# An object becomes a tuple of pairs: a key may stand twice. A number stays text: it may have a million digits.
_DECODER = json.JSONDecoder(object_pairs_hook=tuple, parse_int=str, parse_float=str, parse_constant=str, strict=False)


def count_text(text: str, fields: PersonFields = NO_FIELDS, identifiers: Identifiers | None = None) -> Counted:
    """Persons in a text. Without `identifiers` any prose in it makes the count incomplete.

    `fields`: as an owner attests them, and only for content of that owner's tool or data set.
    """
    finder = Finder()
    if _too_large(text):
        finder.fail()
        return finder.counted()
    values, rest, deep = _json_in(text)
    if deep:
        finder.fail()
    prose = [] if not values else _walk(values, fields, finder)
    prose.append(count_lines(rest.splitlines(), fields, finder))
    _count_prose("\n".join(prose), identifiers, finder)
    return finder.counted()


def count_arguments(
    arguments: str, fields: PersonFields | None = None, identifiers: Identifiers | None = None
) -> Counted:
    """Persons in the arguments of a tool call. `fields`: those that its schema's owner named, none of them perhaps;
    None: nobody said, so each call with other arguments is another person."""
    finder = Finder()
    if _too_large(arguments):
        finder.fail()
        return finder.counted()
    try:
        value, end = _DECODER.raw_decode(arguments.strip() or "{}")
    except (ValueError, RecursionError):
        finder.fail()
        return finder.counted()
    if arguments.strip()[end:]:
        finder.fail()  # two readers might take different halves
    if fields is None:
        prose = _walk([value], NO_FIELDS, finder) if value not in ((), []) else []
    else:
        prose = _walk_within(value, fields, finder)
    _count_prose("\n".join(prose), identifiers, finder)
    return finder.counted()


def _too_large(text: str) -> bool:
    return len(text) > MAX_TEXT or sum(1 for _ in _MARKS.finditer(text)) > MAX_VALUES


def _json_in(text: str) -> tuple[list[Any], str, bool]:
    """JSON values that begin a line, the text around them, and whether some are nested beyond reading."""
    values, rest, at, broken, deep = [], [], 0, 0, False
    while broken < MAX_BROKEN and (found := _START.search(text, at)):
        try:
            value, end = _DECODER.raw_decode(text, found.end())
        except (ValueError, RecursionError) as e:
            broken, deep = broken + 1, deep or isinstance(e, RecursionError)
            end = text.find("\n", found.end()) + 1 or len(text)
            rest.append(text[at:end])
        else:
            rest.append(text[at : found.end()])
            values.append(value)
        at = end
    rest.append(text[at:])
    return values, "".join(rest), deep


def _walk(rows: Sequence[Any], fields: PersonFields, finder: Finder) -> list[str]:
    """Count values each of which, where it is an object, is a row: a person. Gives back the prose in them."""
    prose: list[str] = []
    stack = list(reversed(rows))
    while stack and not finder.full:
        value = stack.pop()
        match value:
            case tuple():
                _count_object(value, fields, finder, row=True)
                stack += reversed([inner for _, inner in value if isinstance(inner, tuple | list)])
                prose += _texts(value, finder)
            case list():
                stack += reversed(value)
            case str():
                finder.add([normalised(value)], How.LIST)
            case _:
                pass  # true, false and null name nobody
    return prose


def _walk_within(value: Any, fields: PersonFields, finder: Finder) -> list[str]:
    """As `_walk`, of an object whose owner said which of its fields name persons: it is no row itself, and neither is
    a list of plain values a list of persons unless its field is one."""
    if not isinstance(value, tuple):
        return _walk([value], fields, finder)
    _count_object(value, fields, finder, row=False)
    known = fields.names()
    prose = _texts(value, finder)
    for name, inner in value:
        if isinstance(inner, tuple):
            prose += _walk_within(inner, fields, finder)
        elif isinstance(inner, list) and plain_name(name) not in known:
            prose += _walk([item for item in inner if isinstance(item, tuple | list)], fields, finder)
            prose += [item for item in inner if isinstance(item, str) and _is_text(item)]
    return prose


def _count_object(pairs: tuple[tuple[str, Any], ...], fields: PersonFields, finder: Finder, *, row: bool) -> None:
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(plain_name(name), []).extend(_scalars(value))
    persons = list(fields.persons(values))
    if any(persons):
        finder.add(persons, How.FIELDS)
    elif row:
        inner = [name for name, value in pairs if isinstance(value, tuple | list)]
        if len(inner) >= RUN:  # a map with people for keys, perhaps
            finder.add(map(normalised, inner), How.LIST)
        if len(pairs) > WIDE:
            finder.add((f"{normalised(name)}\x1f{''.join(_scalars(v))}" for name, v in pairs), How.LIST)
        else:
            finder.add([digest(json.dumps(pairs, ensure_ascii=False))], How.ROWS)


def _scalars(value: Any) -> Iterator[str]:
    for item in value if isinstance(value, list) else (value,):
        if isinstance(item, str):
            yield item


def _texts(pairs: tuple[tuple[str, Any], ...], finder: Finder) -> list[str]:
    """Strings of an object that hold a list or long text: lists are counted, prose is given back."""
    texts = [value for _, value in pairs if isinstance(value, str) and _is_text(value)]
    return [count_lines(text.splitlines(), NO_FIELDS, finder) for text in texts]


def _is_text(value: str) -> bool:
    return len(value) > _LONG or len(_MARKS.findall(value)) >= 4


def _count_prose(prose: str, identifiers: Identifiers | None, finder: Finder) -> None:
    if not any(c.isalnum() for c in prose):
        return
    if identifiers is None:
        finder.fail()
    else:
        finder.add(map(normalised, identifiers(prose)), How.IDENTIFIERS)
