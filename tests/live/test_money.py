"""Money through a running gateway: scenario row G12."""

from __future__ import annotations

import asyncio
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx2
import openai
from prometheus_client.parser import text_string_to_metric_families

from brightline.agreement import Ceiling
from brightline.gateway.wire import Reply, Request
from brightline.meters.prices import PICO
from tests.gateway import scripts
from tests.live.clients import openai_client
from tests.live.metering import generous, key, metered_site, naming, spent
from tests.live.stage import Gateway, serving, upstream

PRICES = '\n[prices.tiny]\ninput = "1"\noutput = "1"\nmost_output = 64\n'  # a millionth of a dollar a token
FUNDED = Ceiling(currency="USD", amount=Decimal(4), funded=Decimal(2))
NEARLY = 1_999_800  # of two million tokens


async def spend(gateway: Gateway, tokens: int, account: int = 0) -> tuple[str, str]:
    """One call that takes so many tokens, and 11 of input: (`permit` or code, text)."""
    async with openai_client(gateway.url, key(account)) as client:
        try:
            call = naming("x", max_tokens=tokens)
            await client.chat.completions.create(**call, extra_headers={"Brightline-Purpose": "permit"})
        except openai.PermissionDeniedError as e:
            body: Any = e.body
            return str(body["code"]), str(body["brightline"]["text"])
    return "permit", ""


async def test_fifty_calls_at_once_near_the_end_of_the_funds_never_pass_them(tmp_path: Path) -> None:
    async with upstream(generous) as (url, _):
        site = metered_site(tmp_path / "site", url, accounts=50, more=PRICES, ceiling=FUNDED)
        async with serving(site) as gateway:
            assert (await spend(gateway, NEARLY - 11))[0] == "permit"
            assert "75 %" in gateway.said
            assert "85 %" in gateway.said
            found = await asyncio.gather(*(spend(gateway, 4, n) for n in range(50)))
            codes = Counter(code for code, _ in found)
            assert codes["permit"] + codes["use_held"] == 50
            assert codes["use_held"] > 0
            page = httpx2.get(f"{gateway.url}/metrics")
            assert page.headers["content-type"].startswith("text/plain; version=0.0.4")
            told = {f.name: f for f in text_string_to_metric_families(page.text)}
            amounts = {s.labels["amount"]: s.value for s in told["brightline_funds"].samples}
            assert (amounts["funded"], amounts["ceiling"], amounts["reserved"]) == (2, 4, 0)
            assert 1.9998 <= sum(s.value for s in told["brightline_spent"].samples) <= 2
            decided = {s.labels["outcome"]: s.value for s in told["brightline_decisions"].samples}
            assert decided == {"permit": 1 + codes["permit"], "hold": codes["use_held"], "ask": 0, "deny": 0}
            assert sum(s.value for s in told["brightline_screen_texts"].samples) == 51 + 1 + codes["permit"]
            text = next(text for code, text in found if code == "use_held")
            assert "official may let it go on" in text
            assert await gateway.stop() == 0
        money = spent(site)
        assert money.funded == 2 * PICO
        assert NEARLY * 10**6 <= money.spent <= money.funded
        assert money.spent * 10_000 >= money.funded * 9_999, "at 99.99 % of the funds"
        assert money.reserved == 0
        assert money.noticed == {75, 85}
        assert sum(money.by_component.values()) == money.spent
        assert site.verified("b.zip")["verified"]


async def test_what_was_spent_outlives_a_kill_and_a_call_under_way_is_booked_whole(tmp_path: Path) -> None:
    asked = asyncio.Event()

    async def stuck(request: Request, reply: Reply) -> None:
        if b"1000" in request.body:
            await generous(request, reply)
            return
        asked.set()
        await asyncio.sleep(60)

    async with upstream(stuck) as (url, _):
        site = metered_site(tmp_path / "site", url, more=PRICES, ceiling=FUNDED)
        async with serving(site) as gateway:
            assert (await spend(gateway, 1000))[0] == "permit"
            late = asyncio.create_task(spend(gateway, 50))
            await asked.wait()
            await gateway.kill()
            await asyncio.gather(late, return_exceptions=True)
        async with serving(site) as gateway:
            assert await gateway.stop() == 0
        money = spent(site)
        assert not money.open
        assert 1011 + 50 < money.spent / 10**6 < 1011 + 50 + 400, "its input is what its bytes could have been"


async def test_a_model_without_a_price_is_held_and_without_prices_nothing_is_counted(tmp_path: Path) -> None:
    async with upstream(scripts.model) as (url, _):
        site = metered_site(tmp_path / "site", url, more="", ceiling=FUNDED)
        async with serving(site) as gateway:
            assert (await spend(gateway, 5))[0] == "permit"
            assert await gateway.stop() == 0
        assert spent(site).calls == 0


async def test_a_ceiling_without_prices_is_said_at_the_start_and_where_readiness_is_asked(tmp_path: Path) -> None:
    async with upstream(generous) as (url, _):
        bare = metered_site(tmp_path / "bare", url, more="", ceiling=FUNDED)
        async with serving(bare) as gateway:
            ready = httpx2.get(f"{gateway.url}/readyz")
            assert (ready.status_code, ready.json()["status"]) == (200, "ready")
            assert "money is not counted" in ready.json()["money"]
            assert "money is not counted" in gateway.said
        priced = metered_site(tmp_path / "priced", url, more=PRICES, ceiling=FUNDED)
        async with serving(priced) as gateway:
            assert "money" not in httpx2.get(f"{gateway.url}/readyz").json()
            assert "money is not counted" not in gateway.said
