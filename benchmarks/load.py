"""Long runs, and whether memory stays flat.

`python -m benchmarks.load calls 1000000`: governed calls over 120 kept connections.
`python -m benchmarks.load streams 10000`: governed streams of 100 chunks, 1,000 at once.
Resident memory of the gateway process is read before the run and after each tenth of it.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.gateways import mock
from benchmarks.machine import cpu_seconds, memory
from benchmarks.measure import Figure
from benchmarks.stage import agree, governed
from benchmarks.traffic import load

AT_ONCE = {"calls": 120, "streams": 1_000}
WARM = 5_000  # calls before the first reading: caches and pools have their size then
PORTIONS = 10


def run(what: str, count: int) -> Iterator[Figure]:
    """`count` governed calls or streams; the processes are gone afterwards."""
    stream, at_once = what == "streams", AT_ONCE[what]
    with tempfile.TemporaryDirectory(prefix="brightline-bench-") as folder, mock() as upstream:
        agree(Path(folder))
        with governed(Path(folder), upstream, calls=2 * at_once) as gateway:
            load(gateway.target, at_once if stream else min(WARM, count), stream=stream, connections=at_once)
            yield Figure("resident memory, warm", memory([gateway.pid]), "MB")
            began, spent = time.perf_counter(), cpu_seconds([gateway.pid])
            for done in range(1, PORTIONS + 1):
                load(gateway.target, count // PORTIONS, stream=stream, connections=at_once)
                yield Figure(f"after {done * count // PORTIONS:,} {what}", memory([gateway.pid]), "MB")
            spent, took = cpu_seconds([gateway.pid]) - spent, time.perf_counter() - began
            yield Figure(f"CPU of one of the {what}", spent / count * 1e6, "µs", note=f"{count / took:,.0f} a second")


if __name__ == "__main__":
    for figure in run(sys.argv[1], int(sys.argv[2])):
        print(figure, flush=True)
