"""The rows A to D of the scenarios under the shipped compromise, as calls and tool calls of a live gateway.

Each row's facts come as they would in service: declared by the caller, attested by the registry (data, authorities,
tools with their endpoints), or seen by the gateway: its meters count the made-up people whom a call lists. Rows that
rest on what people must first do are left out by the rule in `live`, and each stands in LEFT_OUT with where it is run.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import httpx2

from brightline.cli.opening import open_pack
from brightline.gateway.tools import digest_of
from brightline.gateway.wire import Reply, Request
from brightline.record import body as bodies
from brightline.record.body import Act, DecisionBody
from brightline.record.entry import Kind as EntryKind
from brightline.registry import Actor, Authority, Dataset, Item, Kind, Nature, Purpose, Tool, endpoint_digest
from brightline.registry.items import OF_OTHERS
from brightline.terms import decide
from brightline.terms.scenarios import Scenario, read_scenarios
from brightline.vocabulary import Use
from tests.gateway import scripts
from tests.gateway.calling import CHAT, Asks, calling, definition
from tests.live.signed import SignedSite, signed_site
from tests.live.stage import MODEL, serving, upstream

PACK = open_pack("compromise")
HOME = "army/g2"
ENDPOINT = endpoint_digest({"url": "https://tools.example/mcp"})
READINGS = ("meter", "screen", "approval_tempo", "distinct_persons", "integrity", "end_user", "actuation")
_OF_PEOPLE = {"approvals", "exceptions"}
_OF_DATA = ("data_origin", "deidentified", "protected_persons")


# Why a row is left out, and where what it says is run.
_GRANTED = "somebody must first grant it: tests/live/test_desk.py, tests/gateway/test_held_calls.py"
_CERTIFIED = "an official must first sign a certificate: tests/live/test_desk.py, tests/approvals/test_certificates.py"
_HURRIED = "ten grants must come first, too fast: tests/gateway/test_tempo.py"
_WORDED = "the words must mean another use, and the words of rows are titles: tests/live/test_screen.py"
LEFT_OUT = {
    **dict.fromkeys(("A05-approved-all-the-same", "A06-approved", "A07-materiel-approved", "A07-person"), _GRANTED),
    **dict.fromkeys(("A16", "A16-second-approver"), _HURRIED),
    **dict.fromkeys(("A12-armed-hurried", "B03-hurried", "C02-emergency", "D04-hurried"), _HURRIED),
    **dict.fromkeys(("A08-certificate", "A08-person"), _CERTIFIED),
    **dict.fromkeys(("B18", "B18-finetune"), _WORDED),
    "B03-granted": _GRANTED,
}


def live(scenario: Scenario) -> bool:
    """Whether a gateway alone can be shown this row: nobody has acted before, and no finding of the screen tips it."""
    use = scenario.use
    if scenario.id[0] not in "ABCD" or use.alternatives or _OF_PEOPLE & set(use.facts):
        return False
    if use.facts.get("approval_tempo", "normal") != "normal":
        return False
    seen = [{**use.facts, "meter": "counted", "screen": screen} for screen in ("not_screened", "clear")]
    made = [Use(use.activity, f, use.sources, (), use.actor, use.component, use.model) for f in seen]
    return len({decide(PACK.terms, u).outcome for u in made}) == 1


ROWS = [s for s in read_scenarios(PACK) if live(s)]
ACTORS = sorted({(s.use.component or HOME, s.use.facts.get("end_user") == "unidentified") for s in ROWS})


def actor_of(component: str, shared: bool) -> str:
    return f"{component}{'-front' if shared else ''}/a"


def is_tool(row: Scenario) -> bool:
    return row.use.facts.get("actuation", "none") != "none"


def said(row: Scenario) -> dict[str, str]:
    """What the caller declares in the header."""
    left_out = {*READINGS, "authorities", *((*_OF_DATA, "dataset") if registered(row) else ())}
    left_out |= set(row.use.facts) - (OF_OTHERS[Kind.TOOLS] - {"effect", "phase"}) if is_tool(row) else set()
    return {n: _text(v) for n, v in row.use.facts.items() if n not in left_out}


def registered(row: Scenario) -> bool:
    return row.use.facts.get("dataset") == "registered"


def _text(value: Any) -> str:
    return "+".join(sorted(value)) if isinstance(value, frozenset) else str(value)


def name_of(row: Scenario) -> str:
    """A name that says nothing: the screen reads those of tools."""
    return f"row-{ROWS.index(row)}"


def items() -> dict[Kind, dict[str, Item]]:
    """What the owners sign so that each row's attested facts are what it says."""
    everybody = tuple(component for component, _ in ACTORS)
    groups = tuple(sorted({s.use.activity.partition(".")[0] for s in ROWS}))
    made: dict[Kind, dict[str, Item]] = {k: {} for k in Kind}
    for row in ROWS:
        activity = "gen.office" if is_tool(row) else row.use.activity
        made[Kind.PURPOSES][name_of(row)] = Purpose(activity=activity, text=row.text[:400], may_use=everybody)
        facts = row.use.facts
        if registered(row):
            origin, deidentified, persons = (_text(facts.get(n, "unknown")) for n in _OF_DATA)
            made[Kind.DATASETS][name_of(row)] = Dataset(
                origin=origin, acquisition="As the row says", protected_persons=persons, deidentified=deidentified
            )
        if is_tool(row):
            made[Kind.TOOLS][name_of(row)] = _tool(row)
    for name, pinned in PACK.terms.authorities.items():
        made[Kind.AUTHORITIES][name] = Authority(
            title=str(pinned["title"]),
            dated=date.fromisoformat(str(pinned["date"])),
            digest=str(pinned["digest"]),
            scope="As the row says",
            activities=groups,
            may_cite=everybody,
        )
    for component, shared in ACTORS:
        made[Kind.ACTORS][actor_of(component, shared)] = Actor(nature=Nature.PERSON, component=component)
    return made


