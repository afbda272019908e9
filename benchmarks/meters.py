"""Meters: what counting persons and money adds to a use that the terms meter.

Two scopes, as by default; `recorded` means that the events are made into the two batches that the record keeps.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

from benchmarks.measure import Figure, microseconds
from brightline.meters import (
    Budget,
    MeterKey,
    Meters,
    Price,
    Where,
    Window,
    count_arguments,
    count_text,
    given,
    replay,
)
from brightline.meters.persons import PersonFields

KEY = MeterKey(bytes(32), "sha256:" + "0" * 64)
WHERE = Where("look-up", "adtech", "army/g2", "army")
NAMES = [f"Ann{i} Lee{i}" for i in range(50_000)]
ARGUMENTS = '{"name": "Ann Lee", "since": "2024-01-01"}'


def run() -> Iterator[Figure]:
    yield Figure("count the arguments of a look-up", microseconds(_arguments), "µs")
    yield Figure("reserve and settle one person, recorded", microseconds(_one(full=False)), "µs")
    yield Figure("the same, 499 persons in the window", microseconds(_one(full=True)), "µs")
    yield Figure("reserve and settle money, recorded", microseconds(_money()), "µs")
    text, table = "\n".join(NAMES), json.dumps([{"name": name} for name in NAMES])
    yield Figure("count 50,000 lines of text", microseconds(lambda: count_text(text)) / 1000, "ms")
    yield Figure("count 50,000 JSON objects", microseconds(lambda: count_text(table)) / 1000, "ms")
    yield Figure("reserve and release 50,000 persons", microseconds(_many()) / 1000, "ms")
    batches = _batches(10_000)
    yield Figure("rebuild from 10,000 uses", microseconds(lambda: replay(batches)) / 1000, "ms")
    yield Figure("bytes in the record for one person's use", sum(map(len, batches[1:])) / 10_000, "bytes")


def _arguments() -> object:
    return count_arguments(ARGUMENTS, PersonFields((("name",),)))


def _one(*, full: bool) -> Callable[[], object]:
    meters = Meters.begin(KEY, Window(), 0)
    if full:
        meters.settle(meters.reserve(WHERE, given(NAMES[:498]), 0), 0)
    person = given(["Ann Lee"])

    def use() -> None:
        reservation = meters.reserve(WHERE, person, 1)
        meters.events()
        meters.settle(reservation, 1)
        meters.events()

    return use


def _money() -> Callable[[], object]:
    budget = Budget()
    budget.price("m", Price.of("2.50", "10"))
    budget.fund(2 * 10**14, 2 * 10**14)

    def call() -> None:
        hold = budget.reserve("m", "army/g2", 1500, 500)
        budget.events()
        budget.settle(hold, 400, 100)
        budget.events()

    return call


def _many() -> Callable[[], object]:
    meters, persons = Meters.begin(KEY, Window(), 0), given(NAMES)

    def use() -> None:
        meters.release(meters.reserve(WHERE, persons, 1), 1)
        meters.events()

    return use


def _batches(uses: int) -> list[bytes]:
    meters = Meters.begin(KEY, Window(), 0)
    out = [meters.events()]
    for i in range(uses):
        reservation = meters.reserve(WHERE, given([NAMES[i % 400]]), i)
        out.append(meters.events())
        meters.settle(reservation, i)
        out.append(meters.events())
    return out
