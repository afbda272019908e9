"""Strict reading of JSON values into frozen dataclasses, and the way back.

A `Record` is a frozen dataclass whose fields carry their reader: `name: Annotated[str, text(200)]`.
Law: `T.read(plain(x)) == x` for every x that T.read gave, and what is not exactly right raises
AgreementError that names the field and the cure. Every text is bounded and free of characters that would let
a reader see other words than were signed (controls, bidirectional overrides; CVE-2021-42574).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, fields
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Any, Never, Self, TypeAlias, TypeVar, get_type_hints

from brightline.errors import AgreementError, InputError, nearest
from brightline.keys import Signature, VerifyKey

E = TypeVar("E", bound=StrEnum)
Reader: TypeAlias = Callable[[Any, str], Any]
"""A reader takes a JSON value and the place it stands in; it gives the typed value or raises AgreementError."""

_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]")
_MARK = "key="
ABSENT = "write it, with null where there is nothing"


def fail(place: str, text: str, cure: str = "") -> Never:
    raise AgreementError(text, place=place.rstrip(": "), cure=cure)


def at(place: str, key: str) -> str:
    """The place of member `key`; a place that ends in ': ' is a file."""
    return f"{place}{key}" if not place or place.endswith(": ") else f"{place}.{key}"


def short(value: object) -> str:
    """A value as it may stand in an error: quoted, escaped, at most 60 characters."""
    return repr(value)[:60]


def key(name: str) -> str:
    """In `Annotated`: the member's name in JSON where Python keeps the word for itself (`from`)."""
    return _MARK + name


class Record:
    """Base of what an agreement or message is made of."""

    __slots__ = ()

    def faults(self) -> Iterable[tuple[str, str, str]]:
        """(member, what is wrong, cure) for what no single field can see."""
        return ()

    @classmethod
    def read(cls, value: Any, place: str = "") -> Self:
        """Read a JSON object with exactly the members of this record. Raises AgreementError."""
        if not isinstance(value, dict):
            fail(place, f"expected an object, found {short(value)}", "write the members in braces")
        members = _members(cls)
        known = [m for m, _ in members.values()]
        if unknown := sorted(set(value) - set(known)):
            word = unknown[0][:60]
            fail(at(place, word if word.isprintable() else short(word)), "no such field", nearest(word, known))
        if missing := [k for k in known if k not in value]:
            fail(at(place, missing[0]), "this field is missing", ABSENT)
        made = cls(**{name: reader(value[k], at(place, k)) for name, (k, reader) in members.items()})
        for where, wrong, cure in made.faults():
            fail(at(place, where), wrong, cure)
        return made


def completed(cls: type[Record], value: dict[str, Any]) -> dict[str, Any]:
    """`value` with the defaults of the members that it leaves out: for drafts that people write, never for messages."""
    out = dict(value)
    for f in fields(cls):  # type: ignore[arg-type]  # every Record is a dataclass
        name = _members(cls)[f.name][0]
        if name not in out and f.default is not MISSING:
            out[name] = plain(f.default)
        elif name not in out and f.default_factory is not MISSING:
            out[name] = plain(f.default_factory())
    return out


_MEMBERS: dict[type[Record], dict[str, tuple[str, Reader]]] = {}


def _members(cls: type[Record]) -> dict[str, tuple[str, Reader]]:
    """field name -> (name in JSON, reader); worked out once a class"""
    if cls not in _MEMBERS:
        hints = get_type_hints(cls, include_extras=True)
        members: dict[str, tuple[str, Reader]] = {}
        for f in fields(cls):  # type: ignore[arg-type]  # every Record is a dataclass
            notes = hints[f.name].__metadata__
            names = [n.removeprefix(_MARK) for n in notes if isinstance(n, str)]
            members[f.name] = (names[0] if names else f.name, next(n for n in notes if callable(n)))
        _MEMBERS[cls] = members
    return _MEMBERS[cls]


def plain(value: Any) -> Any:
    """The JSON value of anything a reader gives."""
    match value:
        case Record():
            return {k: plain(getattr(value, name)) for name, (k, _) in _members(type(value)).items()}
        case Signature(keyid=keyid, sig=sig):
            return {"keyid": keyid, "sig": sig.hex()}
        case datetime():
            return value.strftime("%Y-%m-%dT%H:%M:%SZ")
        case date():
            return value.isoformat()
        case Decimal():
            return f"{value:f}"
        case VerifyKey() | StrEnum():
            return str(value)
        case tuple():
            return [plain(v) for v in value]
        case Mapping():
            return {k: plain(v) for k, v in value.items()}
        case _:
            return value


# ---- readers ---------------------------------------------------------------------------------------------


