"""Tool calls are counted by their arguments, in the fields that the tool's owner named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from brightline.gateway.config import ToolConfig
from brightline.gateway.metered import Metered
from brightline.gateway.tools import digest_of
from brightline.gateway.watch_config import MetersConfig, WatchConfig
from brightline.gateway.wire import Reply, Request
from brightline.meters import MeterKey, Meters, PersonFields, Window
from brightline.record.body import Act, DecisionBody
from brightline.record.entry import OutcomeCode
from tests.gateway.calling import MESSAGES, Asks, asked, calling, definition
from tests.gateway.plain import post
from tests.gateway.stage import TERMS, Stage, stage

SOFT = 3
CLAUSES = (
    TERMS
    + f"""
@id("M1") @title("Many need a person") @text("From {SOFT} persons on an officer decides.") @source("test")
forbid (principal, action == Action::"surv.person_track", resource)
when {{ context.distinct_persons >= {SOFT} || context.meter == "missing" }}
unless {{ context.approvals.contains("privacy_officer") }};
"""
)
FIND = ToolConfig(
    "find", digest_of(definition("find", MESSAGES)), "informational", "read", "execute", "surv.person_track"
)


def meters() -> Metered:
    settings = MetersConfig(Path(), persons={"find": PersonFields((("subject",),))})
    counting = Meters.begin(MeterKey(b"s" * 32, ""), Window(soft=SOFT, hard=2 * SOFT), 0)
    return Metered(counting, None, frozenset(("surv.person_track",)), WatchConfig(meters=settings))


def tools(s: Stage) -> list[tuple[int, bytes]]:
    """Outcome and how it was counted, of each tool call."""
    made = [d for d in s.recorder.drafts if isinstance(d.body, DecisionBody) and d.body.act == Act.TOOL_CALL]
    return [(d.outcome, dict(d.fields)["counted"]) for d in made]


@pytest.mark.parametrize("stream", [False, True])
async def test_the_named_field_counts_and_what_is_held_gives_its_persons_back(stream: bool) -> None:
    async def ask(*subjects: list[str]) -> list[tuple[int, bytes]]:
        s.recorder.drafts.clear()
        calls = [Asks(f"c{n}", "find", json.dumps({"subject": who, "case": f"{n}"})) for n, who in enumerate(subjects)]
        script[0] = calling(*calls)
        await post(s.url, asked(MESSAGES, stream=stream, tools=("find",)), MESSAGES)
        return tools(s)

    script = [calling()]
    metered = meters()

    async def model(request: Request, reply: Reply) -> None:
        await script[0](request, reply)

    async with stage(model, terms=CLAUSES, tools={"find": FIND}, metered=metered) as s:
        assert await ask(["Ann"], ["Ann"]) == [(OutcomeCode.PERMIT, b"fields=1")] * 2
        # of two calls in one answer the second crosses; nothing leaves, so neither person was touched
        assert [o for o, _ in await ask(["Bob"], ["Cid"])] == [OutcomeCode.PERMIT, OutcomeCode.HOLD]
        assert [o for o, _ in await ask(["Dan"])] == [OutcomeCode.PERMIT]
        assert [o for o, _ in await ask(["Eve"])] == [OutcomeCode.HOLD]
        assert [o for o, _ in await ask(["Ann", "Dan"])] == [OutcomeCode.PERMIT]
        assert metered.meters is not None
        assert not metered.meters.open
