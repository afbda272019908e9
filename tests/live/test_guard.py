"""`brightline guard` as a process: it says where it listens, refuses a bypass, and stops when told to."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
from pathlib import Path

from brightline.gateway.wire import Upstream, serve
from brightline.keys import SigningKey
from brightline.record.receipt import HEADER, digest_of, issue
from tests.live.engines import Engine
from tests.live.stage import TIME_LIMIT

KEY = SigningKey.new("department.example/g1", bytes([9]) * 32)
PATH, BODY = b"/v1/chat/completions", b"{}"


async def test_it_guards_until_it_is_told_to_stop(tmp_path: Path) -> None:
    engine = Engine()
    behind = await serve(engine, "127.0.0.1", 0)
    (tmp_path / "log.pub").write_text(str(KEY.public))
    url = "http://{}:{}".format(*behind.address)
    words = ("guard", "--engine", url, "--log-key", "log.pub", "--listen", "127.0.0.1:0", "--json")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "brightline.cli", *words, cwd=tmp_path, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        ready = json.loads(await asyncio.wait_for(process.stdout.readline(), TIME_LIMIT))
        assert (ready["engine"], ready["log"]) == (url, str(KEY.public))
        await asyncio.sleep(1.1)  # receipts are in whole seconds: none is older than the guard
        client = Upstream(ready["ready"])
        receipt = (HEADER, issue(KEY, 7, digest_of(b"POST", PATH, BODY), time.time()))
        for headers, status in (([], 403), ([receipt], 200), ([receipt], 403)):
            with await client.send(b"POST", PATH, headers, BODY) as response:
                assert response.status == status
        assert engine.calls == 1
        client.close()
    finally:
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), TIME_LIMIT) == 0
        await behind.drain(5)
