"""One decision on every path (DESIGN section 5), through a real `brightline serve` with its screen and its meters.

Each case is asked of one gateway through every API, whole and streamed, with arguments whole, by the letter and cut at
random, by both SDKs, agents of a framework as they come, and MCP. Every path must leave one and the same record: kind,
activity, outcome, clauses, what is missing, facts with their sources; only API and streaming may differ.
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import mcp_types as types

from brightline.gateway.tools import digest_of
from brightline.gateway.wire import Reply, Request
from brightline.record import body as bodies
from brightline.record.body import Act, DecisionBody
from brightline.record.entry import Entry, Flag, Kind, OutcomeCode
from tests.gateway import scripts
from tests.gateway.calling import EVENTS, MESSAGES, WHOLE, Asks
from tests.gateway.mcp.scripted import Scripted, over_http
from tests.live.metering import HARD, METERS, SOFT, metered_pack, metered_site, private
from tests.live.paths import EVERY, REFUSED, STREAMED, WITH_TOOLS, Asked, Clients, Ran, by_mcp, clients, closed
from tests.live.stage import Site, serving, upstream
from tests.live.test_screen import GRAVE

PERMIT, HOLD, ASK, DENY = OutcomeCode.PERMIT, OutcomeCode.HOLD, OutcomeCode.ASK, OutcomeCode.DENY
CROWD = [f"Bob {n}" for n in range(HARD)]
TOOLS = {"look": "gen.office", "watch": "surv.dissent", "profile": "surv.profile", "find": "surv.person_track",
         "morph": "gen.office"}  # fmt: skip
OFFERED = (*TOOLS, "look2")  # look2 is not registered, and morph is not as it was registered
SEED = 5


class Case(NamedTuple):
    """A model call, or the `calls` that a model asks for; and what is decided of it, or of the last of them."""

    name: str
    outcome: OutcomeCode
    clauses: tuple[str, ...]
    asked: Asked
    calls: tuple[Asks, ...] = ()


def of_model(name: str, outcome: OutcomeCode, *clauses: str, text: str = "Go.", purpose: str = "") -> Case:
    return Case(name, outcome, clauses, Asked(text, purpose or name))


def of_tools(name: str, outcome: OutcomeCode, clauses: Sequence[str], *calls: tuple[str, dict[str, Any]]) -> Case:
    made = tuple(Asks(f"call_{n}", tool, json.dumps(arguments)) for n, (tool, arguments) in enumerate(calls))
    return Case(name, outcome, tuple(clauses), Asked("Go.", "permit", OFFERED), made)


CASES = (
    of_model("permit", PERMIT, "T1"),
    of_model("hold", HOLD, "T3"),
    of_model("ask", ASK, "T4"),
    of_model("deny", DENY, "T5"),
    of_model("another use", DENY, "T4", text=GRAVE, purpose="permit"),
    of_model("one person more", HOLD, "M1", text=json.dumps(["Cid 1"]), purpose="trace"),
    of_model("a crowd", DENY, "M2", text=json.dumps(CROWD), purpose="trace"),
    of_tools("tool", PERMIT, ["T1"], ("look", {"track": 7})),
    of_tools("tool denied", DENY, ["T5"], ("watch", {"track": 7})),
    of_tools("tool held", HOLD, ["T3"], ("profile", {"track": 7})),
    of_tools("tool drifted", DENY, [], ("morph", {"track": 7})),
    of_tools("tool unlisted", DENY, [], ("look2", {"track": 7})),
    of_tools("tool of another use", DENY, ["T4"], ("look", {"note": GRAVE})),
    of_tools("tool over the meter", DENY, ["M2"], ("find", {"persons": CROWD})),
    of_tools("two calls", PERMIT, ["T1"], ("watch", {"track": 1}), ("look", {"track": 7})),
)
PIECES = {"whole": (1 << 20, 1 << 20), "by the letter": (1, 7), "at random": (3, 0)}


@dataclass
class Scripting:
    """A model server that asks for the `calls` of the case at hand, its arguments and its stream cut as they are."""

    calls: tuple[Asks, ...] = ()
    piece: int = 1
    cut: int = 0
    random: random.Random = field(default_factory=lambda: random.Random(SEED))

    async def __call__(self, request: Request, reply: Reply) -> None:
        if not self.calls:
            await scripts.model(request, reply)
            return
        path, text = request.path.decode(), "Let me see."
        if not json.loads(request.body).get("stream"):
            reply.send(200, scripts.JSON, json.dumps(WHOLE[path](self.calls, text)).encode())
            return
        left = b"".join(EVENTS[path](self.calls, text, self.piece))
        reply.start(200, scripts.SSE)
        while left:
            size = self.cut or self.random.randint(1, 60)
            await reply.write(left[:size])
            left = left[size:]
        reply.end()


class Listing(Scripted):
    """An MCP server with the tools of this matrix."""

    async def listed(self, ctx: Any, params: Any) -> types.ListToolsResult:
        made = [closed(name, MESSAGES) for name in OFFERED]
        return types.ListToolsResult(
            tools=[types.Tool(name=m["name"], description="Does it.", input_schema=m["input_schema"]) for m in made]
        )


def site_of(folder: Path, url: str, server: str) -> Site:
    site = metered_site(folder, url, more=f'{METERS}\n[meters.persons]\nfind = ["persons"]\n')
    site.shell.change("brightline.toml", '"deny"]', '"deny", "trace"]')
    tables = [
        f'[tools.{name}]\ndefinition = "{digest_of(closed(name, MESSAGES) | of)}"\n'
        f'effect = "informational"\nactuation = "read"\nphase = "plan"\nactivity = "{activity}"\n'
        for name, activity in TOOLS.items()
        for of in [{"description": "Did it."} if name == "morph" else {}]
    ]
    with (folder / "brightline.toml").open("a") as file:
        file.write("\n".join(["", *tables, f'[mcp.bus]\nurl = "{server}"\n']))
    return site


class Told(NamedTuple):
    """What a path left in the record of one decision; `flags` but for those of the path and of chance."""

    activity: int
    outcome: OutcomeCode
    clauses: int
    flags: int
    body: tuple[int, ...]
    facts: tuple[tuple[str, bytes], ...]


Way = tuple[str, bool, str]
"""Path, streamed or not, and how arguments and stream are cut."""
MCP: Way = ("mcp", False, "whole")


def decisions(site: Site) -> list[tuple[Act, Told]]:
    """Every decision of the record, in order."""
    found = []
    for entry, fields in zip(site.entries(), private(site), strict=True):
        if entry.kind == Kind.DECISION:
            found.append(told(entry, fields))
    return found


def told(entry: Entry, fields: dict[str, bytes]) -> tuple[Act, Told]:
    body = bodies.unpack(Kind.DECISION, entry.body)
    assert isinstance(body, DecisionBody)
    facts = tuple(
        sorted((n, v) for n, v in fields.items() if n.startswith("fact.") or n in ("screen", "counted", "tool"))
    )
    flags = entry.flags & ~(Flag.STREAMED | Flag.SAMPLED)
    what = (body.claimed, body.missing, body.approvals, body.duties)
    return Act(body.act), Told(entry.activity, OutcomeCode(entry.outcome), entry.clauses, flags, what, facts)


def ways(case: Case) -> list[Way]:
    """Every way to ask a case."""
    paths, pieces = (WITH_TOOLS, list(PIECES)) if case.calls else (EVERY, ["whole"])
    whole = [(name, False, "whole") for name in paths]
    return whole + [(name, True, piece) for name in paths if name in STREAMED for piece in pieces]


async def ask(c: Clients, script: Scripting, case: Case, way: Way) -> Ran | None:
    """The tools that the agent ran; None where it was refused."""
    path, stream, piece = way
    script.calls, (script.piece, script.cut) = case.calls, PIECES[piece]
    try:
        return await EVERY[path](c, case.asked, stream=stream)
    except REFUSED:
        return None


def expected(case: Case) -> Ran | None:
    """What the agent may run: with a call held the whole answer is, and what is denied is taken out of it."""
    if case.outcome is HOLD or (not case.calls and case.outcome is not PERMIT):
        return None
    ran = case.calls[-1:] if case.outcome is PERMIT else ()
    return [(call.name, json.loads(call.arguments)) for call in ran]


def alike(found: list[tuple[Way, tuple[Told, ...]]]) -> tuple[Told, ...]:
    """What all ways left, which is one and the same."""
    first = found[0][1]
    assert {way: each for way, each in found if each != first} == {}, first
    return first


async def test_one_decision_on_every_path(tmp_path: Path) -> None:
    script = Scripting()
    asked: list[tuple[Case, Way]] = []
    async with upstream(script) as (url, _), over_http(listing := Listing()) as server:
        site = site_of(tmp_path / "site", url, server)
        async with serving(site) as gateway, clients(gateway.url) as c:
            # the meter stands one below its soft limit
            people = of_model("known", PERMIT, "T1", text=json.dumps(CROWD[: SOFT - 1]), purpose="trace")
            for case in (people, *CASES):
                for way in ways(case) if case is not people else [("chat", False, "whole")]:
                    assert await ask(c, script, case, way) == expected(case), (case.name, way)
                    asked.append((case, way))
                if len(case.calls) == 1:
                    ((_, tool, arguments),) = case.calls
                    ran = await by_mcp(c, case.asked, tool, json.loads(arguments))
                    assert ran is (case.outcome is PERMIT), case.name
                    asked.append((case, MCP))
            assert await gateway.stop() == 0
        assert site.verified("b.zip")["verified"]
    assert listing.calls == [("look", {"track": 7})]
    recorded = iter(decisions(site))
    left: dict[str, list[tuple[Way, tuple[Told, ...]]]] = {}
    for case, way in asked:
        acts = [Act.MCP_CALL] if way is MCP else [Act.MODEL_CALL, *[Act.TOOL_CALL] * len(case.calls)]
        made = [next(recorded) for _ in acts]
        assert [act for act, _ in made] == acts, (case.name, way)
        # what an agent of MCP was told by its model, no gateway has seen: its calls alone are compared
        left.setdefault(case.name, []).append(
            (way, tuple(t for _, t in (made[1:] if case.calls and way is not MCP else made)))
        )
    assert next(recorded, None) is None, "nothing else is in the record"
    ranks = metered_pack().terms.rank
    for case in CASES:
        told = alike(left[case.name])[-1]
        clauses = sum(1 << ranks[i] for i in case.clauses)
        assert (told.outcome, told.clauses) == (case.outcome, clauses), (case.name, told)
