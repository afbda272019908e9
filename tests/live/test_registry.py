"""The signed registry in a real gateway, through the vendors' own SDKs: who may say what, changes, forgeries."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from dataclasses import replace
from pathlib import Path
from typing import Any

import anthropic
import openai
import pytest

from brightline.record import body as bodies
from brightline.record.body import ChangeBody, ChangeSubject
from brightline.record.entry import Flag
from brightline.record.entry import Kind as EntryKind
from brightline.registry import Kind, Purpose, Version
from tests.gateway import scripts
from tests.live.clients import anthropic_client, openai_client
from tests.live.signed import ACTOR, ITEMS, SignedSite, signed_site
from tests.live.stage import MODEL, Gateway, refused_start, serving, upstream
from tests.registry.made import NOW, STEWARD, STRANGER

SAY: Any = [{"role": "user", "content": "Go."}]


async def told(url: str, **headers: str) -> Any:
    """What a call is told: `permit`, or the refusal's `brightline` object or error; the same through both SDKs."""
    said: list[Any] = []
    named = {f"Brightline-{n.replace('_', '-').title()}": v for n, v in headers.items()}
    async with openai_client(url) as chat, anthropic_client(url) as messages:
        try:
            await chat.chat.completions.create(model=MODEL, messages=SAY, extra_headers=named)
            said.append("permit")
        except openai.APIStatusError as e:
            error: Any = e.body
            said.append(error.get("brightline") or error["message"])
        try:
            await messages.messages.create(model=MODEL, max_tokens=9, messages=SAY, extra_headers=named)
            said.append("permit")
        except anthropic.APIStatusError as e:
            document: Any = e.body
            said.append(document.get("brightline") or document["error"]["message"])
    one, other = (({**s, "decision": 0} if isinstance(s, dict) else s) for s in said)
    assert one == other
    return said[0]


async def ready(gateway: Gateway) -> Any:
    def get() -> Any:
        with urllib.request.urlopen(f"{gateway.url}/readyz", timeout=20) as answer:
            return json.load(answer)

    return await asyncio.to_thread(get)


async def until(gateway: Gateway, said: Any, wanted: Any, **headers: str) -> None:
    """Wait for a change to be in force. Its poll takes two seconds; a test that waits longer fails."""
    found: Any = None
    for _ in range(100):
        try:
            if (found := await told(gateway.url, **headers)) == wanted or said(found):
                return
        except AssertionError as e:  # it came between the two calls
            found = e
        await asyncio.sleep(0.2)
    raise AssertionError(found)


def changes(site: SignedSite) -> list[ChangeSubject]:
    found = [bodies.unpack(EntryKind.CHANGE, e.body) for e in site.entries() if e.kind == EntryKind.CHANGE]
    return [ChangeSubject(b.subject) for b in found if isinstance(b, ChangeBody)]


async def test_each_owner_settles_what_is_theirs_and_nothing_else(tmp_path: Path) -> None:
    async with upstream(scripts.model) as (url, _):
        site = signed_site(tmp_path / "site", url)
        async with serving(site) as gateway:
            at = gateway.url
            assert await told(at, purpose="permit") == "permit"
            # data: the purpose's own, one that was bought beside it, one that nobody registered (B15)
            assert await told(at, purpose="files") == "permit"
            bought = await told(at, purpose="files", datasets="bought")
            assert (bought["outcome"], bought["clauses"][0]["id"]) == ("deny", "T4")
            found = await told(at, purpose="files", datasets="found-on-a-disc")
            assert found["outcome"] != "permit"
            assert found["unattested"] == ["datasets 'found-on-a-disc': it is not registered"]
            # a claim of a data set's origin does not stand against its owner
            assert "data_origin is attested" in await told(at, purpose="files", facts="data_origin=public")
            # authorities: by name and from the registry alone
            assert (await told(at, purpose="case"))["outcome"] == "deny"
            assert await told(at, purpose="case", authorities="warrant") == "permit"
            assert (await told(at, purpose="case", authorities="warrant-2"))["unattested"]
            assert "authorities cannot be declared" in await told(at, purpose="case", facts="authorities=warrant")
            # purposes: only those of this actor
            for name in ("theirs", "perm1t"):
                assert "no purpose of yours" in await told(at, purpose=name)
            assert "name one; your key may use: ask, case" in await told(at)
            assert await gateway.stop() == 0
        entries = site.entries()
        assert not any(e.flags & Flag.CLAIMED for e in entries if e.kind == EntryKind.DECISION)
        assert site.verified("b.zip")["verified"]


