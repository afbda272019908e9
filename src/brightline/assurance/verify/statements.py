"""What the customer states of an epoch, opened from the epoch's entry: canonical JSON objects of a closed form.

    meters          `brightline/meters/v1`: how near the metered limits came, over all sites that counted together

A statement is as true as its maker: the commitment shows that it was made when the epoch ended, and not since.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Never

from brightline.canonical import MAX_SAFE, dump, parse
from brightline.errors import InputError, RecordError

MAX_STATEMENT: Final = 1 << 16
"""Bytes of one statement."""


def _meters(value: Mapping[str, Any]) -> None:
    """Raises RecordError unless these are numbers that one merge of meters can give (`brightline.meters.union`)."""
    counts = ("sites", "scopes", "soft", "hard", "at_soft", "at_hard", "highest")
    _members(value, "meters", counts, ("exact",))
    sites, scopes, soft, hard, at_soft, at_hard, highest = (value[name] for name in counts)
    fits = sites >= 1 and 1 <= soft <= hard and at_hard <= at_soft <= scopes and highest <= hard
    if not fits or (at_hard > 0) != (scopes > 0 and highest == hard):
        _refuse("meters", "its numbers contradict one another")


KNOWN: Final[Mapping[str, Callable[[Mapping[str, Any]], None]]] = {"meters": _meters}
"""Statements that this program reads, by the name of their field. Others are proven, and not read."""


def read_statement(name: str, value: bytes) -> dict[str, Any]:
    """A statement of a known name. Raises RecordError at `openings` where it is not of its form."""
    if len(value) > MAX_STATEMENT:
        _refuse(name, f"{len(value)} bytes are more than {MAX_STATEMENT}")
    found = parse(value, "openings", error=RecordError)
    try:
        exact = isinstance(found, dict) and dump(found) == value
    except InputError:  # a float, or an integer past 2**53 - 1
        exact = False
    if not exact:
        _refuse(name, "it is not an object in canonical JSON (RFC 8785)")
    if found.get("type") != f"brightline/{name}/v1":
        _refuse(name, f"its type is not brightline/{name}/v1")
    KNOWN[name](found)
    return dict(found)


def _members(value: Mapping[str, Any], name: str, counts: Sequence[str], marks: Sequence[str]) -> None:
    """Exactly these members and `type`; a count lies between 0 and 2**53 - 1, a mark is true or false."""
    if set(value) != {*counts, *marks, "type"}:
        _refuse(name, f"it does not hold exactly {', '.join(sorted((*counts, *marks)))} and type")
    for member in counts:
        if type(value[member]) is not int or not 0 <= value[member] <= MAX_SAFE:
            _refuse(name, f"{member} is not a count")
    for member in marks:
        if type(value[member]) is not bool:
            _refuse(name, f"{member} is not true or false")


def _refuse(name: str, text: str) -> Never:
    raise RecordError(f"the statement {name}: {text}", place="openings", cure="ask for the bundle again")
