"""One MCP server as callers see it: its tools as the terms allow, and each call of one a use (steps 3 to 5, 7, 8).

Law: nothing goes to the server before a durable permit. Every call is held against the definition that the server has
at that moment; one that is not as registered is denied with an alarm, and not listed. Only tools pass.
"""

from __future__ import annotations

import asyncio
import json
import logging
from dataclasses import dataclass, replace
from typing import Any

import anyio
import mcp_types as types
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.lowlevel.server import Server
from mcp.shared.exceptions import MCPError

from brightline.errors import CallError, StorageError, UpstreamError
from brightline.gateway.access import Caller
from brightline.gateway.codec import Api, Call, ToolCall
from brightline.gateway.codec.body import read
from brightline.gateway.exchange import NO_RECORD, Exchange
from brightline.gateway.mcp.link import Link
from brightline.gateway.refusal import brightline_object, decision_headers, tool_refusal
from brightline.gateway.signed_tools import SignedTools
from brightline.gateway.standing import NO_DIGEST
from brightline.gateway.toolcalls import MALFORMED, Asked, Judged, ToolCalls
from brightline.gateway.tools import Tools, digest_of
from brightline.gateway.waiting import Patience, patience
from brightline.gateway.wire import Request
from brightline.record.body import OutcomeStatus
from brightline.registry.tools import ToolFound
from brightline.terms import Outcome

PASSED = ("initialize", "notifications/initialized", "notifications/cancelled", "ping", "server/discover", "tools/call",
          "tools/list")  # fmt: skip
"""What passes; anything else is refused by name."""
META = "brightline"  # the member of `_meta` that tells the decision

logger = logging.getLogger("brightline.gateway")


@dataclass(frozen=True, slots=True)
class SeenTools:
    """The registry as it looks from a gateway that connects to the tools itself: it knows where their calls go."""

    tools: Tools
    endpoint: str

    def tool(self, name: str, definition: str, endpoint: str | None = None) -> ToolFound:  # noqa: ARG002
        """As `Tools.tool`."""
        if isinstance(self.tools, SignedTools):
            return self.tools.tool(name, definition, self.endpoint, seen=True)
        return self.tools.tool(name, definition, self.endpoint)


@dataclass(frozen=True, slots=True)
class Governed:
    """`endpoint`: digest of where the link goes, which a registered tool may be pinned to; `origin`: of the log."""

    exchange: Exchange
    link: Link
    endpoint: str
    origin: str

    def server(self) -> Server[Any]:
        """The MCP server that callers talk to."""
        made: Server[Any] = Server(f"brightline/{self.link.name}", on_list_tools=self.listed, on_call_tool=self.called)
        made.middleware.append(_tools_alone)
        return made

    async def listed(
        self, ctx: ServerRequestContext[Any, Any], _params: types.PaginatedRequestParams | None
    ) -> types.ListToolsResult:
        """The server's tools that are as registered and that the terms do not deny under this purpose."""
        caller, request = _of(ctx)
        said, gate = self._said(caller, request), self._gate()
        try:
            tools = await self.link.tools()
        except UpstreamError as e:
            raise MCPError(types.INTERNAL_ERROR, str(e)) from None
        shown = []
        for name, tool in tools.items():
            definition = "" if tool is None else digest_of(definition_of(tool))
            ruling = gate.would(said, name, definition)
            if tool is not None and (ruling.decision.outcome is not Outcome.DENY or self.exchange.standing.observing):
                shown.append(tool)
        return types.ListToolsResult(tools=shown)

    async def called(
        self, ctx: ServerRequestContext[Any, Any], params: types.CallToolRequestParams
    ) -> types.CallToolResult:
        """A tool's result, or a refusal that teaches. A held call is decided again while its caller waits."""
        caller, request = _of(ctx)
        # 2. a neutral call, against the tools as they stand now
        try:
            tools = await self.link.tools()
        except UpstreamError as e:
            raise MCPError(types.INTERNAL_ERROR, str(e)) from None
        asked = Asked(_offering(tools, params.name), self._said(caller, request), 0, NO_DIGEST, mcp=True)
        arguments, text = _read(params.arguments)
        call = ToolCall(str(ctx.request_id), params.name, text)
        waits = patience(request, self.exchange.desk.wait_seconds)
        # 3 to 5. facts, decision, record
        gate = self._gate()
        try:
            judged = await self._judged(gate, asked, call, waits)
            if not judged.permits:
                return self._refused(judged)
            # 6. forward, 7. record the outcome
            return await self._forwarded(gate, asked, judged, arguments, ctx)
        except StorageError as e:
            logger.error("the record refused: %s", e)
            raise MCPError(types.INTERNAL_ERROR, NO_RECORD) from None

    async def _judged(self, gate: ToolCalls, asked: Asked, call: ToolCall, waits: Patience) -> Judged:
        while True:
            (judged,) = await gate.judge(asked, [call])
            if not judged.held or not await self.exchange.desk.granted((judged.hold,), waits.until):
                return judged

    async def _forwarded(
        self,
        gate: ToolCalls,
        asked: Asked,
        judged: Judged,
        arguments: dict[str, Any],
        ctx: ServerRequestContext[Any, Any],
    ) -> types.CallToolResult:
        try:
            result = await self.link.call(judged.call.name, arguments, ctx.session.report_progress)
        except UpstreamError as e:
            await self._settle(gate, asked, judged, OutcomeStatus.UPSTREAM_DIED if e.sent else OutcomeStatus.NOT_SENT)
            text = types.TextContent(type="text", text=f"[Brightline] {e}")
            return types.CallToolResult(content=[text], is_error=True, _meta=self._meta(judged))
        except asyncio.CancelledError:
            await self._settle(gate, asked, judged, OutcomeStatus.CLIENT_GONE)
            raise
        status = OutcomeStatus.UPSTREAM_ERROR if result.is_error else OutcomeStatus.COMPLETED
        await self._settle(gate, asked, judged, status)
        # 8. encode
        return result.model_copy(update={"meta": {**(result.meta or {}), **self._meta(judged)}})

    async def _settle(self, gate: ToolCalls, asked: Asked, judged: Judged, status: OutcomeStatus) -> None:
        """The outcome entry, durable when this returns, whoever has gone meanwhile. Raises StorageError."""
        with anyio.CancelScope(shield=True):
            for draft in gate.ends(asked, [judged], status):
                await self.exchange.recorder.append(draft)

    def _refused(self, judged: Judged) -> types.CallToolResult:
        """Why not, in words and as the object that the other APIs' refusals carry: an agent can read both."""
        standing, decision = self.exchange.standing, judged.decision
        shown = brightline_object(standing, decision, judged.entry, self.origin)
        shown |= self.exchange.desk.shown(decision, judged.entry, judged.hold, judged.advice)
        words = tool_refusal(standing, decision, judged.call.name, judged.entry, judged.advice)
        return types.CallToolResult(
            content=[types.TextContent(type="text", text=words)],
            structured_content={META: shown},
            is_error=True,
            _meta=self._meta(judged),
        )

    def _meta(self, judged: Judged) -> dict[str, Any]:
        """What the headers of the other APIs say: here the answer's head has left before anything is decided."""
        headers = decision_headers(self.exchange.standing, judged.decision, judged.entry, self.origin)
        return {META: {n.decode().removeprefix("brightline-"): v.decode() for n, v in headers}}

    def _said(self, caller: Caller, request: Request) -> Any:
        try:
            return self.exchange.access.said(caller, request, "")
        except CallError as e:
            raise MCPError(types.INVALID_PARAMS, str(e), {"code": e.code, "place": e.place}) from None

    def _gate(self) -> ToolCalls:
        gate = self.exchange.release.gate()
        return replace(gate, tools=SeenTools(gate.tools, self.endpoint))


