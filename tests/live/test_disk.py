"""The record's disk fails while the gateway serves: nothing is answered without a record, and a restart goes on."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import anthropic
import openai
import pytest

from brightline.record.body import OutcomeStatus
from tests.gateway import scripts
from tests.live.clients import (
    CHAT,
    MESSAGES,
    Ledger,
    Raw,
    Seen,
    anthropic_call,
    anthropic_client,
    assert_recorded,
    openai_call,
    openai_client,
    settled,
)
from tests.live.stage import Gateway, Site, make_site, serving, upstream
from tests.live.test_drain import Held

LAUNCHER = str(Path(__file__).with_name("failing_disk.py"))
FAULTS = [
    ("pwrite", errno.ENOSPC, "/journal/"),
    ("fdatasync", errno.EIO, "/journal/"),
    ("pwrite", errno.ENOSPC, "/private/content/"),
    ("fdatasync", errno.EIO, "/private/keys"),
]


@pytest.mark.parametrize(("call", "code", "part"), FAULTS)
async def test_no_record_no_answer(tmp_path: Path, call: str, code: int, part: str) -> None:
    ledger, model, order = Ledger(), Held(), tmp_path / "order"
    async with upstream(model) as (url, server):
        site = make_site(tmp_path / "site", url)
        async with serving(site, launcher=(LAUNCHER, str(order))) as gateway, Raw(gateway.port, ledger) as begun:
            # 1. a stream has begun when the disk fails
            seen = await begun.begin()
            await model.begun.acquire()
            order.write_text(f"{call} {code} {part}")
            # 2. from then on: 503 on every path, and nothing reaches the model
            await assert_refuses(gateway, os.strerror(code))
            # 3. a stream whose end cannot be recorded has none that a client could take for one
            model.go_on.set()
            with pytest.raises((OSError, EOFError)):
                async for _ in begun.pieces(seen):
                    pass
            assert b"[DONE]" not in seen.body
            # 4. nobody knows what the disk holds, so it stays so until the record has been read back
            order.unlink()
            await assert_refuses(gateway, os.strerror(code))
            assert server.clients <= 1
            assert model.begun.locked()
            assert await gateway.stop() == 0
        # 5. a restart goes on, and knows of everything that was told
        async with serving(site) as gateway, Raw(gateway.port, ledger) as raw:
            for path in (CHAT, MESSAGES):
                assert (await raw.call(path)).status == 200
        assert_recorded(ledger, site.entries())
        assert seen.index is not None
        assert settled(site.entries())[seen.index] is OutcomeStatus.INTERRUPTED
        site.verified("evidence.bundle")


async def assert_refuses(gateway: Gateway, why: str) -> None:
    """503 in the shape of either API, to raw clients and to the SDKs, whatever would have been decided."""
    async with Raw(gateway.port) as raw:
        for path in (CHAT, MESSAGES):
            for stream in (False, True):
                for purpose in ("permit", "deny"):
                    seen = await raw.call(path, stream=stream, purpose=purpose)
                    assert_unavailable(path, seen)
        # What a probe, and so an operator, sees.
        ready = await raw.get("/readyz")
        assert ready.status == 503
        assert why in ready.document["fault"]
        assert (await raw.get("/healthz")).status == 200
    async with openai_client(gateway.url) as chat, anthropic_client(gateway.url) as messages:
        for stream in (False, True):
            with pytest.raises(openai.InternalServerError):
                await openai_call(chat, Ledger(), stream=stream)
            with pytest.raises(anthropic.InternalServerError):
                await anthropic_call(messages, Ledger(), stream=stream)


def assert_unavailable(path: str, seen: Seen) -> None:
    assert seen.status == 503, seen
    assert seen.index is None  # no receipt for what is not recorded
    error = seen.document["error"]
    assert "record" in error["message"]
    assert "/" not in error["message"]  # no path of ours
    if path == CHAT:
        assert (error["type"], error["code"]) == ("server_error", "unavailable")
    else:
        assert (seen.document["type"], error["type"]) == ("error", "api_error")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 8 MiB; only root may make one."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "brightline-test", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("only root can mount a small file system here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


async def test_a_disk_that_is_really_full(small_disk: Path) -> None:
    ledger = Ledger()
    async with upstream(scripts.model) as (url, _):
        site = make_site(small_disk, url)
        async with serving(site) as gateway:
            filled_with(site)
            async with Raw(gateway.port, ledger) as raw:
                answered = 0
                while (seen := await raw.call(MESSAGES)).status == 200:
                    answered += 1
            assert_unavailable(MESSAGES, seen)
            await assert_refuses(gateway, os.strerror(errno.ENOSPC))
        (small_disk / "filler").unlink()
        async with serving(site) as gateway, Raw(gateway.port, ledger) as raw:
            assert (await raw.call()).status == 200
    ledger.seen.remove(seen)
    assert_recorded(ledger, site.entries())
    assert answered


def filled_with(site: Site) -> None:
    """Fill the disk to the last block; what the gateway has written zeros to already stays its own."""

    def fill() -> None:
        with (site.folder / "filler").open("wb", buffering=0) as filler:
            while True:
                filler.write(bytes(4096))

    with pytest.raises(OSError, match="No space left"):
        fill()
