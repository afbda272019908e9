"""Distinct persons through a running gateway: scenario rows E01 to E04, E06 and E08, with made-up people (simulations).

They show that the gateway counts a known number right, not how often real people do such things.
"""

from __future__ import annotations

import asyncio
import random
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest

from brightline.meters import bounds
from tests.gateway import scripts
from tests.live.clients import openai_client
from tests.live.metering import HARD, METERS, SOFT, counted, key, metered_site, naming, private
from tests.live.stage import Gateway, refused_start, serving, upstream


async def ask(gateway: Gateway, *people: str, account: int = 0, purpose: str = "trace") -> str:
    """One use through the real SDK; what came of it: `permit`, or the refusal's code."""
    async with openai_client(gateway.url, key(account)) as client:
        try:
            await client.chat.completions.create(**naming(*people), extra_headers={"Brightline-Purpose": purpose})
        except openai.PermissionDeniedError as e:
            body: Any = e.body
            return str(body["code"])
    return "permit"


async def test_single_look_ups_add_up_the_same_person_once_and_a_list_at_once(tmp_path: Path) -> None:
    async with upstream(scripts.model) as (url, _):
        site = metered_site(tmp_path / "site", url)
        async with serving(site) as gateway:
            # E03: one person, many times
            assert {await ask(gateway, "Ann 0") for _ in range(3 * HARD)} == {"permit"}
            # E01: one after another, each innocuous
            alone = [await ask(gateway, f"Ann {n}") for n in range(1, 2 * HARD)]
            assert Counter(alone) == {"permit": SOFT - 2, "use_held": 2 * HARD - SOFT + 1}
            # E04: one request with 50,000 names
            assert await ask(gateway, *(f"Bob {n}" for n in range(50_000))) == "use_denied"
            # who is counted already may be looked up again, and ordinary work is not counted
            assert await ask(gateway, "Ann 3") == "permit"
            assert await ask(gateway, *(f"Bob {n}" for n in range(30)), purpose="permit") == "permit"
            page = httpx2.get(f"{gateway.url}/metrics").text
            assert f'brightline_persons{{purpose="trace"}} {SOFT - 1}.0' in page
            assert f'brightline_persons_limit{{limit="hard"}} {HARD}.0' in page
            assert "Ann" not in page
            assert await gateway.stop() == 0
        state, _ = counted(site)
        assert {len(c.seen) for c in state.counters.values()} == {SOFT - 1}
        assert not state.open
        ways = [f["counted"] for f in private(site) if "counted" in f]
        assert Counter(ways)[b"list=50000"] == 1
        assert not any(b"Ann" in b or b"Bob" in b for f in private(site) for n, b in f.items() if n != "content")
        assert site.verified("b.zip")["verified"]


async def test_forty_accounts_in_three_components_are_one_purpose(tmp_path: Path) -> None:
    """E02; the order in which they come is drawn with a fixed seed."""
    async with upstream(scripts.model) as (url, _):
        site = metered_site(tmp_path / "site", url, accounts=40)
        async with serving(site) as gateway:
            uses = [(n % 40, f"Person {n}") for n in range(80)]
            random.Random(20).shuffle(uses)
            found = [await ask(gateway, who, account=account) for account, who in uses]
            assert found == ["permit"] * (SOFT - 1) + ["use_held"] * (80 - SOFT + 1)


async def test_exactly_one_of_many_at_once_takes_the_last_free_place(tmp_path: Path) -> None:
    """E08."""
    async with upstream(scripts.model) as (url, _):
        site = metered_site(tmp_path / "site", url, accounts=30)
        async with serving(site) as gateway:
            assert await ask(gateway, *(f"Ann {n}" for n in range(SOFT - 2))) == "permit"
            found = await asyncio.gather(*(ask(gateway, f"Bob {n}", account=n) for n in range(30)))
            assert Counter(found)["permit"] <= 1, "never two"
            # whoever was refused gave the place back
            if "permit" not in found:
                assert await ask(gateway, "Cid 1") == "permit"
            assert await ask(gateway, "Dan 1") == "use_held"


