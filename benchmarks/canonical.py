"""Canonical JSON and signatures: what an agreement, an envelope and a checkpoint cost."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.measure import Figure, microseconds
from brightline.canonical import dump, parse
from brightline.keys import SigningKey, seal, wrap_keys

USE = {
    "activity": "surv.bulk_analysis",
    "actor": "g2/analyst-7",
    "component": "army/g2",
    "model": "smollm2-135m-instruct",
    "facts": {
        "protected_persons": "bulk",
        "data_origin": "commercial_purchase",
        "place": "home",
        "legal_basis": "none",
    },
    "sources": {"data_origin": "attested"},
    "alternatives": [],
}


def run() -> Iterator[Figure]:
    written = dump(USE)
    key = SigningKey.new("bench", bytes(range(32)))
    public, message = key.public, bytes(200)
    signature = key.sign(message)
    yield Figure(f"dump a use of {len(written)} bytes", microseconds(lambda: dump(USE)), "µs")
    yield Figure("parse it, strictly", microseconds(lambda: parse(written)), "µs")
    yield Figure("sign 200 bytes (Ed25519)", microseconds(lambda: key.sign(message)), "µs")
    yield Figure("verify them", microseconds(lambda: public.verify(signature, message)), "µs")
    yield Figure("seal 1,500 bytes (AES-256-GCM, fresh key)", microseconds(lambda: seal(bytes(32), bytes(1500))), "µs")
    yield Figure("wrap 64 entry keys", microseconds(lambda: wrap_keys(bytes(32), bytes(64 * 32))), "µs")
