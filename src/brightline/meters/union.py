"""Counts of sites that have no link, put together inside the customer (E07); the vendor sees totals only.

Each site exports its meters under the key that all share. Hashes under a key that the vendor lacks still stay at home:
an export goes from site to customer, and what goes on from there is a `Summary`.

Exact: min(distinct persons of all sites, hard), of persons touched in the window before the merge, if every export was
made at that time. An export that is older lacks what its site did since: then the count is a lower bound, and so it is
where a site said of its own count that it was not known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from brightline.errors import InputError
from brightline.meters.key import HASH_BYTES, ID_BYTES
from brightline.meters.state import State
from brightline.meters.where import Scope, Window

MAX_EXPORT_BYTES = 256 << 20


@dataclass(frozen=True, slots=True)
class Export:
    """One site's meters at `time`: for each scope, persons by hash with the second in which each was touched last."""

    key: bytes
    window: Window
    time: int
    scopes: Mapping[Scope, Mapping[bytes, int]]
    unknown: frozenset[Scope] = frozenset()
    """Scopes of which the site itself does not know the whole count."""

    def to_bytes(self) -> bytes:
        """For a file that stays inside the customer."""
        window = (self.window.seconds, self.window.soft, self.window.hard, self.window.counted_by)
        scopes = [(scope, scope in self.unknown, list(seen.items())) for scope, seen in self.scopes.items()]
        return msgspec.msgpack.encode((self.key, window, self.time, scopes))

    @classmethod
    def from_bytes(cls, data: bytes, place: str = "export") -> Export:
        """The other way. Raises InputError naming `place`."""
        cure = "export it again at its site"
        if len(data) > MAX_EXPORT_BYTES:
            raise InputError(f"over {MAX_EXPORT_BYTES >> 20} MiB", place=place, cure=cure)
        try:
            key, window, time, scopes = _EXPORT.decode(data)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            raise InputError("no export of meters", place=place, cure=cure) from None
        sizes = {len(person) for *_, seen in scopes for person, _ in seen}
        if len(key) != ID_BYTES or not sizes <= {HASH_BYTES} or time < 0:
            raise InputError("no export of meters: a hash or a key has another length", place=place, cure=cure)
        told = {scope: dict(seen) for scope, _, seen in scopes}
        if len(told) < len(scopes):
            raise InputError("a scope stands twice in one export", place=place, cure=cure)
        unknown = frozenset(scope for scope, doubtful, _ in scopes if doubtful)
        return cls(key, Window(*window), time, told, unknown)


@dataclass(frozen=True, slots=True)
class Total:
    """Of one scope over all sites. `exact`: of min(persons, hard); else there may be more."""

    persons: int
    exact: bool


@dataclass(frozen=True, slots=True)
class Summary:
    """What may leave: how many scopes there are, how many reached each limit, and the highest count up to `hard`.
    No name, no hash."""

    sites: int
    scopes: int
    soft: int
    hard: int
    at_soft: int
    at_hard: int
    highest: int
    exact: bool

    def value(self) -> dict[str, Any]:
        """As the statement that an epoch makes of it."""
        return {"type": "brightline/meters/v1", **{name: getattr(self, name) for name in self.__slots__}}


def export(state: State, now: int = 0) -> Export:
    """A site's meters as they stand at `now`, or at their last event where that is later. Persons of open reservations
    are not in it: they were not touched yet."""
    time = max(state.time, now)
    since = time - state.window.seconds
    scopes = {
        scope: {person: time for person, time in counter.seen.items() if time > since}
        for scope, counter in state.counters.items()
    }
    unknown = frozenset(
        scope
        for scope, counter in state.counters.items()
        if counter.forgotten > since and len(scopes[scope]) < state.window.hard
    )
    return Export(state.key, state.window, time, scopes, unknown)


def merge(exports: Sequence[Export], now: int) -> dict[Scope, Total]:
    """Distinct persons by scope over all sites, counted at `now` or the latest export, whichever is later.

    Raises InputError where the sites did not count alike: another key would count everybody twice, in silence.
    """
    if not exports:
        raise InputError("no export to merge", place="exports", cure="name one for each site")
    first = exports[0]
    if any(other.key != first.key or other.window != first.window for other in exports):
        cure = "give every site the same meter secret and agreement, and export again"
        raise InputError("the sites count under different keys or windows", place="exports", cure=cure)
    now = max(now, *(export.time for export in exports))
    since, hard = now - first.window.seconds, first.window.hard
    fresh = all(export.time == now for export in exports)
    totals = {}
    for scope in sorted({scope for export in exports for scope in export.scopes}, key=repr):
        seen = [export.scopes[scope] for export in exports if scope in export.scopes]
        persons = {person for site in seen for person, time in site.items() if time > since}
        whole = fresh and not any(scope in export.unknown for export in exports)
        totals[scope] = Total(len(persons), whole or len(persons) >= hard)
    return totals


def summary(exports: Sequence[Export], totals: Mapping[Scope, Total]) -> Summary:
    """What the vendor may see of a merge."""
    window, counts = exports[0].window, [total.persons for total in totals.values()]
    return Summary(
        sites=len(exports),
        scopes=len(totals),
        soft=window.soft,
        hard=window.hard,
        at_soft=sum(count >= window.soft for count in counts),
        at_hard=sum(count >= window.hard for count in counts),
        highest=min(max(counts, default=0), window.hard),
        exact=all(total.exact for total in totals.values()),
    )


def bounds(counts: Iterable[int]) -> tuple[int, int]:
    """What several sites' counts of one scope say without their hashes: at least so many distinct persons, at most so
    many. Where the limit lies between, only a merge inside the customer can tell."""
    known = list(counts)
    return max(known, default=0), sum(known)


_Scope = tuple[str | None, str | None, str | None, str | None]
_EXPORT: msgspec.msgpack.Decoder[Any] = msgspec.msgpack.Decoder(
    tuple[
        bytes,
        tuple[int, int, int, tuple[tuple[str, ...], ...]],
        int,
        list[tuple[_Scope, bool, list[tuple[bytes, int]]]],
    ]
)