async def test_kill_and_restart_keep_the_counts_and_an_older_private_side_is_noticed(tmp_path: Path) -> None:
    """E06."""
    async with upstream(scripts.model) as (url, _):
        site = metered_site(tmp_path / "site", url)
        async with serving(site) as gateway:
            assert await ask(gateway, *(f"Ann {n}" for n in range(4))) == "permit"
            await gateway.kill()
        shutil.copytree(site.data / "private", tmp_path / "older")
        async with serving(site) as gateway:
            assert await ask(gateway, *(f"Bob {n}" for n in range(5))) == "permit"
            await gateway.kill()
        async with serving(site) as gateway:
            assert [await ask(gateway, "Cid 1"), await ask(gateway, "Ann 1", "Bob 1")] == ["use_held", "permit"]
            assert await gateway.stop() == 0
        # another secret would count everybody anew
        (site.folder / "meter.secret").write_text("5f" * 32)
        assert "counted under another secret" in await refused_start(site)
        (site.folder / "meter.secret").write_text("5e" * 32)
        shutil.rmtree(site.data / "private")
        shutil.copytree(tmp_path / "older", site.data / "private")
        assert "private" in await refused_start(site)


async def test_counts_go_on_from_where_the_record_says_that_they_stood(tmp_path: Path) -> None:
    """E06 over snapshots: what a start reads is bounded, and counts as all of the record does."""
    launcher = (str(Path(__file__).with_name("short_epochs.py")),)
    async with upstream(scripts.model) as (url, _):
        site = metered_site(tmp_path / "site", url, more=METERS + '\n[prices.tiny]\ninput = "1"\noutput = "1"\n')
        for life in range(3):
            async with serving(site, launcher=launcher) as gateway:
                assert [await ask(gateway, f"Ann {3 * life + n}") for n in range(3)] == ["permit"] * 3
                await gateway.kill()
        async with serving(site, launcher=launcher) as gateway:
            assert [await ask(gateway, "Bob 1"), await ask(gateway, "Ann 1")] == ["use_held", "permit"]
            assert f"{SOFT - 1}.0" in httpx2.get(f"{gateway.url}/metrics").text
            assert await gateway.stop() == 0
        stood = [f for f in private(site) if "meter.state" in f]
        assert len(stood) >= 2
        state, _ = counted(site)  # the fold over all batches
        assert {len(c.seen) for c in state.counters.values()} == {SOFT - 1}
        assert site.verified("b.zip")["verified"]


async def test_without_a_secret_the_meter_is_missing_and_the_terms_say_what_then(tmp_path: Path) -> None:
    async with upstream(scripts.model) as (url, _):
        site = metered_site(tmp_path / "site", url, more="")
        async with serving(site) as gateway:
            assert await ask(gateway, "Ann 1") == "use_held"
            assert await ask(gateway, "Ann 1", purpose="permit") == "permit"
            assert await gateway.stop() == 0
        assert {f["fact.meter"] for f in private(site) if "fact.meter" in f} == {b"missing observed"}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (METERS.replace("meter.secret", "nowhere"), "cannot be read"),
        (METERS.replace("meter.secret", "site.key") + "days = 0", "days is a whole number from 1"),
        (METERS + "hours = 3", "no setting 'hours'"),
        ("\n[prices.huge]\ninput = '1'\noutput = '1'\n", "the agreement names no such model"),
        ("\n[prices.tiny]\ninput = 'much'\noutput = '1'\n", "no amount of money"),
        ("\n[prices.tiny]\ninput = '1'\noutput = '1'\n[money]\noficial = 'x'\n", "no setting 'oficial'"),
        ("\n[prices.tiny]\ninput = '1'\noutput = '1'\n[money]\nofficial = 'treasurer'\n", "no role is called"),
        ("\n[screen]\nthresholds = 'log.key'\n", "log.key"),
    ],
)
def test_settings_that_cannot_be_are_refused_before_the_record_is_touched(
    tmp_path: Path, wrong: str, said: str
) -> None:
    site = metered_site(tmp_path / "site", "http://127.0.0.1:9", more=wrong)
    assert said in site.refused()
    assert not site.data.exists()


def test_two_sites_are_between_the_greater_and_the_sum() -> None:
    """E07 is a merge of exports (tests/meters/test_union.py); from two counts alone only so much follows."""
    assert bounds([SOFT - 1, SOFT - 1]) == (SOFT - 1, 2 * SOFT - 2)
