"""From the data plane to an ASGI application (ASGI 3.0, HTTP), so that one port serves both.

The request has come whole; the answer streams as the application sends it, under the data plane's own backpressure.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

from brightline.gateway.wire import Header, Reply, Request

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Application: TypeAlias = Callable[[Message, Receive, Send], Awaitable[None]]


async def pass_to(application: Application, request: Request, reply: Reply, **beside: Any) -> None:
    """Let the application answer. `beside`: what it finds in the scope, under these names.

    Where the client goes meanwhile the handler is cancelled, as any of the data plane's is.
    """
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": request.method.decode("ascii"),
        "scheme": "http",
        "path": request.path.decode("latin-1"),
        "raw_path": request.path,
        "query_string": request.query,
        "root_path": "",
        "headers": list(request.headers),
        "client": (request.peer, 0),
        "server": None,
        **beside,
    }
    bodies = [request.body]

    async def receive() -> Message:
        if bodies:
            return {"type": "http.request", "body": bodies.pop(), "more_body": False}
        await asyncio.Event().wait()  # for a client that goes: then this task is cancelled
        raise AssertionError("nothing sets that event")

    try:
        await application(scope, receive, _Answer(reply).send)
    except ConnectionResetError:  # the client has gone
        return


class _Answer:
    """What the application sends: at once where its body comes in one piece, else as a stream."""

    def __init__(self, reply: Reply) -> None:
        self._reply = reply
        self._status = 0
        self._headers: list[Header] = []

    async def send(self, message: Message) -> None:
        match message["type"]:
            case "http.response.start":
                self._status = message["status"]
                self._headers = [(bytes(n), bytes(v)) for n, v in message.get("headers", ())]
            case "http.response.body":
                await self._body(message.get("body", b""), last=not message.get("more_body", False))
            case _:
                pass

    async def _body(self, body: bytes, *, last: bool) -> None:
        if last and not self._reply.started:
            self._reply.send(self._status, self._headers, body)
            return
        if not self._reply.started:
            self._reply.start(self._status, self._headers)
        if body:
            await self._reply.write(body)
        if last:
            self._reply.end()