async def test_a_change_is_recorded_and_then_decides(tmp_path: Path) -> None:
    async with upstream(scripts.model) as (url, _):
        site = signed_site(tmp_path / "site", url)
        async with serving(site) as gateway:
            assert (await told(gateway.url, purpose="deny"))["outcome"] == "deny"
            site.sign(Kind.PURPOSES, "deny", Purpose(activity="gen.office", text="Mended", may_use=("army",)))
            await until(gateway, lambda s: s == "permit", "permit", purpose="deny")
            # an actor whom the owner removes is served no more
            site.sign(Kind.ACTORS, ACTOR, None)
            await until(gateway, lambda s: "no actor of this key" in s, "", purpose="permit")
            assert "registry" not in await ready(gateway)
            assert await gateway.stop() == 0
        first = changes(site)
        assert first.count(ChangeSubject.PURPOSES) == 2
        assert first.count(ChangeSubject.ACTORS) == 4  # owners, actors, the settings' keys; then the removal
        # a start that finds nothing new records nothing new of the registry
        async with serving(site) as gateway:
            assert await gateway.stop() == 0
        assert changes(site)[len(first) :].count(ChangeSubject.PURPOSES) == 0
        totals = site.verified("b.zip")["totals"]
        assert totals["changes"]["purposes"] == 2


@pytest.mark.parametrize("defect", ["forged", "torn", "rolled back", "in dispute"])
async def test_what_is_not_sound_is_not_taken(tmp_path: Path, defect: str) -> None:
    """At a start: a sentence with file and cure. In a running gateway: what stood stands, and `/readyz` says why."""
    async with upstream(scripts.model) as (url, _):
        site = signed_site(tmp_path / "site", url)
        mended = replace(ITEMS[Kind.PURPOSES]["deny"], activity="gen.office")  # type: ignore[type-var]
        second = site.sign(Kind.PURPOSES, "permit", replace(ITEMS[Kind.PURPOSES]["permit"], text="Work"))  # type: ignore[type-var]
        says = {
            "forged": "signed by no owner",
            "torn": "JSON",
            "rolled back": "the version that stood here last is gone",
            "in dispute": "two versions at once",
        }[defect]
        async with serving(site) as gateway:
            match defect:
                case "forged":
                    site.sign(Kind.PURPOSES, "deny", mended, STRANGER)
                case "torn":
                    path = site.sign(Kind.PURPOSES, "deny", mended)
                    path.write_bytes(path.read_bytes()[:99])
                case "rolled back":
                    second.unlink()
                case _:
                    before = site.read()
                    site.sign(Kind.PURPOSES, "deny", mended)
                    other = replace(mended, activity="gen.unknown")
                    site.put(Version.of(before.next(Kind.PURPOSES, "deny", other, NOW)), STEWARD)
            for _ in range(100):
                if (said := await ready(gateway)).get("registry"):
                    break
                await asyncio.sleep(0.2)
            assert says in said["registry"]
            assert said["status"] == "ready"
            assert (await told(gateway.url, purpose="deny"))["outcome"] == "deny"
            assert await told(gateway.url, purpose="permit") == "permit"
            assert await gateway.stop() == 0
        assert changes(site).count(ChangeSubject.REGISTRY) == 1
        assert says in await refused_start(site)
        assert site.verified("b.zip")["verified"]
