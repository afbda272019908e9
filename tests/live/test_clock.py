"""A clock that jumps, back or forward, while the gateway runs or between two lives of it: the log stays lawful."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from brightline.assurance.export import export
from brightline.assurance.verify import verify
from brightline.gateway.standing import Standing
from brightline.gateway.standing import agreed as standing_of
from brightline.record import entry
from brightline.record.body import Act, Api, DecisionBody, OutcomeBody, OutcomeStatus
from brightline.record.entry import OutcomeCode
from brightline.record.log import Disclosure, Draft
from brightline.storage.published import Published
from brightline.storage.record import Receipt, Record
from tests.agreement.founding import CUSTOMER, KEYS, VENDOR, signed
from tests.live.stage import LOG_KEY, MODEL, SITE_KEY, agreed
from tests.storage.faults import FaultyDisk

NOON = 1_796_126_400.0  # 2026-12-01T12:00:00Z
PAPER = agreed()
STANDING: Standing = standing_of(PAPER)
FILE = signed(PAPER, VENDOR, CUSTOMER).to_bytes()

jumps = st.lists(st.floats(-3e9, 3e9) | st.sampled_from([0.0, -1.0, 61.0, -86_400.0, 1e12]), min_size=2, max_size=12)


@settings(max_examples=30)
@given(st.lists(jumps, min_size=1, max_size=3))
def test_evidence_verifies_whatever_the_clock_did(lives: list[list[float]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for life in lives:
            record = _opened(Path(folder), _readings(life))
            for _ in life:
                [receipt] = record.write([decision()])
                assert isinstance(receipt, Receipt)
                record.write([Draft(OutcomeBody(receipt.index, OutcomeStatus.COMPLETED), terms=_terms())])
            record.journal.publish()
            record.close()
        published = Published(Path(folder) / "log")
        bundle = b"".join(export(FILE, published.checkpoint, published.entries()))
    result = verify(io.BytesIO(bundle), FILE, KEYS)
    assert result.verified, [step for step in result.steps if not step.ok]
    assert published.size == 1 + 2 * sum(map(len, lives))


def test_the_time_goes_on_where_the_clock_does(tmp_path: Path) -> None:
    """Where the clock was a day ahead, times stand still until it has caught up, and then go on."""
    clock = iter([NOON, NOON + 86_400, NOON + 60, NOON + 86_340, NOON + 86_460])
    record = _opened(tmp_path, clock)
    for _ in range(5):
        record.write([decision()])
    times = [entry.unpack(record.journal.read(i, i + 1)).time - NOON for i in range(1, 6)]
    record.close()
    assert times == [0, 86_400, 86_400, 86_400, 86_460]


def _opened(folder: Path, clock: Iterator[float]) -> Record:
    disk = FaultyDisk()  # without a fault: only faster, since it syncs nothing
    return Record.open(folder, LOG_KEY, SITE_KEY, Disclosure(), disk=disk, clock=clock.__next__)


def _readings(jumps: list[float]) -> Iterator[float]:
    now = NOON
    for jump in jumps:
        now += jump
        yield now
        yield now


def decision() -> Draft:
    model = STANDING.model_digest(MODEL)
    assert model is not None
    body = DecisionBody(api=Api.OPENAI_CHAT, act=Act.MODEL_CALL)
    activity = STANDING.pack.terms.scope.vocabulary.ranks["gen.office"]
    fields = (("content", b"x"),)
    return Draft(body, activity, OutcomeCode.PERMIT, clauses=1, terms=_terms(), model=model, fields=fields)


def _terms() -> bytes:
    return STANDING.terms_digest
