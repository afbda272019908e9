"""`brightline guard`: the small proxy before an engine that refuses what comes without a receipt (grade C2)."""

from __future__ import annotations

import asyncio
import re
import signal
from pathlib import Path
from typing import Annotated

import typer

from brightline.cli.printing import Json, print_json, read_bytes, say
from brightline.errors import ConfigError
from brightline.keys import VerifyKey


def add(app: typer.Typer) -> None:
    app.command("guard")(guard)


def guard(
    engine: Annotated[str, typer.Option(help="The engine's base URL: http(s)://host:port.")],
    log_key: Annotated[Path, typer.Option(help="The public key of the gateway's log.")],
    listen: Annotated[str, typer.Option(help="Address and port to listen on.")] = "127.0.0.1:8001",
    api_key_file: Annotated[
        Path | None, typer.Option(help="The engine's own API key, set on what is passed on.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Stand before an engine and pass on only calls with a fresh receipt of the log, until told to stop."""
    # Imported here, so that the other verbs do not wait for the data plane's libraries.
    from brightline.gateway.guard import Guard  # noqa: PLC0415
    from brightline.gateway.wire import Upstream, run, serve  # noqa: PLC0415

    key = VerifyKey.parse(read_bytes(str(log_key)).decode("utf-8", "replace"), str(log_key))
    host, port = _address(listen)
    credentials = _credentials(api_key_file)

    async def stand() -> None:
        upstream = Upstream(engine)
        try:
            server = await serve(Guard(key, upstream, credentials), host, port)
        except OSError as e:
            cure = "stop what listens there, or name another address"
            raise ConfigError(f"cannot listen: {e.strerror or e}", place=f"--listen {listen}", cure=cure) from None
        stop = asyncio.Event()
        for sign in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(sign, stop.set)
        url = "http://{}:{}".format(*server.address)
        if as_json:
            print_json({"ready": url, "engine": upstream.origin, "log": str(key)})
        else:
            say(f"ready: {url}  (passes on to {upstream.origin} what has a receipt of {key.name})")
        await stop.wait()
        await server.drain(30)
        upstream.close()

    run(stand())


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not re.fullmatch("[0-9]{1,5}", port) or int(port) > 65535:
        raise ConfigError(f"--listen {text[:80]!r}", place="guard", cure="write --listen 127.0.0.1:8001")
    return host.strip("[]"), int(port)


def _credentials(path: Path | None) -> tuple[tuple[bytes, bytes], ...]:
    if path is None:
        return ()
    key = read_bytes(str(path)).strip()
    if not re.fullmatch(rb"[\x21-\x7e]{1,4096}", key):
        raise ConfigError("not an API key", place=str(path), cure="put the key alone into it, on one line")
    return ((b"authorization", b"Bearer " + key), (b"x-api-key", key))
