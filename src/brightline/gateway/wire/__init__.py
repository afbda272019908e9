"""The data plane: HTTP/1.1 towards clients and towards upstreams, and nothing above it sees a socket.

The seam, bytes and header pairs in, chunks out:

    async def handle(request: Request, reply: Reply) -> None:
        with await upstream.send(request.method, request.path, request.headers, request.body) as response:
            reply.start(response.status, response.headers)
            async for chunk in response:
                await reply.write(chunk)
            reply.end()

    upstream = Upstream("http://127.0.0.1:8000", limits=UpstreamLimits())
    server = await serve(handle, "127.0.0.1", 8080, Limits())
    ...
    await server.drain(30)
    upstream.close()

Laws:

- One request of a connection is handled at a time, in order; its body is whole, within `Limits`, before
  the handler is called. `Reply` is answered once: `send`, or `start`, `write`…, `end`.
- A handler is cancelled when its client goes before `Reply.end` or `Reply.send`; after that it is left to
  finish its work. A handler that must finish something after a cancellation shields it. `Reply.gone` tells.
- An answer cut short never looks whole: a handler that fails after `Reply.start` resets the connection.
- Backpressure runs through: `Reply.write` waits for a slow client, a consumer that does not pull stops the
  reading from the upstream. What is held is bounded by `Limits` and `UpstreamLimits`.
- Hop-by-hop fields never cross, nor do fields that `Connection` names; framing is written anew on each side.
- `UpstreamError.sent` is False only where not a byte of the request had been handed to a connection.
- Refusals before the handler, and a handler's failure, are shaped by the `refusal` hook; none repeats
  anything of the request, and the log names a class of error and a line of code, never a message.

Refused although RFC 9110 or 9112 would allow it: absolute-form targets, Upgrade (501 instead of ignored),
targets with bytes outside RFC 3986. A client that closes its sending end counts as gone.

`run` starts an event loop, uvloop's where it is installed.
"""

from brightline.gateway.wire.inbound import Handler
from brightline.gateway.wire.limits import Limits, UpstreamLimits
from brightline.gateway.wire.loop import run
from brightline.gateway.wire.message import METHODS, Header, Refusal, Request, plain_refusal
from brightline.gateway.wire.reply import Reply
from brightline.gateway.wire.response import Response
from brightline.gateway.wire.server import Server, serve
from brightline.gateway.wire.upstream import Upstream

__all__ = [
    "METHODS",
    "Handler",
    "Header",
    "Limits",
    "Refusal",
    "Reply",
    "Request",
    "Response",
    "Server",
    "Upstream",
    "UpstreamLimits",
    "plain_refusal",
    "run",
    "serve",
]
