"""The gateway's own connection to one MCP server: made when the gateway starts, and made again whenever it breaks.

The gateway is a client without capabilities: what a server would ask of one (sampling, elicitation, roots) is refused.
A program that is started sees none of the gateway's environment but what every program needs, and its stderr goes
nowhere: it may hold what the calls do.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import mcp_types as types
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import create_mcp_http_client, streamable_http_client  # type: ignore[attr-defined]
from mcp.shared.dispatcher import ProgressFnT
from mcp.shared.exceptions import MCPError

from brightline.errors import UpstreamError, UpstreamFault
from brightline.gateway.mcp_config import McpConfig
from brightline.storage.files import read_file

MAX_TOOLS = 1_024
"""Tools of one server; what it lists beyond them is not there."""
MAX_PAGES = 64
LIST_SECONDS = 10.0
_CONNECT_SECONDS = 10.0
_PAUSES = (0.0, 0.2, 1.0, 5.0, 15.0)  # before each attempt to connect again; the last one from then on
_GONE = (types.CONNECTION_CLOSED, types.REQUEST_TIMEOUT)

logger = logging.getLogger("brightline.gateway")


class Link:
    """One server. `run` keeps the connection; `tools` and `call` use it."""

    def __init__(self, name: str, config: McpConfig, seconds: float) -> None:
        self.name, self._config, self._seconds = name, config, seconds
        self._client: Client | None = None
        self._up, self._broken = asyncio.Event(), asyncio.Event()

    async def run(self) -> None:
        """Connect, and again after each break, until cancelled."""
        attempt = 0
        while True:
            await asyncio.sleep(_PAUSES[min(attempt, len(_PAUSES) - 1)])
            attempt += 1
            try:
                async with self._connected() as client:
                    self._client, attempt = client, 1
                    self._broken.clear()
                    self._up.set()
                    await self._broken.wait()
            except Exception as e:  # noqa: BLE001 - whatever a server does, the next attempt is all that follows from it
                logger.warning("the MCP server %s is not reached: %s", self.name, type(e).__name__)
            finally:
                self._client = None
                self._up.clear()

    async def tools(self) -> dict[str, types.Tool | None]:
        """The server's tools as they stand now, by name; None for a name that it lists twice: nobody knows which is
        meant. Raises UpstreamError; nothing was sent that could act."""
        for last in (False, True):
            client = await self._reached()
            try:
                async with asyncio.timeout(LIST_SECONDS):
                    return await _listed(client)
            except Exception as e:  # noqa: BLE001 - as above; a connection that lay idle may have died unseen
                self._break(client)
                if last:
                    raise self._fault(e, sent=False) from None
        raise AssertionError("the second attempt returns or raises")

    async def call(self, name: str, arguments: dict[str, Any], progress: ProgressFnT | None) -> types.CallToolResult:
        """The answer of a tool. Raises UpstreamError: the server died, was too slow, or did not keep the protocol."""
        client = await self._reached()
        try:
            return await client.session.call_tool(name, arguments, self._seconds, progress)
        except MCPError as e:
            if e.code in _GONE:
                self._break(client)
                fault = UpstreamFault.TIMED_OUT if e.code == types.REQUEST_TIMEOUT else UpstreamFault.BROKE_OFF
                raise UpstreamError("the MCP server gave no answer", fault, sent=True, place=self.name) from None
            shown = types.TextContent(type="text", text=f"The MCP server answered with error {e.code}: {e.message}")
            return types.CallToolResult(content=[shown], is_error=True)
        except RuntimeError:  # a result against the tool's own schema, or a question to a client that answers none
            text = "the MCP server's result is not what its tool declares"
            raise UpstreamError(text, UpstreamFault.BAD_ANSWER, sent=True, place=self.name) from None
        except Exception as e:  # noqa: BLE001 - the transport's own
            self._break(client)
            raise self._fault(e, sent=True) from None

    async def _reached(self) -> Client:
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                while self._client is None or self._broken.is_set():
                    await self._up.wait()
                    await asyncio.sleep(0)
        except TimeoutError as e:
            raise self._fault(e, sent=False) from None
        return self._client

    def _break(self, client: Client) -> None:
        if client is self._client:
            self._up.clear()
            self._broken.set()

    def _fault(self, error: Exception, *, sent: bool) -> UpstreamError:
        fault = UpstreamFault.TIMED_OUT if isinstance(error, TimeoutError) else UpstreamFault.UNREACHABLE
        cure = "see whether it runs, and what [mcp] says of it"
        return UpstreamError("the MCP server is not reached", fault, sent=sent, place=self.name, cure=cure)

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[Client]:
        config = self._config
        if config.command:
            program, *rest = config.command
            parameters = StdioServerParameters(command=program, args=rest, cwd=config.folder)
            with open(os.devnull, "w", encoding="utf-8") as nowhere:  # noqa: ASYNC230, PTH123 - no file
                async with Client(stdio_client(parameters, errlog=nowhere), cache=None) as client:
                    yield client
            return
        key = read_file(config.api_key_file).decode("latin-1").strip() if config.api_key_file else ""
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        async with (
            create_mcp_http_client(headers=headers) as http,
            Client(streamable_http_client(config.url, http_client=http), cache=None) as client,
        ):
            yield client


async def _listed(client: Client) -> dict[str, types.Tool | None]:
    found: dict[str, types.Tool | None] = {}
    cursor: str | None = None
    for _ in range(MAX_PAGES):
        page = await client.list_tools(cursor=cursor)
        for tool in page.tools:
            if len(found) < MAX_TOOLS or tool.name in found:
                found[tool.name] = None if tool.name in found else tool
        cursor = page.next_cursor
        if cursor is None:
            break
    return found
