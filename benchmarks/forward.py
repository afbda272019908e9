"""`python -m benchmarks.forward PORT UPSTREAM_PORT`: forward through `brightline.gateway.wire`, and do nothing else.

What governing costs is the difference between the gateway and this.
"""

from __future__ import annotations

import asyncio
import sys

from brightline.gateway.wire import Reply, Request, Upstream, run, serve


async def forward(port: int, upstream_port: int) -> None:
    upstream = Upstream(f"http://127.0.0.1:{upstream_port}")

    async def handle(request: Request, reply: Reply) -> None:
        with await upstream.send(request.method, request.path, request.headers, request.body) as response:
            if (b"content-type", b"text/event-stream") in response.headers:
                reply.start(response.status, response.headers)
                async for chunk in response:
                    await reply.write(chunk)
                reply.end()
            else:
                reply.send(response.status, response.headers, await response.read())

    await serve(handle, "127.0.0.1", port)
    await asyncio.Event().wait()


if __name__ == "__main__":
    run(forward(int(sys.argv[1]), int(sys.argv[2])))
