"""A client without an SDK: one raw HTTP exchange, for what no SDK would send."""

from __future__ import annotations

import asyncio
import contextlib
import json
from dataclasses import dataclass
from typing import Any

from tests.gateway.stage import KEY, MODEL


@dataclass(frozen=True, slots=True)
class Got:
    """`whole`: the body ended as its framing said it would."""

    status: int
    headers: dict[str, str]
    body: bytes
    whole: bool

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def ask(**more: Any) -> bytes:
    """A chat call's body."""
    return json.dumps({"model": MODEL, "messages": [{"role": "user", "content": "secret words"}]} | more).encode()


async def post(
    url: str,
    body: bytes,
    path: str = "/v1/chat/completions",
    key: str | None = KEY,
    method: str = "POST",
    **headers: str,
) -> Got:
    """One request on a connection of its own; header names are given with underscores."""
    host, _, port = url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    lines = [f"{method} {path} HTTP/1.1", f"host: {host}", "connection: close", f"content-length: {len(body)}"]
    lines += [f"authorization: Bearer {key}"] if key else []
    lines += [f"{n.replace('_', '-')}: {v}" for n, v in headers.items()]
    writer.write("\r\n".join([*lines, "", ""]).encode() + body)
    raw = b""
    with contextlib.suppress(ConnectionResetError):  # cut off: what came is what there is
        while chunk := await reader.read(65_536):
            raw += chunk
    writer.close()
    return _read(raw)


def _read(raw: bytes) -> Got:
    head, _, body = raw.partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    headers = {n.lower(): v.strip() for n, _, v in (line.partition(":") for line in lines)}
    whole = len(body) == int(headers.get("content-length", -1))
    if headers.get("transfer-encoding") == "chunked":
        whole, out = body.endswith(b"0\r\n\r\n"), b""
        while body and not body.startswith(b"0\r\n"):
            size, _, rest = body.partition(b"\r\n")
            out, body = out + rest[: int(size, 16)], rest[int(size, 16) + 2 :]
        body = out
    return Got(int(status.split(" ")[1]), headers, body, whole)
