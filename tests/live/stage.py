"""A site of its own in a folder, a real `brightline serve` process on it, and a scripted model server beside the test.

The parties' keys are the tests' own; the terms are those of tests/gateway/stage.py, so that each purpose there is
permitted, held, asked about or denied.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from brightline.agreement import Agreement, Log, Model, Terms
from brightline.gateway.wire import Handler, Server
from brightline.gateway.wire import serve as listen
from brightline.keys import SigningKey
from brightline.record.entry import ENTRY_BYTES, Entry, unpack
from brightline.storage.published import Published
from brightline.terms import Pack, read_pack
from brightline.vocabulary import module
from tests.agreement.founding import CUSTOMER, VENDOR, agreement, signed
from tests.cli.shell import SOURCE, Said, Shell
from tests.gateway.stage import PURPOSES
from tests.gateway.stage import TERMS as CLAUSES

ORIGIN = "department.example/gateway-1"
LOG_KEY = SigningKey.new(ORIGIN, bytes([9]) * 32)
SITE_KEY = bytes([7]) * 32
API_KEY = "bl-live-test"
MODEL = "tiny"
MODEL_DIGEST = "sha256:" + "6d" * 32
TIME_LIMIT = 120  # seconds after which a process that hangs fails the test


@cache
def pack() -> Pack:
    about = 'title = "The terms of these tests"\n\n[components]\n"army/g2" = "intelligence staff"\n\n[vocabulary]\n'
    about += "".join(f'{name} = "{module(name).digest}"\n' for name in ("core", "defence"))
    return read_pack("live", {"terms.toml": about, "terms.cedar": CLAUSES})


def agreed(**changes: Any) -> Agreement:
    """The agreement of these sites, between the tests' vendor and department."""
    words = pack().terms.scope.vocabulary
    made: dict[str, Any] = {
        "terms": Terms(digest=pack().terms.digest, files=dict(pack().files)),
        "vocabulary": {m.name: m.digest for m in words.modules},
        "models": (Model(name=MODEL, digest=MODEL_DIGEST, family="tiny"),),
        "logs": (Log(origin=ORIGIN, key=LOG_KEY.public),),
    }
    return agreement(**{**made, **changes})


@dataclass(frozen=True)
class Site:
    """A folder as an operator has it: brightline.toml, agreement, keys."""

    folder: Path

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def shell(self) -> Shell:
        return Shell(self.folder)

    def refused(self) -> str:
        """The sentence of a `serve` that does not start; one that does is stopped again, and fails the test."""
        stop = threading.Timer(20, os.kill, (os.getpid(), signal.SIGTERM))
        stop.start()
        try:
            return self.shell.fails("serve")
        finally:
            stop.cancel()

    def entries(self) -> list[Entry]:
        """What is published of the record."""
        data = b"".join(Published(self.data / "log").entries())
        return [unpack(data[i : i + ENTRY_BYTES]) for i in range(0, len(data), ENTRY_BYTES)]

    def verified(self, bundle: str, *earlier: Path) -> dict[str, Any]:
        """Export a bundle of this name and verify it, as vendor with the parties' keys known: it must verify."""
        export = self.shell("evidence", "export", "-o", bundle, "--json")
        assert export.status == 0, export.err
        said = self.verdict(bundle, *earlier)
        assert said.status == 0, said.out
        return said.document

    def verdict(self, bundle: str, *earlier: Path) -> Said:
        keys = ("--vendor-key", str(VENDOR.public), "--customer-key", str(CUSTOMER.public))
        kept = [word for path in earlier for word in ("--earlier", str(path))]
        return self.shell("verify", bundle, "--agreement", "agreement.json", *keys, *kept, "--json")


def make_site(
    folder: Path,
    upstream: str,
    *,
    limits: Mapping[str, float] | None = None,
    actor: str = "",
    paper: Agreement | None = None,
    models: str = f'{MODEL} = "tiny-on-upstream"',
    top: str = "oracle_share = 0.05",
) -> Site:
    """Write a site that listens on a free port and forwards to `upstream`. `actor`: more lines of the actor's table."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "agreement.json").write_bytes(signed(paper or agreed(), VENDOR, CUSTOMER).to_bytes())
    (folder / "log.key").write_text(LOG_KEY.secret_text())
    (folder / "site.key").write_text(SITE_KEY.hex())
    for name in ("log.key", "site.key"):
        (folder / name).chmod(0o600)
    purposes = [f'[purposes.{name}]\nactivity = "{activity}"\n' for name, (activity, _) in PURPOSES.items()]
    digest = hashlib.sha256(API_KEY.encode()).hexdigest()
    (folder / "brightline.toml").write_text(f"""\