async def _tools_alone(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
    if ctx.method not in PASSED and ctx.request_id is not None:
        text = f"{ctx.method} does not pass: this gateway decides tool calls, and nothing else of MCP goes by it"
        raise MCPError(types.METHOD_NOT_FOUND, text)
    return await call_next(ctx)


def definition_of(tool: types.Tool) -> dict[str, Any]:
    """A tool as `gateway.tools.digest_of` takes it: of name, description and input schema alone the digest is that of
    the same tool offered in a model call; a title, annotations and an output schema go in with them."""
    found = tool.model_dump(by_alias=True, exclude_none=True, mode="json")
    return {"parameters": found.pop("inputSchema"), **found}


def _offering(tools: dict[str, types.Tool | None], name: str) -> Call:
    """The call of one tool, as a request that offers it. A tool that its server lists twice has no one definition: as
    registered it cannot be."""
    offered: list[dict[str, Any]] = []
    if name in tools:
        tool = tools[name]
        inner = definition_of(tool) if tool is not None else {"name": name, "description": "listed twice"}
        offered = [{"type": "function", "function": inner}]
    return Call(
        api=Api.CHAT,  # whose shape the offer has; the record says MCP
        model="",
        stream=False,
        turns=[],
        first_new=0,
        tools=(name,),
        parts={},
        linked=0,
        max_tokens=None,
        answers=1,
        user=None,
        usage_asked=False,
        fields={"tools": offered},
        body=b"",
    )


def _read(arguments: dict[str, Any] | None) -> tuple[dict[str, Any], str]:
    """The arguments in the one reading that is decided, recorded and forwarded, and their text. What has none keeps no
    object: its text is no JSON, so the call is denied as malformed."""
    try:
        fields, encoding = read(json.dumps(arguments or {}, ensure_ascii=False).encode("utf-8", "surrogatepass"))
    except (CallError, ValueError, RecursionError):
        return {}, MALFORMED
    return fields, encoding.decode()


def _of(ctx: ServerRequestContext[Any, Any]) -> tuple[Caller, Request]:
    """Who calls, by the request's own key (`mcp.serving`)."""
    if ctx.request is None:
        raise MCPError(types.INTERNAL_ERROR, "no request of a caller")
    found: tuple[Caller, Request] = ctx.request.scope[META]
    return found
