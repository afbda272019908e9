"""What may I do? A dry run over HTTP and on the command line says what a call then gets, and leaves nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx2
import pytest

from brightline.record.entry import Kind as EntryKind
from brightline.registry import Kind
from tests.agreement.founding import CUSTOMER
from tests.gateway import scripts
from tests.gateway.calling import CHAT, definition
from tests.live.signed import ACTOR, signed_pack, signed_site
from tests.live.stage import API_KEY, MODEL, serving, upstream
from tests.live.test_signed_tools import TOOLS

CASES: dict[str, dict[str, str]] = {
    "ordinary work": {"Purpose": "permit"},
    "no dissent": {"Purpose": "deny"},
    "a profile": {"Purpose": "hold"},
    "own files": {"Purpose": "files"},
    "bought data": {"Purpose": "files", "Datasets": "bought"},
    "data of nobody": {"Purpose": "files", "Datasets": "found"},
    "no warrant": {"Purpose": "case"},
    "a warrant": {"Purpose": "case", "Authorities": "warrant"},
    "claimed": {"Purpose": "ask", "Facts": "data_origin=public"},
}


async def test_what_it_says_is_what_a_call_gets_and_it_leaves_nothing(tmp_path: Path) -> None:
    async with upstream(scripts.model) as (url, _):
        site = signed_site(tmp_path / "site", url, {Kind.TOOLS: TOOLS})
        async with serving(site) as gateway, httpx2.AsyncClient() as http:

            async def post(path: str, body: Any, named: dict[str, str]) -> httpx2.Response:
                headers = {f"Brightline-{n}": v for n, v in named.items()} | {"Authorization": f"Bearer {API_KEY}"}
                return await http.post(gateway.url + path, content=json.dumps(body), headers=headers)

            for case, named in CASES.items():
                meant = (await post("/brightline/may", {"model": MODEL}, named)).json()
                assert meant["recorded"] is False
                call = await post(CHAT, {"model": MODEL, "messages": [{"role": "user", "content": "x"}]}, named)
                outcome = call.headers["brightline-decision"].partition(";")[0]
                assert (case, meant["outcome"]) == (case, outcome)
                if outcome != "permit":
                    told = call.json()["error"]["brightline"]
                    assert meant["clauses"] == [c["id"] for c in told["clauses"]]
                    assert meant["needs"] == told["needs"]
                    assert meant["unattested"] == told.get("unattested", [])
            # tools: the registered one, one that needs a person, one that nobody knows
            for name, outcome in (("look", "permit"), ("send_order", "hold"), ("watch", "deny")):
                meant = (await post("/brightline/may", {"tool": definition(name, CHAT)}, {"Purpose": "permit"})).json()
                assert (name, meant["outcome"]) == (name, outcome)
            # bad input is told as of any call
            for body, named, code in (
                ({"modle": MODEL}, {}, 400),
                ({"model": "gpt"}, {}, 404),
                ({"tool": "look"}, {}, 400),
                ({}, {"Purpose": "theirs"}, 400),
                ({}, {"Purpose": "permit", "Facts": "screen=clear"}, 400),
            ):
                assert (await post("/brightline/may", body, named)).status_code == code
            assert (await http.get(f"{gateway.url}/brightline/may")).status_code == 405
            assert (await http.post(f"{gateway.url}/brightline/may")).status_code == 401
            assert await gateway.stop() == 0
        assert sum(e.kind == EntryKind.DECISION for e in site.entries()) == len(CASES)


@pytest.mark.parametrize("case", CASES)
def test_the_command_line_says_the_same(tmp_path: Path, case: str) -> None:
    site = signed_site(tmp_path / "site", "http://127.0.0.1:9")
    signed_pack()
    for name, text in signed_pack().files.items():
        path = site.folder / "pack" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    named = {"Datasets": "--dataset", "Authorities": "--authority", "Facts": "--fact", "Purpose": "--purpose"}
    words = [word for n, v in CASES[case].items() for word in (named[n], v)]
    said = site.shell("registry", "may", "pack", ACTOR, "--customer-key", str(CUSTOMER.public), *words, "--json")
    expected = {"ordinary work": "permit", "own files": "permit", "a warrant": "permit", "claimed": "permit"}
    expected |= {"a profile": "hold", "data of nobody": "ask"}
    assert said.document["outcome"] == expected.get(case, "deny")
    assert said.status == (0 if expected.get(case) == "permit" else 1)
    assert said.document["recorded"] is False
    plain = site.shell("registry", "may", "pack", ACTOR, "--customer-key", str(CUSTOMER.public), *words)
    assert "nothing was recorded" in plain.out