listen = "127.0.0.1:0"
data = "data"
agreement = "agreement.json"
log_key = "log.key"
site_key = "site.key"
{top}

[parties]
vendor = "{VENDOR.public}"
customer = "{CUSTOMER.public}"

[upstream]
url = "{upstream}"

[models]
{models}

[limits]
{"".join(f"{name} = {value}{chr(10)}" for name, value in (limits or {}).items())}
{"".join(purposes)}
[[actors]]
name = "g2/analyst-7"
component = "army/g2"
key_sha256 = "{digest}"
purposes = {json.dumps(list(PURPOSES))}
{actor}
""")
    return Site(folder)


@dataclass
class Gateway:
    """A `brightline serve` process that listens."""

    url: str
    port: int
    process: asyncio.subprocess.Process
    log: Path
    pid: int = field(init=False)

    def __post_init__(self) -> None:
        self.pid = self.process.pid

    async def kill(self) -> None:
        """As a power switch would: no handler runs, nothing is flushed."""
        self.process.kill()
        await self.process.wait()

    async def stop(self) -> int:
        """SIGTERM, and its exit status."""
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
        return await asyncio.wait_for(self.process.wait(), TIME_LIMIT)

    @property
    def said(self) -> str:
        """Everything on its stderr so far."""
        return self.log.read_text("utf-8", "replace")

    def memory(self) -> int:
        """Resident bytes of the process."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise AssertionError("no VmRSS")


@asynccontextmanager
async def serving(
    site: Site, *, launcher: Sequence[str] = ("-m", "brightline.cli"), env: Mapping[str, str] | None = None
) -> AsyncIterator[Gateway]:
    """Start the gateway of a site and wait until it says that it is ready; stop it, if the test has not."""
    log = site.folder / "gateway.log"
    with log.open("ab") as errors:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *launcher,
            "serve",
            "--json",
            cwd=site.folder,
            env={**os.environ, "PYTHONPATH": f"{SOURCE}:{SOURCE.parent}", **(env or {})},
            stdout=subprocess.PIPE,
            stderr=errors,
        )
    try:
        assert process.stdout is not None
        line = await asyncio.wait_for(process.stdout.readline(), TIME_LIMIT)
        assert line, f"the gateway ended {await process.wait()}: {log.read_text('utf-8', 'replace')[-2000:]}"
        url = json.loads(line)["ready"]
        yield Gateway(url, int(url.rpartition(":")[2]), process, log)
    finally:
        if process.returncode is None:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), TIME_LIMIT)
            except TimeoutError:
                process.kill()
                raise


async def refused_start(site: Site) -> str:
    """Start a gateway that must end 2 by itself; returns its one sentence."""
    process = site.shell.process("serve", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    out, err = await asyncio.to_thread(process.communicate, timeout=TIME_LIMIT)
    said = Said(process.returncode, out.decode(), err.decode())
    assert said.status == 2, said
    return said.err.removeprefix("brightline: ").rstrip("\n")


@asynccontextmanager
async def upstream(script: Handler, port: int = 0) -> AsyncIterator[tuple[str, Server]]:
    """A model server in this process that answers by `script` (tests/gateway/scripts.py)."""
    server = await listen(script, "127.0.0.1", port)
    try:
        yield "http://{}:{}".format(*server.address), server
    finally:
        await server.drain(2)


@contextmanager
def snapshot(folder: Path) -> Iterator[None]:
    """Nothing in the folder changes meanwhile: no file made, altered or taken away."""
    before = contents(folder)
    yield
    assert contents(folder) == before


def contents(folder: Path) -> dict[str, bytes | None]:
    return {str(p.relative_to(folder)): p.read_bytes() if p.is_file() else None for p in sorted(folder.rglob("*"))}
