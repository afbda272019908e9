"""The kernel fails or kills a serving gateway at a write, sync or rename of its record (`strace --inject`).

tests/storage/test_injected.py hits every call in turn; here a few are hit under real load, threads and all.
"""

from __future__ import annotations

import asyncio
import errno
import os
from pathlib import Path

import pytest

from tests.gateway import scripts
from tests.live.clients import CHAT, Ledger, Raw, assert_recorded
from tests.live.stage import Gateway, make_site, serving, upstream
from tests.live.test_backup_drill import load

# The AT-th such call of whichever thread makes so many: the start makes a dozen, each batch a few.
HITS = [
    ("pwrite64", "ENOSPC", 40), ("fdatasync", "EIO", 30), ("fdatasync", "KILL", 45), ("pwrite64", "KILL", 80),
    ("rename", "KILL", 9),
]  # fmt: skip
STRACE = """
import os, sys
call, how, at = sys.argv[1:4]
how = "signal=KILL" if how == "KILL" else f"error={how}"
tracing = ["-D", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={call}:{how}:when={at}"]
os.execvp("strace", ["strace", *tracing, sys.executable, "-m", "brightline.cli", *sys.argv[4:]])
"""


@pytest.mark.extras
@pytest.mark.parametrize(("call", "fault", "at"), HITS)
async def test_no_answer_without_a_record(tmp_path: Path, call: str, fault: str, at: int) -> None:
    ledger = Ledger()
    async with upstream(scripts.model) as (url, _):
        site = make_site(tmp_path, url)
        async with serving(site, launcher=("-c", STRACE, call, fault, str(at))) as gateway:
            async with load(gateway, ledger):
                await fault_shows(gateway, ledger)
            if fault != "KILL":
                # What failed is said to whoever asks, and nothing more is answered.
                async with Raw(gateway.port) as raw:
                    assert (await raw.call(CHAT)).status == 503
                    ready = await raw.get("/readyz")
                    assert (ready.status, os.strerror(getattr(errno, fault)) in ready.document["fault"]) == (503, True)
        # The doctor finds no damage, and a start goes on with all that was told.
        said = await asyncio.to_thread(site.shell, "doctor", "--json")
        checks = {check["name"]: check["ok"] for check in said.document["checks"]}
        assert checks["record"]
        assert checks["private side"]
        async with serving(site) as gateway, Raw(gateway.port) as raw:
            assert (await raw.call()).status == 200
    unavailable = [seen for seen in ledger.seen if seen.status == 503]
    assert all(seen.index is None for seen in unavailable)
    ledger.seen = [seen for seen in ledger.seen if seen.status != 503]
    assert ledger.seen
    assert_recorded(ledger, site.entries())
    site.verified("evidence.bundle")


async def fault_shows(gateway: Gateway, ledger: Ledger) -> None:
    """Return when the process was killed, or has answered 503."""
    async with asyncio.timeout(60):
        while gateway.process.returncode is None and all(  # noqa: ASYNC110 - the ledger is a list, not a bell
            seen.status != 503 for seen in ledger.seen
        ):
            await asyncio.sleep(0.01)
