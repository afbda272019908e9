"""Orders to a running gateway: a spill and a hold while calls go on; a kill in between loses nothing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

from brightline.record.body import unpack as unpack_body
from brightline.record.entry import Kind
from brightline.storage.disk import Looking
from brightline.storage.vault import Vault
from tests.cli.sites import keep_people
from tests.gateway import scripts
from tests.live.clients import Raw
from tests.live.stage import SITE_KEY, Site, agreed, make_site, serving, upstream


async def said(site: Site, *words: str, by: str = "quinn") -> dict[str, object]:
    order = ("--key", f"{by}.key", "--roster", "roster.json", "--reason", "a spill", "--json")
    process = site.shell.process("evidence", *words, *order, stdout=-1, stderr=-1)
    out, err = await asyncio.to_thread(process.communicate, timeout=60)
    assert process.returncode in (0, 2), err
    return json.loads(out) if process.returncode == 0 else {"refused": err.decode()}


def there(site: Site, entry: int) -> bool:
    vault = Vault(site.data / "private", SITE_KEY, Looking())
    try:
        return vault.opened(entry) is not None
    finally:
        vault.close()


async def test_a_spill_while_calls_go_on(tmp_path: Path) -> None:
    async with upstream(scripts.model) as (url, _):
        site = make_site(tmp_path / "site", url, paper=agreed())
        keep_people(site.folder)
        async with serving(site) as gateway:
            async with Raw(gateway.port) as raw:
                for _ in range(3):
                    assert (await raw.call()).status == 200
            found = await wait_for_decision(site)
            site.verified("before.bundle")
            assert there(site, found)
            done = await said(site, "erase", str(found))
            assert done["gateway_running"] is True
            assert done["erased"] == [found]
            assert not there(site, found), "gone when the answer came"
            # What may not be is refused by whoever gives the order, and changes nothing.
            assert "may not order this" in str((await said(site, "erase", str(found + 1), by="ames"))["refused"])
            held = await said(site, "hold", "case", by="ames")
            assert held["recorded"]
            assert "legal hold 'case'" in str((await said(site, "erase", str(found + 1)))["refused"])
            async with Raw(gateway.port) as raw:
                assert (await raw.call()).status == 200, "it serves on"
            assert await gateway.stop() == 0
        assert not list((site.data / "orders").glob("*.order"))
        site.verified("after.bundle")
        assert site.verdict("before.bundle").status == 0
        kinds = [e.kind for e in site.entries()]
        assert kinds.count(Kind.ERASURE) == 1
        erasure = next(e for e in site.entries() if e.kind == Kind.ERASURE)
        assert unpack_body(Kind.ERASURE, erasure.body)[0] == found
        # The hold outlives the gateway: it is in the record.
        async with serving(site):
            assert "legal hold 'case'" in str((await said(site, "erase", str(found + 1)))["refused"])


async def test_an_order_outlives_a_kill(tmp_path: Path) -> None:
    """Put there while nobody looks: the next gateway carries it out."""
    async with upstream(scripts.model) as (url, _):
        site = make_site(tmp_path / "site", url, paper=agreed())
        keep_people(site.folder)
        async with serving(site) as gateway:
            async with Raw(gateway.port) as raw:
                assert (await raw.call()).status == 200
            decision = await wait_for_decision(site)
            gateway.process.send_signal(19)  # SIGSTOP: it holds the record, and answers nobody
            asking = asyncio.create_task(said(site, "erase", str(decision)))
            await until(lambda: bool(list((site.data / "orders").glob("*.order"))))
            await gateway.kill()
            async with serving(site):
                assert (await asking)["erased"] == [decision]
        assert not there(site, decision)
        site.verified("after.bundle")


async def wait_for_decision(site: Site) -> int:
    """Until the gateway has published a decision."""
    await until(lambda: bool(decisions(site)))
    return decisions(site)[0]


def decisions(site: Site) -> list[int]:
    return [e.sequence for e in site.entries() if e.kind == Kind.DECISION]


async def until(happened: Callable[[], bool]) -> None:
    """Another process does it: there is nothing to wait on but the files."""
    while not happened():  # noqa: ASYNC110
        await asyncio.sleep(0.1)
