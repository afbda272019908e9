"""The drill of docs/operations.md, by the very commands of the page, on a gateway under load."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from brightline.record.log import Disclosure
from brightline.storage.record import Record
from tests.gateway import scripts
from tests.live.clients import CHAT, MESSAGES, Ledger, Raw, assert_recorded
from tests.live.stage import LOG_KEY, SITE_KEY, SOURCE, Gateway, make_site, serving, upstream
from tests.live.test_doctor import DAMAGE
from tests.live.test_kill import assert_private_sides

PAGE = (SOURCE.parent / "docs" / "operations.md").read_text("utf-8")
COMMANDS = dict(re.findall(r"```sh ([a-z-]+)\n(.*?)```", PAGE, re.DOTALL))
CLIENTS = 12


@asynccontextmanager
async def load(gateway: Gateway, ledger: Ledger) -> AsyncIterator[None]:
    """Calls on both APIs, streamed and not, until the gateway ends or the test has enough."""

    async def client(number: int) -> None:
        with suppress(OSError, EOFError):
            async with Raw(gateway.port, ledger) as raw:
                while True:
                    await raw.call((CHAT, MESSAGES)[number % 2], stream=number % 4 < 2)

    tasks = [asyncio.create_task(client(number)) for number in range(CLIENTS)]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class Operator:
    """Somebody with a shell in the site's folder and the page at hand."""

    def __init__(self, folder: Path, site: Path) -> None:
        (folder / "bin").mkdir()
        brightline = folder / "bin" / "brightline"
        brightline.write_text(f'#!/bin/sh\nPYTHONPATH={SOURCE} exec {sys.executable} -m brightline.cli "$@"\n')
        brightline.chmod(0o755)
        path = f"{folder / 'bin'}:{os.environ['PATH']}"
        self.environment = {**os.environ, "PATH": path, "SITE": str(site), "COPY": str(folder / "copy")}

    async def does(self, name: str, *, status: int = 0) -> str:
        process = await asyncio.create_subprocess_exec(
            "bash", "-euc", COMMANDS[name], env=self.environment,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        out, _ = await asyncio.wait_for(process.communicate(), 120)
        assert process.returncode == status, out.decode()
        return out.decode()


async def test_back_up_restore_verify(tmp_path: Path) -> None:
    ledger = Ledger()
    async with upstream(scripts.model) as (url, _):
        site = make_site(tmp_path / "site", url)
        operator = Operator(tmp_path, site.folder)
        async with serving(site) as gateway:
            async with load(gateway, ledger):
                await ledger.grows(400)
                # 1 Back up, beside the load: what was answered until now must be in it.
                answered = list(ledger.seen)
                said = await operator.does("back-up")
                assert re.search(r"copy\n +\S+/copy: \d+ entries, read back whole", said)
                assert len(ledger.seen) > len(answered), "nobody was served meanwhile"
                await ledger.grows(300)
            assert await gateway.stop() == 0
        later = tmp_path / "later.checkpoint"  # what the vendor had fetched by then
        shutil.copy(site.data / "log" / "checkpoint", later)
        # 2 The disk is lost: restore, and start.
        said = await operator.does("restore")
        assert "private side" in said
        copied = int(re.findall(r"complete for (\d+) entries", said)[0])
        async with serving(site) as gateway:
            async with Raw(gateway.port) as raw:
                assert (await raw.call()).status == 200
            # 3 It verifies, and goes on from what was backed up.
            said = await operator.does("verify")
            assert "FAIL" not in said
        ledger.seen = [seen for seen in answered if seen.whole]
        assert_recorded(ledger, site.entries()[:copied])
        assert_private_sides(ledger, site, len(site.entries()))
        # 4 What came after the back-up is gone, and whoever kept a later checkpoint sees it.
        verdict = site.verdict("restored.bundle", later)
        assert verdict.status == 1
        assert not verdict.document["verified"]


def test_every_check_is_on_the_page(tmp_path: Path) -> None:
    site = make_site(tmp_path, "http://127.0.0.1:9")
    Record.open(site.data, LOG_KEY, SITE_KEY, Disclosure()).close()
    said = site.shell("doctor", "--copy", "copy", "--json")
    on_page = re.findall(r"^\| `([a-z ]+)` \|", PAGE.partition("### Damage")[0], re.MULTILINE)
    assert sorted(on_page) == sorted(check["name"] for check in said.document["checks"])


PHRASES = [
    phrase
    for row in PAGE.partition("### Damage of the record")[2].splitlines()
    if row.startswith("| `")
    for phrase in re.findall(r"`([^`]+)`", row.split("|")[1])
]


@pytest.mark.parametrize("damage", DAMAGE)
def test_every_refusal_has_a_row(damage: str) -> None:
    """tests/live/test_doctor.py shows that doctor and serve say these words of that damage."""
    words = DAMAGE[damage][2]
    assert any(phrase in words for phrase in PHRASES), words