def _tool(row: Scenario) -> Tool:
    facts = row.use.facts
    more = {
        n: tuple(sorted(v)) if isinstance(v, frozenset) else str(v)
        for n, v in facts.items()
        if n not in OF_OTHERS[Kind.TOOLS] | set(READINGS)
    }
    return Tool(
        definition=digest_of(definition(name_of(row), CHAT)["function"]),
        effect=_text(facts.get("effect", "unknown")),
        actuation=_text(facts["actuation"]),
        phase=_text(facts.get("phase", "unknown")),
        endpoint=ENDPOINT,
        activity=row.use.activity,
        facts=more,
    )


@dataclass(frozen=True)
class Asked:
    """A row as a request."""

    row: Scenario

    @property
    def headers(self) -> dict[str, str]:
        row = self.row
        key = f"bl-{actor_of(row.use.component or HOME, row.use.facts.get('end_user') == 'unidentified')}"
        made = {"Authorization": f"Bearer {key}", "Brightline-Purpose": name_of(row)}
        if declared := said(row):
            made["Brightline-Facts"] = ", ".join(f"{n}={v}" for n, v in declared.items())
        if registered(row):
            made["Brightline-Datasets"] = name_of(row)
        if cited := row.use.facts.get("authorities"):
            made["Brightline-Authorities"] = ", ".join(sorted(cited))  # type: ignore[arg-type]
        if is_tool(row):
            drifted = row.use.facts.get("integrity") == "drifted"
            endpoint = endpoint_digest({"url": "https://bus.example/mcp"}) if drifted else ENDPOINT
            made["Brightline-Endpoints"] = f"{name_of(row)}={endpoint}"
        return made

    @property
    def body(self) -> bytes:
        # Words that say nothing: what is decided here are the facts. What the screen makes of words has its own tests.
        text = "Please go on with the next item on the list."
        if persons := self.row.use.facts.get("distinct_persons"):
            # Service numbers: of a name that comes again and again the screen makes too much.
            text = json.dumps([f"{n:05}" for n in range(int(str(persons)))])
        made: dict[str, Any] = {"model": MODEL, "messages": [{"role": "user", "content": text}]}
        return json.dumps(
            made | ({"tools": [definition(name_of(self.row), CHAT)]} if is_tool(self.row) else {})
        ).encode()


async def model(request: Request, reply: Reply) -> None:
    """Calls the tool that it is offered; otherwise it answers."""
    offered = json.loads(request.body).get("tools")
    if offered:
        await calling(Asks("call_1", offered[0]["function"]["name"], "{}"))(request, reply)
    else:
        await scripts.model(request, reply)


def site_of(folder: Path, url: str) -> SignedSite:
    site = signed_site(folder, url, items(), PACK, only=True)
    tables = [
        f'[[actors]]\nname = "{actor_of(c, s)}"\nshared = {str(s).lower()}\n'
        f'key_sha256 = "{hashlib.sha256(f"bl-{actor_of(c, s)}".encode()).hexdigest()}"\n'
        for c, s in ACTORS
    ]
    path = folder / "brightline.toml"
    head = path.read_text().partition("[[actors]]")[0]
    nobody = "".join(f'"{name_of(row)}" = []\n' for row in ROWS if is_tool(row))
    tables.append(f'[meters]\nsecret = "meter.secret"\n[meters.persons]\n{nobody}')
    (folder / "meter.secret").write_text("5e" * 32)
    path.write_text(head + "\n".join(tables))
    return site


async def test_every_row_that_a_gateway_alone_can_be_shown(tmp_path: Path) -> None:
    missing = {s.id for s in read_scenarios(PACK) if s.id[0] in "ABCD"} - {s.id for s in ROWS}
    assert missing == set(LEFT_OUT), "each row runs here, or it is said where"
    assert len(ROWS) > 100
    assert sum(map(is_tool, ROWS)) > 20
    assert {row.id.partition("-")[0] for row in ROWS} >= {"A01", "A05", "A06", "A10", "A14", "B04", "B12", "C07", "D04"}
    async with upstream(model) as (url, _):
        site = site_of(tmp_path / "site", url)
        told: list[str] = []
        async with serving(site) as gateway, httpx2.AsyncClient() as http:
            for row in ROWS:
                asked = Asked(row)
                answer = await http.post(f"{gateway.url}{CHAT}", content=asked.body, headers=asked.headers)
                assert "brightline-decision" in answer.headers, (row.id, answer.text)
                told.append(answer.headers["brightline-decision"].partition(";")[0])
            assert await gateway.stop() == 0
        decisions = [bodies.unpack(EntryKind.DECISION, e.body) for e in site.entries() if e.kind == EntryKind.DECISION]
        codes = [e.outcome for e in site.entries() if e.kind == EntryKind.DECISION]
        of_tools = iter(
            _OUTCOMES[code]
            for code, b in zip(codes, decisions, strict=True)
            if isinstance(b, DecisionBody) and b.act == Act.TOOL_CALL
        )
        found = {row.id: next(of_tools) if is_tool(row) else one for row, one in zip(ROWS, told, strict=True)}
        meant = {row.id: {str(o) for o in row.outcomes} for row in ROWS}
        assert {i: (found[i], meant[i]) for i in found if found[i] not in meant[i]} == {}
        assert site.verified("b.zip")["verified"]


_OUTCOMES = {1: "permit", 2: "hold", 3: "ask", 4: "deny"}
