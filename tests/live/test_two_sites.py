"""E07 through two running gateways without a link, with made-up people whose number is known (a simulation).

Each site is under the limit, some people were looked up at both, and only the merge inside the customer finds the sum.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from brightline.meters import Export
from tests.gateway import scripts
from tests.live.metering import HARD, SOFT, metered_site
from tests.live.stage import Gateway, Site, serving, upstream
from tests.live.test_meters import ask

LAUNCHER = (str(Path(__file__).with_name("short_epochs.py")),)
EACH = SOFT - 1
"""Persons looked up at each site: none of the look-ups is held."""


def handed_over(site: Site) -> Path:
    return site.data / "statements" / "meters.export"


async def until_stated(site: Site) -> None:
    """Wait for the end of an epoch."""
    given = site.data / "statements" / "meters.json"
    for _ in range(1200):
        if handed_over(site).exists() and not given.exists():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("no epoch ended")


def stated(result: dict[str, Any]) -> list[dict[str, Any]]:
    return [e["statements"]["meters"] for e in result["totals"]["epochs"] if "meters" in e["statements"]]


async def look_up(gateway: Gateway, first: int, count: int) -> list[str]:
    return [await ask(gateway, f"Ann {n}") for n in range(first, first + count)]


async def test_two_sites_under_the_limit_are_past_it_together_and_the_evidence_says_so(tmp_path: Path) -> None:
    shared = 3
    persons = 2 * EACH - shared
    assert EACH < SOFT <= persons < HARD
    async with upstream(scripts.model) as (url, _):
        north, south = (metered_site(tmp_path / name, url) for name in ("north", "south"))
        # 1. each site lets all of it through, and hands its meters over at the end of an epoch by itself
        for site, first in ((north, 0), (south, EACH - shared)):
            async with serving(site, launcher=LAUNCHER) as gateway:
                assert await look_up(gateway, first, EACH) == ["permit"] * EACH
                handed_over(site).unlink(missing_ok=True)
                await until_stated(site)
                assert max(map(len, _export(site).scopes.values())) == EACH, "while it runs"
                assert await gateway.stop() == 0
            own = site.verified("alone.bundle")
            assert {s["sites"] for s in stated(own)} == {1}
            assert (stated(own)[-1]["highest"], stated(own)[-1]["at_soft"]) == (EACH, 0)
            assert stated(own)[-1]["exact"]
            assert "limit.exceeded" not in [f["code"] for f in own["findings"]]
        # 2. a disc carries the one to the other: the union is past the soft limit, and whoever is shared counts once
        (north.folder / "south.export").write_bytes(handed_over(south).read_bytes())
        merged = north.shell(
            "evidence", "meters", "data/statements/meters.export", "south.export",
            "-o", "data/statements/meters.json", "--json",
        ).document  # fmt: skip
        assert (merged["sites"], merged["highest"], merged["at_hard"]) == (2, persons, 0)
        assert merged["at_soft"] > 0
        assert not merged["exact"], "the sites stopped at other moments"
        # 3. the next epoch states it, and the vendor reads it in the bundle, with no name and no hash
        async with serving(north, launcher=LAUNCHER) as gateway:
            await until_stated(north)
            assert await gateway.stop() == 0
        told = north.verified("both.bundle")
        assert [(s["sites"], s["highest"]) for s in stated(told) if s["sites"] == 2] == [(2, persons)]
        assert "meters.bounded" in [f["code"] for f in told["findings"]]
        bundle = (north.folder / "both.bundle").read_bytes()
        hashes = {h for seen in _export(south).scopes.values() for h in seen}
        assert hashes
        assert not any(h in bundle or h.hex().encode() in bundle for h in hashes)
        assert b"Ann" not in bundle
        assert b"trace" not in bundle


async def test_sites_of_two_secrets_are_not_added_up(tmp_path: Path) -> None:
    """Under another secret everybody would count twice: it is refused, with the cure."""
    async with upstream(scripts.model) as (url, _):
        north, south = (metered_site(tmp_path / name, url) for name in ("north", "south"))
        (south.folder / "meter.secret").write_text("5f" * 32)
        for site in (north, south):
            async with serving(site) as gateway:
                assert await ask(gateway, "Ann 1") == "permit"
                assert await gateway.stop() == 0
        (north.folder / "south.export").write_bytes(handed_over(south).read_bytes())
        said = north.shell("evidence", "meters", "data/statements/meters.export", "south.export", "-o", "both.json")
        assert said.status == 2
        assert "the same meter secret" in said.err
        assert handed_over(north).stat().st_mode & 0o077 == 0


def _export(site: Site) -> Export:
    return Export.from_bytes(handed_over(site).read_bytes())
