"""SmolLM2 in a child process, for the demo and for a first look: it proves that real tokens flow, nothing more.

A process of its own, so that inference shares neither the gateway's event loop nor its CPU accounting, and a crash
of the engine is an upstream that died and not a gateway that did. (docs/adr/0006)
"""

from __future__ import annotations

import http.client
import importlib.util
import json
import re
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Self

from brightline.errors import MachineError, UpstreamError, UpstreamFault
from brightline.models.variants import Variant, Variants, checked
from brightline.models.weights import CURE, STOCK, Weights, embedded_weights

ENGINE = Path(__file__).with_name("engine.py")
READY_SECONDS = 60.0  # from a cold disk; warm it takes about one
STOP_SECONDS = 5.0


class EmbeddedModel:
    """llama.cpp's server with SmolLM2-135M-Instruct on a loopback port of this machine.

    `start` blocks until the engine answers `/health`; `stop` ends it and may be called twice. The engine also ends
    when this process does, however that dies. As a context manager it starts and stops. `url` and `api_key` are what
    a client needs; the key is new for each start unless given. `context` tokens are shared by `slots` calls at once.
    Adapters of `variants` are loaded at scale 0: `loaded.own_fields` is what a call must carry.
    """

    weights: Weights = STOCK

    def __init__(
        self, *, context: int = 8192, slots: int = 2, api_key: str = "", variants: Sequence[Variant] = ()
    ) -> None:
        self.context, self.slots, self.variants = context, slots, tuple(variants)
        self.loaded = Variants(self.weights.digest, {}, {})
        self.api_key = api_key or secrets.token_urlsafe(24)
        self.url = ""
        self._child: subprocess.Popen[bytes] | None = None
        self._line: socket.socket | None = None  # the engine's stdin and stdout; it lives as long as this is open

    def start(self, progress: Callable[[str], None] = lambda _: None, *, ready_seconds: float = READY_SECONDS) -> None:
        """Start the engine and wait until it answers. `progress` gets one short line before each step.

        Raises MachineError where package or weights are missing or changed, ModelError where a variant is not what its
        statement says, UpstreamError where the engine ends or does not answer within `ready_seconds`; then nothing is
        left running.
        """
        if self.alive:
            return
        deadline = time.monotonic() + ready_seconds
        progress(f"checking the weights of {self.weights.name}")
        file = embedded_weights()
        self.loaded = checked(self.weights.digest, file, self.variants, progress)
        if importlib.util.find_spec("xllamacpp") is None:
            raise MachineError("the engine of the embedded model is not installed", place="xllamacpp", cure=CURE)
        progress(f"loading {self.weights.name}")
        try:
            self._launch(file, deadline)
            progress(f"waiting for {self.url}")
            self._await_health(deadline)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End the engine: its stdin ends, and it is killed where that does not do within five seconds."""
        child, self._child, self.url = self._child, None, ""
        if self._line is not None:
            self._line.close()
        if child is None:
            return
        try:
            child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()

    @property
    def alive(self) -> bool:
        """True iff the engine's process runs; one that has hung is alive, and `/health` tells."""
        return self._child is not None and self._child.poll() is None

    @property
    def pid(self) -> int | None:
        """The engine's process, for CPU accounting."""
        return self._child.pid if self._child else None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _launch(self, file: Path, deadline: float) -> None:
        settings: dict[str, object] = {
            "weights": str(file),
            "name": self.weights.name,
            "context": self.context,
            "slots": self.slots,
        }
        settings["adapters"] = [str(path.resolve()) for path in self.loaded.files.values()]
        ours, theirs = socket.socketpair()
        self._line = ours
        with theirs, tempfile.TemporaryFile() as errors:
            # A session of its own: Ctrl-C and a service's SIGTERM reach the gateway, which drains its calls first.
            self._child = subprocess.Popen(
                [sys.executable, "-P", str(ENGINE)],
                stdin=theirs.fileno(),
                stdout=theirs.fileno(),
                stderr=errors,
                start_new_session=True,
            )
            theirs.close()  # so that our reads end when the child does
            try:
                ours.sendall(json.dumps(settings | {"api_key": self.api_key}).encode() + b"\n")
                self.url = _ready_url(ours, deadline)
            except (EOFError, ConnectionError):
                raise _ended(self._child, errors) from None

    def _await_health(self, deadline: float) -> None:
        host = self.url.removeprefix("http://")
        while (left := deadline - time.monotonic()) > 0:
            connection = http.client.HTTPConnection(host, timeout=left)
            try:
                connection.request("GET", "/health")
                if connection.getresponse().status == http.HTTPStatus.OK:
                    return
            except (OSError, http.client.HTTPException):
                if not self.alive:
                    raise _gone("the embedded model ended while it started", "start it again") from None
            finally:
                connection.close()
            time.sleep(0.02)
        raise _late()


def _ready_url(line: socket.socket, deadline: float) -> str:
    """The URL that the engine prints once it listens; lines before that one are the library's own."""
    data = b""
    while not (found := re.search(rb"^ready (\S+)\n", data, re.MULTILINE)):
        left = deadline - time.monotonic()
        if left <= 0:
            raise _late()
        line.settimeout(left)
        try:
            more = line.recv(4096)
        except TimeoutError:
            raise _late() from None
        if not more:
            raise EOFError
        data += more
    return found[1].decode()


def _late() -> UpstreamError:
    cure = "free some CPU or memory, then start it again"
    return UpstreamError("the embedded model is not ready in time", UpstreamFault.TIMED_OUT, cure=cure)


def _ended(child: subprocess.Popen[bytes], errors: IO[bytes]) -> UpstreamError:
    """Why the engine ended while it loaded: its last words, which quote no prompt, for none has come yet."""
    status = child.wait(STOP_SECONDS)
    errors.seek(0)
    words = (errors.read().decode(errors="replace").strip().splitlines() or [""])[-1][:200]
    text = f"the embedded model ended with status {status}: {words or 'without a word'}"
    if "cannot open shared object file" in words:
        return _gone(text, "install that library; Debian: apt-get install libgomp1")
    return _gone(text, f"see that it is whole: {CURE}")


def _gone(text: str, cure: str) -> UpstreamError:
    return UpstreamError(text, UpstreamFault.UNREACHABLE, cure=cure)
