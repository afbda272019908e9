"""What `[engine]` sets up: who reads the engine's and the guard's counters, and who seals calls with receipts."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from brightline.errors import UpstreamError
from brightline.gateway.config import EMBEDDED, Config
from brightline.gateway.engine import GuardCounters, Reconciliation
from brightline.gateway.events import telling
from brightline.gateway.guard import METRICS_PATH
from brightline.gateway.pool import Server
from brightline.gateway.standing import Standing
from brightline.gateway.wire import Header, Upstream, UpstreamLimits
from brightline.keys import SigningKey
from brightline.models.counters import MAX_METRICS, EngineCounters, read_counters, read_values, whole
from brightline.record.receipt import HEADER, digest_of, issue
from brightline.storage.recorder import Recorder

KEPT = "engine.json"
_LIMITS = UpstreamLimits(connections=2, first_byte_seconds=10, whole_seconds=20, body_bytes=MAX_METRICS)


@asynccontextmanager
async def counting(config: Config, recorder: Recorder, server: Server, standing: Standing) -> AsyncIterator[None]:
    """Tell events and reconcile while this lasts, each where it is set up.

    Raises UpstreamError where the counters cannot be read now, MachineError where those of the last run are damaged.
    """
    reconciling = _reconciling(config, recorder, server, standing.terms_digest)
    async with telling(config.events, standing, recorder), reconciling:
        yield


@asynccontextmanager
async def _reconciling(config: Config, recorder: Recorder, server: Server, terms: bytes) -> AsyncIterator[None]:
    embedded = config.upstream.url == EMBEDDED
    sources = [(server.upstream, b"/metrics")] if embedded else [_source(url) for url in config.engine.metrics]
    guard = _source(config.engine.guard) if config.engine.guard else None
    if not sources:
        yield
        return
    auth = [(b"authorization", b"Bearer " + server.key)] if server.key else []

    async def read() -> EngineCounters:
        found = [read_counters(await _get(to, path, auth), to.origin) for to, path in sources]
        inputs, outputs, started = zip(*found, strict=True)
        return EngineCounters(sum(inputs), sum(outputs), max(started))

    async def read_guard() -> GuardCounters:
        assert guard is not None  # noqa: S101 - given only where there is one
        to, _ = guard
        values = read_values(await _get(to, METRICS_PATH, []), to.origin)
        names = ("brightline_guard_accepted_total", "brightline_guard_refused_total", "process_start_time_seconds")
        if any(name not in values for name in names):
            raise UpstreamError("there is no guard", place=to.origin, cure="name the guard's URL in engine.guard")
        accepted, refused = (whole([values[name]], to.origin) for name in names[:2])
        return GuardCounters(accepted, refused, values[names[2]])

    reconciliation = Reconciliation(
        read,
        read_guard if guard is not None else None,
        recorder.append,
        tolerance=config.engine.tolerance,
        terms=terms,
        kept=config.data / KEPT,
        fresh=embedded,
        outcomes=recorder.journal.log.totals.outcomes,
    )
    await reconciliation.begin()
    recorder.listeners.append(reconciliation.told)
    task = asyncio.create_task(reconciliation.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await reconciliation.rest()
        for to, _ in [*sources, *([guard] if guard else [])]:
            if to is not server.upstream:
                to.close()


def sealing(config: Config, key: SigningKey) -> Callable[[int, bytes, bytes], list[Header]] | None:
    """What attaches a receipt to each call, where a guard is set."""
    if not config.engine.guard:
        return None

    def seal(index: int, path: bytes, body: bytes) -> list[Header]:
        return [(HEADER, issue(key, index, digest_of(b"POST", path, body), time.time()))]

    return seal


def _source(url: str) -> tuple[Upstream, bytes]:
    parts = urlsplit(url)
    return Upstream(f"{parts.scheme}://{parts.netloc}", limits=_LIMITS), (parts.path or "/metrics").encode("ascii")


async def _get(to: Upstream, path: bytes, headers: list[Header]) -> bytes:
    with await to.send(b"GET", path, headers, b"") as response:
        body = await response.read()
        if response.status != 200:
            cure = "start the engine with its metrics on (llama.cpp: --metrics), and check engine.metrics"
            raise UpstreamError(f"it answered {response.status}", place=f"{to.origin}{path.decode()}", cure=cure)
        return body
