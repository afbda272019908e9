"""Long runs, and whether memory stays flat.

Resident memory of the gateway process before and after the calls, which run over 32 kept connections. A million calls:
`python -m benchmarks.load 1000000`.
"""

from __future__ import annotations

import multiprocessing
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import SHORT, Figure
from benchmarks.stage import agree, governed
from benchmarks.traffic import load, serve_mock

CALLS = 2_000 if SHORT else 50_000
WARM = 5_000  # calls before the first reading: caches and pools have their size then
PORTIONS = 10


def run(calls: int = CALLS) -> Iterator[Figure]:
    """`calls` governed calls; the processes are gone afterwards."""
    context = multiprocessing.get_context("spawn")
    near, far = context.Pipe()
    mock = context.Process(target=serve_mock, args=(far,), daemon=True)
    mock.start()
    try:
        with tempfile.TemporaryDirectory() as folder:
            agree(Path(folder))
            with governed(Path(folder), near.recv()) as gateway:
                load(gateway.target, min(WARM, calls))
                readings, began = [_resident(gateway.pid)], time.perf_counter()
                for _ in range(PORTIONS):
                    load(gateway.target, calls // PORTIONS)
                    readings.append(_resident(gateway.pid))
                spent = time.perf_counter() - began
    finally:
        near.send(None)
        mock.join(10)
    yield Figure(f"resident memory after {min(WARM, calls):,} calls", readings[0] / (1 << 20), "MiB")
    yield Figure(f"the same after {calls:,} more", readings[-1] / (1 << 20), "MiB")
    yield Figure("growth a call", (readings[-1] - readings[0]) / calls, "bytes", note=f"{calls / spent:,.0f} calls/s")


def _resident(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("no VmRSS: this benchmark needs Linux")


if __name__ == "__main__":
    for figure in run(int(sys.argv[1]) if len(sys.argv) > 1 else CALLS):
        print(figure, flush=True)
