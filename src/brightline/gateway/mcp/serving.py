"""All MCP servers of the settings, from the gateway's start to its end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

from brightline.errors import CallError
from brightline.gateway.codec import Family
from brightline.gateway.codec import reply as encoding
from brightline.gateway.config import Config
from brightline.gateway.decided import send
from brightline.gateway.exchange import Exchange
from brightline.gateway.mcp.bridge import pass_to
from brightline.gateway.mcp.governed import META, Governed
from brightline.gateway.mcp.link import Link
from brightline.gateway.mcp_config import McpConfig
from brightline.gateway.wire import Handler, Reply, Request, UpstreamLimits
from brightline.registry.tools import endpoint_digest


@asynccontextmanager
async def serving(config: Config, exchange: Exchange, origin: str) -> AsyncIterator[Mapping[bytes, Handler]]:
    """The handler of each server by its path. The gateway starts whether a server is there or not."""
    seconds = float(config.limits.get("whole_seconds", UpstreamLimits().whole_seconds))
    handlers: dict[bytes, Handler] = {}
    tasks: list[asyncio.Task[None]] = []
    try:
        for name, settings in config.mcp.items():
            link = Link(name, settings, seconds)
            governed = Governed(exchange, link, endpoint_of(settings), origin)
            manager = StreamableHTTPSessionManager(
                governed.server(),
                stateless=True,  # no session of one caller that another could use
                max_request_body_size=1 << 40,  # the data plane has its own limit
            )
            ready = asyncio.Event()
            tasks += [asyncio.create_task(link.run()), asyncio.create_task(_managed(manager, ready))]
            await ready.wait()
            handlers[f"/mcp/{name}".encode()] = _handler(exchange, manager)
        yield handlers
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def endpoint_of(config: McpConfig) -> str:
    """The digest of where its calls go, as an owner registers it."""
    return endpoint_digest({"command": list(config.command)} if config.command else {"url": config.url})


async def _managed(manager: StreamableHTTPSessionManager, ready: asyncio.Event) -> None:
    """In a task of its own: whatever ends it ends no other part of the gateway."""
    async with manager.run():
        ready.set()
        await asyncio.Event().wait()


def _handler(exchange: Exchange, manager: StreamableHTTPSessionManager) -> Handler:
    async def handle(request: Request, reply: Reply) -> None:
        try:
            if request.method != b"POST":  # without sessions there is no stream to open and none to end
                cure = "use POST: each request is one of its own"
                raise CallError("the wrong method", status=405, code="method_not_allowed", place="method", cure=cure)
            # 1. authenticate
            caller = exchange.access.caller(request.header(b"authorization"), request.header(b"x-api-key"))
            exchange.turns.take(caller.actor)
        except CallError as e:
            send(reply, encoding.of_error(Family.OPENAI, e))
            return
        try:
            await pass_to(manager.handle_request, request, reply, **{META: (caller, request)})
        finally:
            exchange.turns.give_back(caller.actor)

    return handle
