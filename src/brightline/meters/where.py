"""Where a use counts, and over what window: the words that an agreement gives its meters.

A person is counted once in each *scope* that a use falls into. By default there are two:

    purpose + dataset + organisation   forty accounts and three components of one organisation are one purpose (E02)
    purpose + component                one purpose over many data sets is one purpose (K5 of the compromise)

Law: no account, key or caller is part of a scope. Names are registered names: whatever a caller may make up would give
the caller a fresh meter.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from brightline.errors import InputError

DAY = 86_400
MAX_HARD = 100_000
"""The highest hard limit: a meter keeps that many hashes for each scope."""
MAX_NAME = 200


class Where(NamedTuple):
    """Registered names; empty where a use has none."""

    purpose: str
    dataset: str = ""
    component: str = ""
    organisation: str = ""


Scope: TypeAlias = tuple[str | None, ...]
"""As Where, with None for what the scope does not tell apart."""

COUNTED_BY = (("purpose", "dataset", "organisation"), ("purpose", "component"))


@dataclass(frozen=True, slots=True)
class Window:
    """`seconds` that a touched person stays counted; `soft` and `hard`: the numbers that the terms ask about.

    The meter decides nothing: it counts exactly up to `hard`, which must therefore be the highest number with which
    any clause compares (`meters.limits.limits_of`). Raises InputError where it makes no sense.
    """

    seconds: int = 30 * DAY
    soft: int = 100
    hard: int = 500
    counted_by: tuple[tuple[str, ...], ...] = COUNTED_BY
    _places: tuple[tuple[bool, ...], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not 1 <= self.seconds <= 3_660 * DAY:
            raise InputError("a window lasts from one second to ten years", place="window.seconds", cure="30 days")
        if not 1 <= self.soft <= self.hard <= MAX_HARD:
            cure = f"use whole numbers with 1 <= soft <= hard <= {MAX_HARD}"
            raise InputError("limits that cannot be counted", place="window.hard", cure=cure)
        for axes in self.counted_by:
            if "purpose" not in axes or not set(axes) <= set(Where._fields):
                cure = f"name `purpose` and any of {', '.join(Where._fields[1:])}"
                raise InputError("a scope that is none", place="window.counted_by", cure=cure)
        if not self.counted_by:
            raise InputError("nothing would be counted", place="window.counted_by", cure="name at least one scope")
        places = tuple(tuple(name in axes for name in Where._fields) for axes in self.counted_by)
        object.__setattr__(self, "_places", places)

    def scopes(self, where: Where) -> tuple[Scope, ...]:
        """The scopes that a use at `where` counts in. Raises InputError where a name is none."""
        for name in where:
            if len(name) > MAX_NAME:
                raise InputError("a name that is too long", place="meter", cure=f"register at most {MAX_NAME} letters")
        return tuple(
            tuple(name if told else None for name, told in zip(where, places, strict=True)) for places in self._places
        )
