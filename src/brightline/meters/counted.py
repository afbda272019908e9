"""Whom a use names, and how they were counted: a small value that the record keeps beside the reading."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

MAX_PERSONS = 100_000
"""Distinct persons of one use that are told apart; there may be more, and no hard limit is higher."""


class How(StrEnum):
    """In which form persons stood."""

    GIVEN = "given"  # by a registry or a person, not by content
    ROWS = "rows"  # of tables and of JSON arrays
    FIELDS = "fields"  # of tool arguments or JSON, by the names that the schema's owner gave
    LIST = "list"  # items, one to a line or between separators
    IDENTIFIERS = "identifiers"  # found in prose: evidence that is flagged as such
    UNCOUNTABLE = "uncountable"  # content in which nobody could be counted: the reading is `missing`


@dataclass(frozen=True, slots=True)
class Counted:
    """Distinct identifiers in order of first sight, at most MAX_PERSONS; `ways`: how many were first seen which way."""

    persons: tuple[str, ...] = ()
    ways: Mapping[How, int] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """False where something could not be counted: then the meter is missing, whatever else was counted."""
        return How.UNCOUNTABLE not in self.ways

    @property
    def by_prose(self) -> bool:
        """Does the count rest on identifiers found in prose?"""
        return How.IDENTIFIERS in self.ways

    def to_bytes(self) -> bytes:
        """For a private field of the record: `rows=50000 identifiers=3`."""
        return " ".join(f"{how}={self.ways[how]}" for how in How if how in self.ways).encode()


NOBODY = Counted()


def given(persons: Iterable[str]) -> Counted:
    """Persons whom the caller of this function knows."""
    found = tuple(dict.fromkeys(persons))[:MAX_PERSONS]
    return Counted(found, {How.GIVEN: len(found)})


def together(parts: Iterable[Counted]) -> Counted:
    """The persons of all parts, each once, and all the ways: a call's messages, or its arguments and its answer."""
    persons: dict[str, None] = {}
    ways: dict[How, int] = {}
    for part in parts:
        persons.update(dict.fromkeys(part.persons))
        for how, count in part.ways.items():
            ways[how] = ways.get(how, 0) + count
    return Counted(tuple(persons)[:MAX_PERSONS], ways)
