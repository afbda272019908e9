"""The guard before an engine: it passes on what comes with a fresh receipt of the log, and refuses the rest.

Law: each receipt passes one call. It is remembered until its time is over; what was issued before this guard started is
refused, for an earlier guard may have taken it. The guard holds no secret but the engine's own key, where there is one.
"""

from __future__ import annotations

import json
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from brightline.errors import CallError, RecordError, UpstreamError
from brightline.gateway.wire import Header, Reply, Request, Upstream
from brightline.keys import VerifyKey
from brightline.record.receipt import HEADER, RECEIPT_SECONDS, check, digest_of

_JSON: Header = (b"content-type", b"application/json")
_OPEN = (b"/health", b"/v1/models")  # what says nothing and costs nothing
METRICS_PATH = b"/guard/metrics"


@dataclass(slots=True)
class Guard:
    """The handler of every request. `credentials`: the engine's own key, set on what is passed on."""

    key: VerifyKey
    upstream: Upstream
    credentials: tuple[Header, ...] = ()
    clock: Callable[[], float] = time.time
    accepted: int = 0
    refused: int = 0
    started: float = field(init=False)
    _used: OrderedDict[int, int] = field(default_factory=OrderedDict)  # decision -> when its receipt ends

    def __post_init__(self) -> None:
        self.started = self.clock()

    async def __call__(self, request: Request, reply: Reply) -> None:
        if request.path == METRICS_PATH and request.method == b"GET":
            reply.send(200, [(b"content-type", b"text/plain; version=0.0.4")], self.metrics())
            return
        if not (request.method == b"GET" and request.path in _OPEN):
            try:
                self.admit(request)
            except (RecordError, CallError) as e:
                self.refused += 1
                body = {"error": {"message": f"refused by the guard: {e}", "code": "receipt_required"}}
                reply.send(403, [_JSON], json.dumps(body).encode())
                return
            self.accepted += 1
        await self._pass_on(request, reply)

    def admit(self, request: Request) -> None:
        """Raises RecordError, or CallError where the header stands twice, unless a fresh receipt is with it."""
        text, now = request.header(HEADER), self.clock()
        if text is None:
            raise RecordError("no receipt", place="receipt", cure="let the call come through the gateway")
        target = request.path + (b"?" + request.query if request.query else b"")
        receipt = check(text, self.key, digest_of(request.method, target, request.body), now)
        if receipt.expires - RECEIPT_SECONDS < int(self.started):
            raise RecordError("it is older than this guard", place="receipt", cure="send the call again")
        while self._used and next(iter(self._used.values())) < now - RECEIPT_SECONDS:
            self._used.popitem(last=False)
        if receipt.index in self._used:
            raise RecordError("it was used before", place="receipt", cure="each call gets a receipt of its own")
        self._used[receipt.index] = receipt.expires

    async def _pass_on(self, request: Request, reply: Reply) -> None:
        own = {HEADER, *(name for name, _ in self.credentials)}
        headers = [(n, v) for n, v in request.headers if n not in own] + list(self.credentials)
        target = request.path + (b"?" + request.query if request.query else b"")
        try:
            with await self.upstream.send(request.method, target, headers, request.body) as response:
                reply.start(response.status, response.headers)
                async for chunk in response:
                    await reply.write(chunk)
                reply.end()
        except UpstreamError as e:
            if reply.started:
                raise  # cut short, so that it cannot look whole
            reply.send(502, [_JSON], json.dumps({"error": {"message": str(e), "code": "engine_failed"}}).encode())

    def metrics(self) -> bytes:
        """What the gateway reads at the end of an epoch (Prometheus text)."""
        return _text(
            (
                ("brightline_guard_accepted_total", "counter", self.accepted),
                ("brightline_guard_refused_total", "counter", self.refused),
                ("process_start_time_seconds", "gauge", self.started),
            )
        )


def _text(values: Iterable[tuple[str, str, float]]) -> bytes:
    return "".join(f"# TYPE {name} {kind}\n{name} {value!r}\n" for name, kind, value in values).encode()
