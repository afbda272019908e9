"""Who is behind a front end's key, in a real gateway: signed by the front end through the SDKs' own HTTP client, or by
an identity provider; replayed, altered and foreign headers."""

from __future__ import annotations

import json
import secrets
import time
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest

from brightline.registry import Actor, Kind, Nature, sign_user
from tests.gateway import scripts
from tests.live.signed import ACTOR, SignedSite, signed_site
from tests.live.stage import API_KEY, MODEL, ORIGIN, serving, upstream
from tests.registry.made import STRANGER, key
from tests.registry.test_end_user import CLAIMS, JWKS, token

FRONT = key("chat.example", 21)
SAY: Any = [{"role": "user", "content": "Go."}]
TRACK = {"Brightline-Purpose": "track"}  # T9: nobody unidentified; then the terms permit it


def front_end(folder: Path, url: str) -> SignedSite:
    actor = Actor(nature=Nature.AGENT, component="army/g2", key=FRONT.public)
    site = signed_site(folder, url, {Kind.ACTORS: {ACTOR: actor}}, actor="shared = true")
    (folder / "jwks.json").write_text(json.dumps(JWKS))
    path = folder / "brightline.toml"
    issuer = '[end_users]\nissuer = "https://id.example"\naudience = "brightline"\nkeys = "jwks.json"\n\n[parties]'
    path.write_text(path.read_text().replace("[parties]", issuer))
    return site


def signing(user: str, by: Any = FRONT, audience: str = ORIGIN, ago: int = 0) -> Any:
    async def sign(request: httpx2.Request) -> None:
        now = int(time.time()) - ago
        header = sign_user(by, user, request.content, audience, now, secrets.token_urlsafe(12))
        request.headers["Brightline-End-User"] = header

    return sign


async def said(url: str, hook: Any = None, **headers: str) -> str:
    """`permit`, or the code of the refusal with its message."""
    hooks = {"request": [hook]} if hook else {}
    async with httpx2.AsyncClient(event_hooks=hooks) as http:
        client = openai.AsyncOpenAI(base_url=f"{url}/v1", api_key=API_KEY, max_retries=0, http_client=http)
        try:
            await client.chat.completions.create(model=MODEL, messages=SAY, extra_headers={**TRACK, **headers})
        except openai.APIStatusError as e:
            body: Any = e.body
            return f"{body['code']} {body['message']}"
    return "permit"


async def test_a_front_end_says_who_asks(tmp_path: Path) -> None:
    async with upstream(scripts.model) as (url, _):
        site = front_end(tmp_path / "site", url)
        async with serving(site) as gateway:
            at = gateway.url
            assert (await said(at)).startswith("fact_required")  # nobody said who: T9
            assert "cannot be declared" in await said(at, **{"Brightline-Facts": "end_user=identified"})
            assert await said(at, signing("alice")) == "permit"
            refusals = {
                "front end's over this request": signing("alice", STRANGER),
                "over this request": signing("alice", audience="elsewhere.example/log"),
                "too old": signing("alice", ago=200),
            }
            for why, hook in refusals.items():
                refused = await said(at, hook)
                assert refused.startswith("bad_end_user")
                assert why in refused
            now = int(time.time())
            good = {**CLAIMS, "iat": now - 5, "exp": now + 60}
            for alg in ("RS256", "ES256"):
                assert await said(at, **{"Brightline-End-User": token(alg, **good)}) == "permit"
            expired = token("RS256", **(good | {"exp": now - 100}))
            assert "it has expired" in await said(at, **{"Brightline-End-User": expired})
            assert await gateway.stop() == 0
        assert site.verified("b.zip")["verified"]
        bundle = site.shell("evidence", "explain", "b.zip")
        assert "alice" not in bundle.out


async def test_a_captured_header_is_good_for_nothing(tmp_path: Path) -> None:
    async with upstream(scripts.model) as (url, _):
        site = front_end(tmp_path / "site", url)
        captured: list[httpx2.Request] = []

        async def capture(request: httpx2.Request) -> None:
            await signing("alice")(request)
            captured.append(request)

        async with serving(site) as gateway:
            assert await said(gateway.url, capture) == "permit"
            async with httpx2.AsyncClient() as http:
                request = captured[0]
                again = await http.post(str(request.url), content=request.content, headers=request.headers)
                assert again.status_code == 401
                assert "it was used before" in again.json()["error"]["message"]
                other = await http.post(str(request.url), content=request.content + b" ", headers=_plain(request))
                assert other.status_code == 401
            await gateway.kill()
        async with serving(site) as gateway:
            async with httpx2.AsyncClient() as http:
                at = f"{gateway.url}/v1/chat/completions"
                again = await http.post(at, content=captured[0].content, headers=_plain(captured[0]))
                assert again.status_code == 401
                assert "before this gateway started" in again.json()["error"]["message"]
            assert await gateway.stop() == 0


def _plain(request: httpx2.Request) -> dict[str, str]:
    return {k: v for k, v in request.headers.items() if k not in ("content-length", "host")}


@pytest.mark.parametrize("user", ["alice"])
async def test_a_key_of_ones_own_has_nobody_behind_it(tmp_path: Path, user: str) -> None:
    async with upstream(scripts.model) as (url, _):
        site = signed_site(tmp_path / "site", url)
        async with serving(site) as gateway:
            assert (await said(gateway.url, signing(user))).startswith("no_shared_key")
            assert await said(gateway.url) == "permit"
            assert await gateway.stop() == 0
