"""A gateway in this process in front of a real MCP server, and the official client in front of both."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from mcp.client.client import Client
from mcp.client.streamable_http import create_mcp_http_client, streamable_http_client

from brightline.gateway.config import Config, ToolConfig
from brightline.gateway.mcp.serving import serving
from brightline.gateway.mcp_config import McpConfig
from brightline.gateway.routes import Routes, refused
from brightline.gateway.tools import digest_of
from brightline.gateway.wire import serve
from tests.gateway import scripts
from tests.gateway.calling import CLAUSES
from tests.gateway.mcp import scripted
from tests.gateway.mcp.scripted import SCHEMA
from tests.gateway.stage import KEY, Stage, stage

PROGRAM = McpConfig(command=(sys.executable, str(Path(scripted.__file__))), folder=Path("/tmp"))
KINDS = {
    "look": ("gen.office", "none", "read", "plan"),
    "effector.engage": ("weapon.engage", "kinetic", "act", "execute"),
    "watch": ("surv.dissent", "informational", "read", "execute"),
    "profile": ("surv.profile", "informational", "read", "plan"),
    **dict.fromkeys(("morph", "die", "fail", "stall"), ("gen.office", "none", "read", "plan")),
}


def tool(name: str, description: str = "Does it.") -> dict[str, Any]:
    return {"name": name, "description": description, "input_schema": SCHEMA}


REGISTERED = {
    name: ToolConfig(name, digest_of(tool(name)), effect, actuation, phase, activity)
    for name, (activity, effect, actuation, phase) in KINDS.items()
}


@asynccontextmanager
async def mcp_stage(
    server: McpConfig, *, limits: Mapping[str, float] | None = None, tools: Any = None, **more: Any
) -> AsyncIterator[tuple[Stage, str]]:
    """A stage, and the URL of the server behind its gateway."""
    settings = Config(mcp={"bus": server}, limits=limits or {})
    listed = REGISTERED if tools is None else tools
    async with (
        stage(scripts.model, terms=CLAUSES, tools=listed, **more) as s,
        serving(settings, s.exchange, "test.example/log") as handlers,
    ):
        routes = Routes(s.exchange, (), lambda: "", mcp=handlers)
        listener = await serve(routes, "127.0.0.1", 0, refusal=refused)
        try:
            yield s, "http://{}:{}/mcp/bus".format(*listener.address)
        finally:
            await listener.drain(1)


@asynccontextmanager
async def client(url: str, *, key: str = KEY, mode: str = "auto", **headers: str) -> AsyncIterator[Client]:
    """The official client with this API key and these `Brightline-` headers (or `prefer`)."""
    named = {"Prefer" if n == "prefer" else f"Brightline-{n.title()}": v for n, v in headers.items()}
    async with (
        create_mcp_http_client(headers={"Authorization": f"Bearer {key}", **named}) as http,
        Client(streamable_http_client(url, http_client=http), mode=mode, cache=None) as made,
    ):
        yield made


def words(result: Any) -> str:
    """The text of a result."""
    return "".join(part.text for part in result.content)


def told(result: Any) -> dict[str, str]:
    """What a result's `_meta` tells of the decision."""
    found: dict[str, str] = result.meta["brightline"]
    return found


def refusal(result: Any) -> dict[str, Any]:
    """The object of a refusal, as an agent reads it."""
    found: dict[str, Any] = result.structured_content["brightline"]
    return found
