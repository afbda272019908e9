"""What it costs to verify an evidence bundle, per million entries, and how much memory beside the file."""

from __future__ import annotations

import tempfile
import time
import tracemalloc
from collections.abc import Iterator
from datetime import date

from benchmarks.measure import SHORT, Figure, of_rounds
from brightline.agreement import Agreement, Keys, Log, Parties, Party, Terms
from brightline.assurance.export import export
from brightline.assurance.verify import verify
from brightline.keys import SigningKey
from brightline.record import checkpoint
from brightline.record.body import DecisionBody, OutcomeBody, OutcomeStatus
from brightline.record.entry import OutcomeCode
from brightline.record.log import Disclosure, Draft
from brightline.record.log import Log as RecordLog
from brightline.record.merkle import Tree, hash_leaves
from brightline.vocabulary import SHIPPED, module

VENDOR, CUSTOMER, LOG = (SigningKey.new(n, bytes([i]) * 32) for i, n in enumerate(("vendor", "customer", "log")))
CLAUSES = "".join(f'@id("K{i}") permit (principal, action, resource);\n' for i in range(15))
TERMS = bytes([7]) * 32
CALLS, ROUNDS = (26_000, 3) if SHORT else (526_000, 5)  # 1.9 entries a call


def run() -> Iterator[Figure]:
    agreement = _agreement()
    file = agreement.envelope().signed(VENDOR).signed(CUSTOMER).to_bytes()
    keys = Keys(vendor=VENDOR.public, customer=CUSTOMER.public)
    log, entries = _log()
    note = bytes(checkpoint.sign(log.checkpoint(), LOG))
    millions = log.size / 1e6
    with tempfile.TemporaryFile() as bundle:
        for piece in export(file, note, [entries]):
            bundle.write(piece)
        spent, peak = [], 0.0
        for _ in range(ROUNDS):
            bundle.seek(0)
            start = time.process_time()
            assert verify(bundle, file, keys).verified
            spent.append(time.process_time() - start)
        bundle.seek(0)
        tracemalloc.start()
        verify(bundle, file, keys)
        peak = tracemalloc.get_traced_memory()[1] / 2**20
        tracemalloc.stop()
    yield of_rounds(f"verify {log.size:,} entries, a million", [s / millions for s in spent], "s", 1.5)
    yield of_rounds("of that, the Merkle tree alone", [s / millions for s in _tree(entries)], "s")
    yield Figure(f"peak memory, a file of {len(entries) / 2**20:.0f} MiB", peak, "MiB")


def _tree(entries: bytes) -> list[float]:
    """Seconds for nothing but the hashes."""
    spent = []
    for _ in range(ROUNDS):
        tree, start = Tree(), time.process_time()
        for at in range(0, len(entries), 1 << 22):
            tree.extend(hash_leaves(entries[at : at + (1 << 22)], 256))
        tree.root()
        spent.append(time.process_time() - start)
    return spent


def _agreement() -> Agreement:
    return Agreement(
        title="Benchmark",
        parties=Parties(
            vendor=Party(name="Vendor", key=VENDOR.public), customer=Party(name="Customer", key=CUSTOMER.public)
        ),
        terms=Terms(digest=f"sha256:{TERMS.hex()}", files={"terms.cedar": CLAUSES}),
        vocabulary={name: module(name).digest for name in SHIPPED},
        begins=date(2026, 1, 1),
        logs=(Log(origin=LOG.name, key=LOG.public),),
    )


def _log() -> tuple[RecordLog, bytes]:
    """Nine calls in ten permitted with an outcome, one denied; batches of 64 calls."""
    log, data = RecordLog(LOG.name, Disclosure()), bytearray()
    fields = (("content", bytes(200)),)
    for at in range(0, CALLS, 64):
        batch = log.batch(1_796_126_400 + at // 100)
        for i in range(at, at + 64):
            code = OutcomeCode.DENY if i % 10 == 9 else OutcomeCode.PERMIT
            index = batch.add(Draft(DecisionBody(), i % 38 + 1, code, 0, 5, TERMS, fields=fields), bytes(32))
            if code is OutcomeCode.PERMIT:
                batch.add(Draft(OutcomeBody(index, OutcomeStatus.COMPLETED, i % 4000, i % 700), terms=TERMS), bytes(32))
        log.commit(batch, batch.data())
        data += batch.data()
    return log, bytes(data)
