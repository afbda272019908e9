"""Durable records a second, by how many share a batch.

One thread, wall time: entries made, hashed, signed, written and synced. The log alone; then with the private side of a
call as the gateway writes it (content of 1.5 KB and 12 more fields committed to, sealed, synced before the entry).
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from statistics import median

from benchmarks.measure import SHORT, Figure, of_rounds
from brightline.keys import SigningKey
from brightline.record.body import Act, Api, DecisionBody, OutcomeBody, OutcomeStatus
from brightline.record.entry import Flag, OutcomeCode
from brightline.record.log import Disclosure, Draft
from brightline.storage.record import Receipt, Record

SIZES, ROUNDS, SECONDS = (1, 16, 64, 256, 1024), 3 if SHORT else 9, 0.05 if SHORT else 0.3
_FACTS = ("actuation", "approval_tempo", "integrity", "meter", "screen", "end_user", "phase", "place", "dataset")
_FIELDS = (
    ("content", bytes(1500)),
    ("actor", b"g2/analyst-7"),
    ("component", b"army/g2"),
    ("purpose", b"ordinary"),
    *((f"fact.{name}", b"not_screened observed") for name in _FACTS),
)


def run() -> Iterator[Figure]:
    """Sizes in turns, so that noise hits all alike."""
    with tempfile.TemporaryDirectory(prefix="brightline-bench-") as folder:
        yield Figure(f"one fdatasync of 4 KB here, alone ({_file_system(folder)})", _sync(Path(folder)), "µs")
        for name, fields in (("log alone", ()), ("with the private side", _FIELDS)):
            key = SigningKey.new("bench.example/log", bytes(range(32)))
            record = Record.open(Path(folder) / name.replace(" ", "-"), key, bytes(32), Disclosure())
            rounds: dict[int, list[tuple[float, float]]] = {size: [] for size in SIZES}
            for size in SIZES * (ROUNDS + 1):  # the first is the warm-up
                rounds[size].append(_a_second(record, size, fields))
            record.close()
            for size, figures in rounds.items():
                budget = 100_000 if size == 64 and not fields else None
                speeds, spent = zip(*figures[1:], strict=True)
                made = of_rounds(f"{name}, batches of {size}", speeds, "/s", budget, f"{median(spent):.3g} µs CPU each")
                yield replace(made, at_least=True)


def _a_second(record: Record, size: int, fields: tuple[tuple[str, bytes], ...]) -> tuple[float, float]:
    """Records a second, and µs of CPU for one: decisions that permit, and their outcomes."""
    decision = Draft(
        DecisionBody(api=Api.OPENAI_CHAT, act=Act.MODEL_CALL),
        1, OutcomeCode.PERMIT, Flag.NOT_SCREENED, 5, bytes(range(32)), bytes(range(1, 33)), fields,
    )  # fmt: skip
    answer = (("answer", bytes(500)),) if fields else ()
    open_, count, began, cpu = list[int](), 0, time.perf_counter(), time.process_time()
    while (spent := time.perf_counter() - began) < SECONDS:
        settled, open_ = open_[:size], open_[size:]
        drafts = [
            Draft(OutcomeBody(index, OutcomeStatus.COMPLETED, 300, 100), terms=bytes(range(32)), fields=answer)
            for index in settled
        ] or [decision] * size
        receipts = record.write(drafts)
        if not settled:
            open_ += [r.index for r in receipts if isinstance(r, Receipt)]
        count += len(receipts)
    return count / spent, (time.process_time() - cpu) / count * 1e6


def _sync(folder: Path) -> float:
    fd = os.open(folder / "sync", os.O_RDWR | os.O_CREAT)
    os.pwrite(fd, bytes(1 << 20), 0)
    os.fdatasync(fd)
    times = []
    for at in range(200):
        os.pwrite(fd, os.urandom(4096), at * 4096)
        began = time.perf_counter()
        os.fdatasync(fd)
        times.append(time.perf_counter() - began)
    os.close(fd)
    return sorted(times)[100] * 1e6


def _file_system(folder: str) -> str:
    """The type of the file system that holds `folder`."""
    mounts = [line.split()[1:3] for line in Path("/proc/mounts").read_text().splitlines()]
    under = [(point, kind) for point, kind in mounts if f"{folder}/".startswith(point.rstrip("/") + "/")]
    return max(under, key=lambda pair: len(pair[0]), default=("", "unknown"))[1]
