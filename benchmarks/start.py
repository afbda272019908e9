"""Start-up and memory of the real gateway, with a model server elsewhere.

From `brightline serve` to its ready line, on an empty record; resident memory then, and after 100,000 governed calls
of 1.5 KB over 32 connections; and the start again on the record that these left, all of which it reads and checks.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.gateways import mock
from benchmarks.machine import memory, tree
from benchmarks.measure import SHORT, Figure, of_rounds
from benchmarks.stage import agree, governed
from benchmarks.traffic import load

CALLS = 2_000 if SHORT else 100_000


def run() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory(prefix="brightline-bench-") as name, mock() as upstream:
        folder = Path(name)
        agree(folder)
        times = []
        for _ in range(4):  # the first fills the disk's cache
            with governed(folder, upstream) as gateway:
                times.append(gateway.ready_seconds)
        yield of_rounds("to the ready line, a record of a few entries", times[1:], "s")
        with governed(folder, upstream) as gateway:
            pids = tree(gateway.pid)
            yield Figure("memory at rest", memory(pids), "MB")
            load(gateway.target, CALLS // 10)
            yield Figure(f"memory after {CALLS // 10:,} calls", memory(pids), "MB")
            load(gateway.target, CALLS - CALLS // 10)
            yield Figure(f"memory after {CALLS:,} calls", memory(pids), "MB")
        with governed(folder, upstream) as gateway:
            yield Figure(f"to the ready line, a record of {2 * CALLS:,} entries", gateway.ready_seconds, "s")
