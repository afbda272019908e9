"""An erasure ends content and no count: persons of erased uses go on counting, now and after a restart."""

from __future__ import annotations

from pathlib import Path

from brightline.record.entry import Kind
from tests.cli.sites import keep_people
from tests.gateway import scripts
from tests.live.metering import SOFT, metered_site
from tests.live.stage import serving, upstream
from tests.live.test_meters import ask
from tests.live.test_orders import decisions, said, there, until


async def test_persons_of_erased_uses_go_on_counting(tmp_path: Path) -> None:
    async with upstream(scripts.model) as (url, _):
        site = metered_site(tmp_path / "site", url)
        keep_people(site.folder)
        async with serving(site) as gateway:
            assert [await ask(gateway, f"Ann {n}") for n in range(SOFT - 1)] == ["permit"] * (SOFT - 1)
            await until(lambda: len(decisions(site)) == SOFT - 1)
            # 1. a spill: the content of a use that touched a person is erased while the gateway runs
            spilt = decisions(site)[0]
            done = await said(site, "erase", str(spilt))
            assert done.get("erased") == [spilt], done
            assert not there(site, spilt)
            assert [await ask(gateway, "Bob 1"), await ask(gateway, "Ann 0")] == ["use_held", "permit"]
            await gateway.kill()
        # 2. the recount, out of a record that lacks that content
        async with serving(site) as gateway:
            assert [await ask(gateway, "Bob 1"), await ask(gateway, "Ann 0")] == ["use_held", "permit"]
            assert await gateway.stop() == 0
        assert [e.kind for e in site.entries()].count(Kind.ERASURE) == 1
