"""The four paths of the real SDKs to real tokens: two APIs, streamed or not, through `serve` and the embedded model."""

from __future__ import annotations

import asyncio
from pathlib import Path

from brightline.agreement import Disclosure, Model
from brightline.models import EmbeddedModel
from brightline.record import body as bodies
from brightline.record.body import OutcomeBody, OutcomeStatus
from brightline.record.entry import Entry, Flag, Kind, OutcomeCode
from tests.live.clients import (
    Ledger,
    anthropic_call,
    anthropic_client,
    assert_recorded,
    openai_call,
    openai_client,
    settled,
)
from tests.live.stage import agreed, make_site, serving

PATHS = 4
WEIGHTS = EmbeddedModel.weights


async def test_one_decision_and_real_tokens_on_every_path(tmp_path: Path) -> None:
    ledger = Ledger()
    model = Model(name="tiny", digest=WEIGHTS.digest, family=WEIGHTS.family, variant=WEIGHTS.variant)
    # Tokens are told to the unit, so that what is recorded can be compared with what came.
    paper = agreed(models=(model,), disclosure=Disclosure(time_seconds=1, tokens=1))
    site = make_site(tmp_path, "embedded", paper=paper, models="", top="oracle_share = 1.0")
    async with (
        serving(site) as gateway,
        openai_client(gateway.url) as chat,
        anthropic_client(gateway.url) as messages,
    ):
        for purpose in ("note", "deny"):
            await asyncio.gather(
                openai_call(chat, ledger, stream=False, purpose=purpose),
                openai_call(chat, ledger, stream=True, purpose=purpose),
                anthropic_call(messages, ledger, stream=False, purpose=purpose),
                anthropic_call(messages, ledger, stream=True, purpose=purpose),
            )
        assert await gateway.stop() == 0
    assert [seen.status for seen in ledger.seen] == [200] * PATHS + [403] * PATHS
    entries = site.entries()
    assert_recorded(ledger, entries)
    # 1. the same decision on every path: by the same clauses, with the same duties, flags and activity
    for answered in (ledger.seen[:PATHS], ledger.seen[PATHS:]):
        decisions = {decided(entries[seen.index or 0]) for seen in answered}
        assert len(decisions) == 1, decisions
    # 2. real tokens came, and were recorded as the model server counted them
    assert set(settled(entries).values()) == {OutcomeStatus.COMPLETED}
    ends = [entry for entry in entries if entry.kind == Kind.OUTCOME]
    assert len(ends) == PATHS
    for entry in ends:
        body = bodies.unpack(Kind.OUTCOME, entry.body)
        assert isinstance(body, OutcomeBody)
        assert 0 < body.output_tokens <= 16
        assert body.input_tokens > 0
        assert not entry.flags & Flag.ESTIMATED
    assert all(seen.body for seen in ledger.seen[:PATHS])
    totals = site.verified("evidence.bundle")["totals"]
    assert totals["outcomes"] == {"permit": PATHS, "hold": 0, "ask": 0, "deny": PATHS}
    assert totals["tokens"]["output"] > 0


def decided(entry: Entry) -> tuple[object, ...]:
    """What was decided, without what differs between paths: their API, whether they stream, and their content."""
    body = bodies.unpack(Kind.DECISION, entry.body)
    assert isinstance(body, bodies.DecisionBody)
    assert entry.outcome in (OutcomeCode.PERMIT, OutcomeCode.DENY)
    return entry.outcome, entry.activity, entry.clauses, entry.flags & ~Flag.STREAMED, body._replace(api=0), entry.model
