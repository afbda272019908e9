"""A gateway's exchange in this process: real wire, real codecs, real terms, a log in memory, a scripted upstream."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from brightline.agreement import Disclosure
from brightline.errors import StorageError
from brightline.gateway.access import ConfiguredAccess
from brightline.gateway.codec import ListedModel
from brightline.gateway.config import ActorConfig, Config, PurposeConfig, ToolConfig
from brightline.gateway.desk import NO_DESK, NoDesk
from brightline.gateway.exchange import Exchange
from brightline.gateway.metered import Metered
from brightline.gateway.pool import Pool, Server
from brightline.gateway.routes import Routes, refused
from brightline.gateway.standing import Standing
from brightline.gateway.tools import ConfiguredTools
from brightline.gateway.translate import Dialect, Speaks
from brightline.gateway.wire import Reply, Request, Upstream, serve
from brightline.record import body as bodies
from brightline.record.entry import ENTRY_BYTES, Entry, Kind, unpack
from brightline.record.log import Disclosure as Buckets
from brightline.record.log import Draft, Log
from brightline.terms import read_pack

MODEL = "tiny"
KEY = "bl-test-key"
TERMS = """
@id("T1") @title("Work is allowed") @text("All work is allowed.") @source("test")
permit (principal, action, resource);
@id("T2") @title("Decisions are noted") @text("Decisions about people are noted.") @source("test")
forbid (principal, action in Action::"decide", resource) unless { context.duties.contains("note") };
@id("T3") @title("Profiles need a person") @text("Profiles are held.") @source("test")
forbid (principal, action == Action::"surv.profile", resource) unless { context.approvals.contains("privacy_officer") };
@id("T4") @title("Bulk data are named") @text("The origin of bulk data is told.") @source("test")
forbid (principal, action == Action::"surv.bulk_analysis", resource)
when { context.data_origin == "unknown" || context.data_origin == "commercial_purchase" };
@id("T5") @title("No dissent") @text("Nobody is watched for speech.") @source("test")
forbid (principal, action == Action::"surv.dissent", resource);
"""
PURPOSES = {
    "permit": ("gen.office", {}),
    "note": ("decide.justice", {}),
    "hold": ("surv.profile", {}),
    "ask": ("surv.bulk_analysis", {}),
    "deny": ("surv.dissent", {}),
}


@dataclass(frozen=True, slots=True)
class Placed:
    origin: str
    index: int


@dataclass
class MemoryRecorder:
    """The real log state machine without a disk; `broken` makes it refuse, as a full disk would."""

    log: Log = field(default_factory=lambda: Log("test.example/log", Buckets(1, 1)))
    data: bytearray = field(default_factory=bytearray)
    drafts: list[Draft] = field(default_factory=list)
    broken: bool = False
    refuse_kinds: frozenset[type] = frozenset()

    def append(self, draft: Draft) -> asyncio.Future[Placed]:
        future: asyncio.Future[Placed] = asyncio.get_running_loop().create_future()
        if self.broken or type(draft.body) in self.refuse_kinds:
            future.set_exception(StorageError("no space left", place="/secret/path"))
            return future
        batch = self.log.batch(1_700_000_000)
        index = batch.add(draft, os.urandom(32))
        data = batch.data()
        self.log.commit(batch, data)
        self.data += data
        self.drafts.append(draft)
        future.set_result(Placed(self.log.origin, index))
        return future

    @property
    def entries(self) -> list[Entry]:
        return [unpack(bytes(self.data[i : i + ENTRY_BYTES])) for i in range(0, len(self.data), ENTRY_BYTES)]

    def statuses(self) -> list[bodies.OutcomeStatus]:
        """How the recorded calls ended."""
        return [bodies.OutcomeStatus(d.body.status) for d in self.drafts if isinstance(d.body, bodies.OutcomeBody)]

    def outcomes(self) -> list[int]:
        """What was decided, by code."""
        return [e.outcome for e in self.entries if e.kind == Kind.DECISION]


Script = Callable[[Request, Reply], Awaitable[None]]


@dataclass
class Stage:
    """`seen`: the requests that reached the upstream."""

    url: str
    recorder: MemoryRecorder
    exchange: Exchange
    seen: list[Request]


@asynccontextmanager
async def stage(
    script: Script,
    *,
    terms: str = TERMS,
    observe: bool = False,
    purposes: Mapping[str, tuple[str, dict[str, Any]]] | None = None,
    shared: bool = False,
    models: Mapping[str, bytes] | None = None,
    oracle_share: float = 1.0,
    tools: Mapping[str, ToolConfig] | None = None,
    speaks: Speaks = Speaks.BOTH,
    pool: Sequence[Server] = (),
    desk: NoDesk = NO_DESK,
    metered: Metered | None = None,
) -> AsyncIterator[Stage]:
    """A gateway on a free port in front of an upstream that answers by `script`."""
    seen: list[Request] = []

    async def upstream_handler(request: Request, reply: Reply) -> None:
        seen.append(request)
        await script(request, reply)

    upstream_server = await serve(upstream_handler, "127.0.0.1", 0)
    upstream = Upstream("http://{}:{}".format(*upstream_server.address))
    servers = pool or [Server(upstream, b"upstream-key", Dialect(speaks))]
    pack = read_pack("test.cedar", {"terms.cedar": terms})
    standing = _Standing(pack, None, models or {MODEL: b"m" * 32}, Disclosure(), observe)
    config = Config(
        tools=tools or {},
        purposes={n: PurposeConfig(n, a, f) for n, (a, f) in (purposes or PURPOSES).items()},
        actors=(
            ActorConfig(
                "desk/agent", "army/g2", hashlib.sha256(KEY.encode()).hexdigest(), tuple(purposes or PURPOSES), shared
            ),
        ),
    )
    recorder = MemoryRecorder()
    access = ConfiguredAccess(config, pack.terms.scope)
    exchange = Exchange(
        standing,
        access,
        recorder,
        Pool(*servers),
        {MODEL: "tiny-on-upstream"},
        oracle_share,
        tools=ConfiguredTools.of(config, pack.terms.scope.vocabulary),
        desk=desk,
        metered=metered or Metered(),
    )
    routes = Routes(
        exchange, (ListedModel(name=MODEL, owner="vendor"),), lambda: "disk full" if recorder.broken else ""
    )
    server = await serve(routes, "127.0.0.1", 0, refusal=refused)
    try:
        yield Stage("http://{}:{}".format(*server.address), recorder, exchange, seen)
    finally:
        await server.drain(5)
        upstream.close()
        await upstream_server.drain(5)


@dataclass(frozen=True, slots=True)
class _Standing(Standing):
    """A standing that enforces without a signed agreement: tests of the exchange need no parties."""

    observe: bool = False

    @property
    def observing(self) -> bool:
        return self.observe

    def model_digest(self, name: str) -> bytes | None:
        return self.models.get(name)
