"""The witness's process: loads the data plane, which the other verbs do without."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable

from brightline.assurance.witness import MAX_REQUEST, Answer
from brightline.errors import ConfigError
from brightline.gateway.wire import Limits, run, serve
from brightline.gateway.witnesses import answering
from brightline.storage.witness import WitnessFolder


def run_witness(
    folder: WitnessFolder, listen: str, ready: Callable[[str, str], None], said: Callable[[Answer], None]
) -> None:
    """Serve until SIGTERM or SIGINT. Raises ConfigError where the address is none, or is taken."""
    host, _, port = listen.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:
        raise ConfigError(f"{listen[:60]!r} is no address", place="--listen", cure="write 127.0.0.1:8090")
    run(_serve(folder, host.strip("[]"), int(port), ready, said))


async def _serve(
    folder: WitnessFolder, host: str, port: int, ready: Callable[[str, str], None], said: Callable[[Answer], None]
) -> None:
    stop = asyncio.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(sign, stop.set)
    server = await serve(answering(folder, said), host, port, Limits(body_bytes=MAX_REQUEST))
    at = server.address
    ready(f"http://{at[0]}:{at[1]}", str(folder.witness.public))
    await stop.wait()
    await server.drain(5)
