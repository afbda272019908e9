"""tlog-witness over HTTP: a published log, a witness, and what happens when the log shows two histories."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from brightline.assurance.verify import verify
from brightline.assurance.witness import Answer, Witness
from brightline.errors import InputError
from brightline.gateway.wire import Limits, Upstream, serve
from brightline.gateway.witnesses import answering, ask
from brightline.keys import SigningKey, WitnessKey
from brightline.record.entry import OutcomeCode
from brightline.record.log import Disclosure
from brightline.storage.published import Published
from brightline.storage.record import Record
from brightline.storage.witness import WitnessFolder
from tests.agreement.founding import KEYS
from tests.assurance.records import LOG_KEY, NOON, ORIGIN, decision, founding, good
from tests.assurance.records import Evidence as Made

W1 = SigningKey.new("witness.example/w1", bytes([21]) * 32)


def grow(folder: Path, calls: int) -> None:
    record = Record.open(folder, LOG_KEY, bytes(32), Disclosure(), clock=lambda: float(NOON))
    for _ in range(calls):
        record.write([decision(OutcomeCode.DENY)])
    record.journal.publish()
    record.close()


async def asked(state: Path, log: Path, said: list[Answer] | None = None) -> bytes:
    witness = Witness(W1, {ORIGIN: LOG_KEY.public})
    with WitnessFolder(state, witness) as folder:
        server = await serve(answering(folder, (said if said is not None else []).append), "127.0.0.1", 0, Limits())
        upstream = Upstream(f"http://127.0.0.1:{server.address[1]}")
        try:
            return await ask(upstream, Published(log), WitnessKey(W1.public))
        finally:
            upstream.close()
            await server.drain(1)


def test_a_log_is_witnessed_as_it_grows_and_the_bundle_shows_it(tmp_path: Path) -> None:
    for calls in (3, 260, 40, 300):
        grow(tmp_path / "r", calls)
        made = asyncio.run(asked(tmp_path / "w", tmp_path / "r" / "log"))
        Published(tmp_path / "r" / "log").keep_witnessed(made)
    grow(tmp_path / "r", 7)
    published = Published.witnessed(tmp_path / "r" / "log")
    assert published.size < Published(tmp_path / "r" / "log").size
    evidence = Made(b"".join(published.entries()), founding())
    plain = evidence.note
    made = published.checkpoint
    bundle = evidence.bundle.replace(
        b"checkpoint %d\n%b" % (len(plain), plain), b"checkpoint %d\n%b" % (len(made), made)
    )
    result = verify(bundle, good().file, KEYS, witnesses=[WitnessKey(W1.public)])
    assert result.verified
    assert "cosigned by witness.example/w1" in result.steps[2].text


def test_a_log_that_was_rolled_back_is_told_by_its_witness(tmp_path: Path) -> None:
    grow(tmp_path / "r", 300)
    asyncio.run(asked(tmp_path / "w", tmp_path / "r" / "log"))
    grow(tmp_path / "other", 20)
    with pytest.raises(InputError, match="rolled back"):
        asyncio.run(asked(tmp_path / "w", tmp_path / "other" / "log"))


def test_a_fork_is_not_cosigned(tmp_path: Path) -> None:
    grow(tmp_path / "r", 300)
    asyncio.run(asked(tmp_path / "w", tmp_path / "r" / "log"))
    grow(tmp_path / "other", 400)
    said: list[Answer] = []
    with pytest.raises(InputError, match="it answered 422"):
        asyncio.run(asked(tmp_path / "w", tmp_path / "other" / "log", said))
    assert [int(a.status) for a in said] == [409, 422]
