"""tlog-witness over HTTP, both ways: a witness that answers, and a log that asks (c2sp.org/tlog-witness)."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Final

from brightline.assurance.witness import Answer, Request, attach
from brightline.errors import BrightlineError, InputError, StorageError
from brightline.gateway.config import Config
from brightline.gateway.wire import Header, Reply, Upstream
from brightline.gateway.wire import Request as HttpRequest
from brightline.keys import WitnessKey
from brightline.storage.published import Published
from brightline.storage.witness import WitnessFolder

PATH: Final = b"/add-checkpoint"
MAX_ANSWER: Final = 1 << 16
"""Bytes of a witness's answer that are read."""
ASK_SECONDS: Final = 15.0
_TEXT: Header = (b"content-type", b"text/plain; charset=utf-8")
_SIZE: Header = (b"content-type", b"text/x.tlog.size")
_logger = logging.getLogger(__name__)


def answering(folder: WitnessFolder, said: Callable[[Answer], None]) -> Callable[[HttpRequest, Reply], Awaitable[None]]:
    """The handler of a witness's requests. `said` hears every answer; requests are handled one after another."""

    async def handle(request: HttpRequest, reply: Reply) -> None:
        if request.path != PATH or request.method != b"POST":
            status = 404 if request.path != PATH else 405
            reply.send(status, [_TEXT], b"POST /add-checkpoint\n")
            return
        try:
            # On the loop's own thread: check, keep and answer are one step that nothing comes between.
            answer = folder.add_checkpoint(request.body, int(time.time()))
        except StorageError as e:
            _logger.error("nothing was cosigned: %s", e)
            reply.send(500, [_TEXT], b"nothing was cosigned\n")
            return
        said(answer)
        size = answer.status is HTTPStatus.CONFLICT
        reply.send(answer.status, [_SIZE if size else _TEXT], answer.body or answer.text.encode() + b"\n")

    return handle


async def ask(upstream: Upstream, published: Published, key: WitnessKey) -> bytes:
    """The published checkpoint with the witness's cosignature.

    It is asked at most twice: first from nothing, whereupon it says where it stands, then with the proof from there.
    Raises InputError where it does not cosign, UpstreamError where it does not answer.
    """
    status, body = await _post(upstream, Request(0, (), published.checkpoint))
    if status == HTTPStatus.CONFLICT and body.strip().isdigit() and len(body) < 21:
        old = int(body)
        if old > published.size:
            text = f"{key.name} cosigned {old} entries, and the log has {published.size}: it was rolled back"
            raise InputError(text, place="witness", cure="restore the record from its newest back-up")
        request = Request(old, tuple(published.consistency(old)), published.checkpoint)
        status, body = await _post(upstream, request)
    if status != HTTPStatus.OK:
        text = f"{key.name} did not cosign: it answered {status}"
        cure = "where it says 409 or 422 again, it has seen another history of this log: ask whoever runs it"
        raise InputError(text, place="witness", cure=cure)
    return attach(published.checkpoint, body, key)


@asynccontextmanager
async def asking(config: Config) -> AsyncIterator[None]:
    """Ask every witness of the settings for each newly published checkpoint, while the gateway runs.

    Raises ConfigError or KeyFileError where a URL or key is none. What fails later is logged and tried again: whether a
    witness answers never decides whether the gateway does.
    """
    place = f"{config.place}: witnesses"
    reached = [(Upstream(url), WitnessKey.parse(key, place)) for url, key in config.witnesses.items()]
    task = asyncio.create_task(_keep_asking(config.data / "log", reached)) if reached else None
    try:
        yield
    finally:
        if task is not None:
            task.cancel()
        for upstream, _ in reached:
            upstream.close()


async def _keep_asking(log: Path, reached: list[tuple[Upstream, WitnessKey]]) -> None:
    done: dict[WitnessKey, bytes] = {}
    while True:
        for upstream, key in reached:
            try:
                published = Published(log)
                if done.get(key) != published.checkpoint:
                    published.keep_witnessed(await ask(upstream, published, key))
                    done[key] = published.checkpoint
            except BrightlineError as e:
                _logger.warning("no cosignature: %s", e)
        await asyncio.sleep(ASK_SECONDS)


async def _post(upstream: Upstream, request: Request) -> tuple[int, bytes]:
    with await upstream.send(b"POST", PATH, [_TEXT], request.to_bytes()) as response:
        body = b""
        async for chunk in response:
            body += chunk
            if len(body) > MAX_ANSWER:
                raise InputError(f"it answered more than {MAX_ANSWER} bytes", place="witness", cure="check its address")
        return response.status, body