def text(most: int, *, least: int = 1, lines: bool = False, pattern: str = "", means: str = "") -> Reader:
    """Text of `least` to `most` characters, on one line unless `lines`; `pattern` is matched whole."""
    rule = re.compile(pattern) if pattern else None

    def read(value: Any, place: str) -> str:
        if not isinstance(value, str):
            fail(place, f"expected text, found {short(value)}", "write it in quotes")
        if not least <= len(value) <= most or (least and not value.strip()):
            fail(place, f"a text of {len(value)} characters", f"write {least} to {most} characters")
        hidden = _UNSEEN.search(value) or (None if lines else re.search(r"[\n\t]", value))
        if hidden:
            fail(place, f"holds the character U+{ord(hidden[0]):04X}", "remove it (line ends are a single \\n)")
        if rule and not rule.fullmatch(value):
            fail(place, f"{short(value)} is not {means}", f"write {means}")
        return value

    return read


def integer(least: int, most: int) -> Reader:
    def read(value: Any, place: str) -> int:
        if type(value) is not int or not least <= value <= most:  # bool is an int to Python, not to us
            fail(place, f"expected a whole number, found {short(value)}", f"write one from {least} to {most}")
        return value

    return read


def flag(value: Any, place: str) -> bool:
    if not isinstance(value, bool):
        fail(place, f"expected true or false, found {short(value)}", "write true or false")
    return value


def constant(wanted: str) -> Reader:
    def read(value: Any, place: str) -> str:
        if value != wanted:
            fail(place, f"expected {wanted!r}, found {short(value)}", "use a file of this kind and version")
        return wanted

    return read


def one_of(enum: type[E]) -> Reader:
    def read(value: Any, place: str) -> E:
        if not isinstance(value, str) or value not in [str(e) for e in enum]:
            fail(place, f"{short(value)} is no {enum.__name__.lower()}", nearest(str(value)[:60], map(str, enum)))
        return enum(value)

    return read


def optional(reader: Reader) -> Reader:
    return lambda value, place: None if value is None else reader(value, place)


def listing(reader: Reader, most: int, *, unique: str = "") -> Reader:
    """A list of at most `most`; the attribute `unique` tells its items apart."""

    def read(value: Any, place: str) -> tuple[Any, ...]:
        if not isinstance(value, list) or len(value) > most:
            fail(place, "expected a list", f"write a list of at most {most} items")
        items = tuple(reader(v, f"{place}[{i}]") for i, v in enumerate(value))
        names = [getattr(i, unique) for i in items] if unique else []
        if twice := next((n for n in names if names.count(n) > 1), None):
            fail(place, f"{short(twice)} stands twice", f"give each item a {unique} of its own")
        return items

    return read


def mapping(name: Reader, reader: Reader, most: int) -> Reader:
    """An object with 1 to `most` members whose names `name` reads."""

    def read(value: Any, place: str) -> Mapping[str, Any]:
        if not isinstance(value, dict) or not 1 <= len(value) <= most:
            fail(place, "expected an object", f"write 1 to {most} members in braces")
        return MappingProxyType({name(k, f"{place}, name"): reader(v, at(place, k)) for k, v in value.items()})

    return read


def day(value: Any, place: str) -> date:
    try:
        found = date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        found = None
    if found is None or found.isoformat() != value:
        fail(place, f"{short(value)} is no date", "write it as 2026-11-23")
    return found


def moment(value: Any, place: str) -> datetime:
    try:
        found = datetime.strptime(value, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except (TypeError, ValueError):
        found = None
    if found is None or plain(found) != value:
        fail(place, f"{short(value)} is no time", "write it as 2026-11-23T08:30:00Z")
    return found


def money(value: Any, place: str) -> Decimal:
    if not isinstance(value, str) or not re.fullmatch(r"(0|[1-9][0-9]{0,14})(\.[0-9]{1,6})?", value):
        fail(place, f"{short(value)} is no amount", 'write it in quotes, like "200000000.00"')
    return Decimal(value)


def verify_key(value: Any, place: str) -> VerifyKey:
    try:
        found = VerifyKey.parse(value, place) if isinstance(value, str) and len(value) < 400 else None
    except InputError as e:
        fail(place, e.text, e.cure)
    if found is None or str(found) != value:
        fail(place, f"{short(value)} is no public key", "write the text that `brightline key show` prints")
    return found


def signature(value: Any, place: str) -> Signature:
    """Of a message's agreement: `{"keyid": public key, "sig": 128 hex digits}`."""
    if not isinstance(value, dict) or set(value) != {"keyid", "sig"}:
        fail(place, "not a signature", "use the file as it was sent")
    sig = text(128, pattern="[0-9a-f]{128}", means="128 hex digits")(value["sig"], at(place, "sig"))
    return Signature(str(verify_key(value["keyid"], at(place, "keyid"))), bytes.fromhex(sig))


digest = text(71, pattern="sha256:[0-9a-f]{64}", means="'sha256:' and 64 hex digits")
Digest: TypeAlias = Annotated[str, digest]
