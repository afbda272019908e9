"""What a requester and the people of a desk can do with a running gateway, over HTTP and by files (A, E, G rows)."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from brightline.approvals import Except, Grant, Raised, Statement, decode, read_concern, sign, sign_roster
from brightline.approvals.certificates import DAY
from brightline.gateway.config import read_config
from brightline.gateway.gateway import Gateway, running
from brightline.gateway.wire import Reply, Request, serve
from brightline.keys import Envelope, SigningKey
from brightline.record.body import (
    ApprovalBody,
    ChangeBody,
    ChangeSubject,
    DecisionBody,
    ExceptionAct,
    ExceptionBody,
    Verdict,
)
from brightline.record.body import unpack as unpack_body
from brightline.record.entry import ENTRY_BYTES, Kind, unpack
from tests.agreement.founding import CUSTOMER, VENDOR
from tests.gateway.calling import CHAT, asked
from tests.gateway.plain import Got, post
from tests.live.desks import KEYS, desk_site, put, roster
from tests.live.stage import API_KEY, upstream
from tests.live.test_tools import TOOLS, model


@dataclass
class Desk:
    """A gateway in this process, on a site with a desk."""

    gateway: Gateway
    folder: Path

    async def call(self, purpose: str = "permit", word: str = "Go.", **headers: str) -> Got:
        content = [{"role": "user", "content": word}]
        body = asked(CHAT, stream=False, tools=list(TOOLS), messages=content)
        return await post(self.gateway.url, body, CHAT, key=API_KEY, brightline_purpose=purpose, **headers)

    async def get(self, path: str, key: str | None = API_KEY) -> Got:
        return await post(self.gateway.url, b"", path, key=key, method="GET")

    async def post(self, path: str, key: str | None = API_KEY, **body: Any) -> Got:
        return await post(self.gateway.url, json.dumps(body).encode(), path, key=key)

    async def say(self, envelope: Envelope) -> Got:
        return await post(self.gateway.url, envelope.to_bytes(), "/brightline/statements", key=API_KEY)

    def bodies(self, kind: type[Any]) -> list[tuple[int, Any]]:
        journal = self.gateway.recorder.journal
        data = journal.read(0, journal.log.size)
        entries = [unpack(data[i : i + ENTRY_BYTES]) for i in range(0, len(data), ENTRY_BYTES)]
        made = [(e.sequence, unpack_body(Kind(e.kind), e.body)) for e in entries]
        return [(n, b) for n, b in made if isinstance(b, kind)]

    def verdicts(self) -> list[Verdict]:
        return [Verdict(b.verdict) for _, b in self.bodies(ApprovalBody)]

    def field(self, index: int, name: str = "desk") -> bytes:
        return dict(self.gateway.recorder.vault.fields(index))[name]


@asynccontextmanager
async def desk(folder: Path, webhook: str = "", **changes: Any) -> AsyncIterator[Desk]:
    async with upstream(model) as (url, _):
        site = desk_site(folder, url, webhook, **changes)
        config = read_config(site.folder / "brightline.toml")
        async with running(config, None, lambda _: None) as gateway:
            yield Desk(gateway, site.folder)


def now() -> int:
    return int(time.time() * 1000)


def grant(row: dict[str, Any], by: str = "poe", key: str = "", **changes: Any) -> Envelope:
    usual: dict[str, Any] = {"desk": "army", "person": by, "time": now(), "hold": f"sha256:{row['id']}"}
    usual |= {"act": row["act"], "role": "privacy_officer", "until": now() + 60_000}
    return sign(Grant(**{**usual, **changes}), KEYS[key or by])


async def held(d: Desk, purpose: str = "hold") -> dict[str, Any]:
    """A held model call: its row, with the act's digest."""
    hold: dict[str, Any] = (await d.call(purpose)).json["error"]["brightline"]["hold"]
    listed: dict[str, Any] = (await d.get(f"/brightline/holds/{hold['id']}")).json
    return listed


async def test_where_a_hold_stands_and_to_withdraw_it(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        hold = await held(d)
        assert (hold["state"], hold["needs"], hold["open"]) == ("waiting", [["privacy_officer"]], True)
        assert "g2/analyst-7" in hold["will"]
        assert [w["persons"] for w in hold["who"]] == [["poe", "penn"]]
        assert [h["id"] for h in (await d.get("/brightline/holds")).json["holds"]] == [hold["id"]]
        assert (await d.get("/brightline/holds", key="bl-other")).status == 401
        assert (await d.get("/brightline/holds/" + "0" * 64)).status == 404
        assert (await d.post(f"/brightline/holds/{hold['id']}/withdraw")).json["state"] == "withdrawn"
        late = await d.say(grant(hold))
        assert (late.status, late.json["error"]["brightline"]["fault"]) == (403, "not_now")


async def test_a_statement_counts_once_and_none_that_cannot_stand(tmp_path: Path) -> None:
    """Forged, replayed, late, of the wrong role or person, for another act: refused with the reason, and recorded."""
    async with desk(tmp_path) as d:
        hold = await held(d)
        poe = grant(hold)
        wrong = {
            "forged": grant(hold, key="quinn"),
            "wrong_role": grant(hold, "quinn"),
            "wrong_desk": grant(hold, desk="navy"),
            "wrong_act": grant(hold, act="sha256:" + "0" * 64),
            "no_hold": grant(hold, hold="sha256:" + "0" * 64),
            "early": grant(hold, time=now() + 3_600_000, until=now() + 3_650_000),
            "expired": grant(hold, time=now() - 3_600_000, until=now() - 3_590_000),
            "too_long": grant(hold, until=now() + 86_400_000),
            "unknown_signer": Envelope(poe.payload_type, poe.payload.replace(b'"poe"', b'"pot"')).signed(KEYS["poe"]),
            "malformed": Envelope(poe.payload_type, b"{}").signed(KEYS["poe"]),
        }
        for fault, envelope in wrong.items():
            got = await d.say(envelope)
            assert (got.status, got.json["error"]["brightline"]["fault"]) == (403, fault), got.body
        assert (await d.get(f"/brightline/holds/{hold['id']}")).json["state"] == "waiting"
        assert d.verdicts() == [Verdict.REJECTED] * len(wrong)
        assert (await d.say(poe)).json["state"] == "granted"
        again = await d.say(poe)
        assert again.json["error"]["brightline"]["fault"] == "replayed"
        assert d.verdicts() == [*[Verdict.REJECTED] * len(wrong), Verdict.GRANTED, Verdict.REJECTED]
        assert (await d.call("hold")).status == 200
        assert (await d.call("hold")).status == 403, "once"
        assert (await d.say(poe)).json["error"]["brightline"]["fault"] == "used"


async def test_files_in_the_folder_count_without_a_restart(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        hold = await held(d)
        put_in(d, "bad.json", grant(hold, key="quinn").to_bytes())
        put_in(d, "good.json", grant(hold).to_bytes())
        async with asyncio.timeout(20):
            while (await d.get(f"/brightline/holds/{hold['id']}")).json["state"] != "granted":  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        assert d.verdicts() == [Verdict.REJECTED, Verdict.GRANTED]
        put_in(d, "copy.json", (d.folder / "desk/said/good.json").read_bytes())
        async with asyncio.timeout(20):
            while len(d.verdicts()) < 3:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        assert d.verdicts()[-1] == Verdict.REJECTED, "a copy under another name is a replay"


def put_in(d: Desk, name: str, data: bytes) -> None:
    put(_Site(d.folder), name, data)  # type: ignore[arg-type]


@dataclass
class _Site:
    folder: Path


async def test_g01_an_exception_works_at_once_without_the_vendor(tmp_path: Path) -> None:
    """An official signs at 02:00; the use passes, rests on it in the record, and the vendor counts it later."""
    async with desk(tmp_path) as d:
        assert (await d.call("excepted")).status == 403
        said = exception("quinn")
        assert (await d.say(said)).status == 200
        assert (await d.call("excepted")).status == 200
        ((entry, body),) = d.bodies(ExceptionBody)
        assert (body.act, body.until > body.since) == (ExceptionAct.GRANTED, True)
        assert [b.exception for _, b in d.bodies(DecisionBody) if b.exception] == [entry]
        refused = await d.say(exception("poe"))
        assert refused.json["error"]["brightline"]["fault"] == "wrong_role"


def exception(by: str, **changes: Any) -> Envelope:
    usual: dict[str, Any] = {"desk": "army", "person": by, "role": "official", "time": now(), "until": now() + DAY}
    usual |= {"certificate": "supervised_defence", "reason": "saturation attack", "cites": {"review": "17"}}
    usual |= {"activities": (), "components": ("army/g2",), "facts": {}}
    return sign(Except(**{**usual, **changes}), KEYS[by])


async def test_g02_what_the_vendor_sends_alone_changes_nothing_and_is_recorded(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        before = (await d.call()).status
        for n, key in enumerate((VENDOR, VENDOR, CUSTOMER)):
            command = b'{"command":"%b","number":%d}' % (b"disable" if n != 1 else b"tighten", n)
            message = Envelope("application/vnd.vendor.command+json", command).signed(key)
            got = await d.say(message)
            assert got.status == 403
        changes = [(n, b) for n, b in d.bodies(ChangeBody) if b.subject == ChangeSubject.AGREEMENT and any(b.previous)]
        assert [b.digest == b.previous for _, b in changes] == [True, True, True], "from the agreement to itself"
        senders = [decode(d.field(n))[0].sender for n, _ in changes]  # type: ignore[union-attr]
        assert senders == ["vendor", "vendor", "customer"]
        statement: Statement = Except(
            desk="army", person="vendor", role="official", time=now(), until=now() + DAY, certificate="x",
            reason="so", activities=(), components=(), facts={}, cites={},
        )  # fmt: skip
        assert (await d.say(sign(statement, VENDOR))).json["error"]["brightline"]["fault"] == "unknown_signer"
        assert (await d.call()).status == before == 200


async def test_an_answer_to_an_ask_is_used_when_the_call_is_sent_again(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        asks = (await d.call("ask")).json["error"]
        assert asks["code"] == "fact_required"
        decision = asks["brightline"]["decision"]
        assert f"/brightline/asks/{decision}" in asks["brightline"]["next"]
        wrong = await d.post(f"/brightline/asks/{decision}", facts={"data_origin": "stolen"})
        assert wrong.json["error"]["code"] == "unknown_value"
        assert (await d.post(f"/brightline/asks/{decision + 1}", facts={"data_origin": "sensor"})).status in (400, 404)
        said = await d.post(f"/brightline/asks/{decision}", facts={"data_origin": "sensor"})
        assert said.status == 200, said.body
        assert (await d.call("ask", "Something else.")).status == 403
        assert (await d.call("ask")).status == 200


async def test_a_denial_is_appealed_on_a_clock_of_its_own(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        denied = (await d.call("deny")).json["error"]["brightline"]
        assert f"decision {denied['decision']}" in denied["next"]
        got = await d.post("/brightline/appeals", decision=denied["decision"], reason="it was no protest")
        assert (got.status, got.json["state"]) == (200, "contested")
        assert got.json["decision"] == denied["decision"]
        assert d.verdicts() == [Verdict.APPEALED]
        twice = await d.post("/brightline/appeals", decision=denied["decision"], reason="again")
        assert twice.json["error"]["brightline"]["fault"] == "not_now"
        assert (await d.post("/brightline/appeals", decision=2, reason="not mine")).status == 404
        assert (await d.post("/brightline/appeals", reason="of what?")).status == 400


async def test_a_concern_is_read_by_the_inspector_alone(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        got = await d.post("/brightline/concerns", text="They file protesters under logistics.", anonymous=True)
        assert (got.status, got.json["readers"]) == (200, 1)
        (raised,) = decode(d.field(got.json["entry"]))
        assert isinstance(raised, Raised)
        assert b"protesters" not in d.field(got.json["entry"])
        read = read_concern(raised, "army", "iris", KEYS["iris"])
        assert (read["text"], read["who"]) == ("They file protesters under logistics.", "")
        said = b"".join(p.read_bytes() for p in (tmp_path / "desk").rglob("*.json"))
        assert b"protesters" not in said


async def test_the_webhook_says_that_something_waits_and_its_failure_stops_nothing(tmp_path: Path) -> None:
    told: list[bytes] = []

    async def hook(request: Request, reply: Reply) -> None:
        told.append(request.body)
        reply.send(500, [], b"")

    server = await serve(hook, "127.0.0.1", 0)
    async with desk(tmp_path, "http://{}:{}/holds".format(*server.address)) as d:
        hold = await held(d)
        async with asyncio.timeout(20):
            while not told:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        notice = json.loads(told[0])
        assert notice == {
            "desk": "army",
            "hold": f"sha256:{hold['id']}",
            "state": "waiting",
            "roles": ["privacy_officer"],
            "deadline": hold["deadline"],
        }
        assert (await d.say(grant(hold))).json["state"] == "granted"
        await server.drain(1)
        assert (await d.call("hold")).status == 200


async def test_nobody_can_bring_back_an_older_roster(tmp_path: Path) -> None:
    async with desk(tmp_path, number=3) as d:
        older = sign_roster(roster(number=2), CUSTOMER)
        assert (await d.say(older)).json["error"]["brightline"]["fault"] == "rolled_back"
        forged = sign_roster(roster(number=9), SigningKey.new("x.example", bytes([77]) * 32))
        assert (await d.say(forged)).json["error"]["brightline"]["fault"] == "forged"
        newer = roster(number=4, persons=tuple(p for p in roster().persons if p.name != "poe"))
        assert (await d.say(sign_roster(newer, CUSTOMER))).status == 200
        hold = await held(d)
        assert (await d.say(grant(hold))).json["error"]["brightline"]["fault"] == "unknown_signer"
        assert (await d.say(grant(hold, "penn"))).json["state"] == "granted"
