"""Which request goes where: the decided APIs to the exchange, the rest answered here."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from brightline.errors import CallError
from brightline.gateway import dry_run
from brightline.gateway.codec import Api, Family, ListedModel, models_list, unknown_model
from brightline.gateway.codec import reply as encoding
from brightline.gateway.desk_routes import PREFIX, DeskRoutes
from brightline.gateway.exchange import Exchange
from brightline.gateway.metrics import TYPE as METRICS_TYPE
from brightline.gateway.metrics import Metrics
from brightline.gateway.requester import Requester
from brightline.gateway.wire import Handler, Header, Reply, Request

_JSON: Header = (b"content-type", b"application/json")
_APIS: Mapping[bytes, Api] = {a.encode(): a for a in Api}
_GET = (b"GET", b"HEAD")
_ELSE = (b"/v1/models", b"/healthz", b"/readyz", b"/metrics")


@dataclass(frozen=True, slots=True)
class Routes:
    """The handler of every request. `fault` says what keeps the gateway from answering, or is empty; `registry`, why it
    answers by an older registry than the one that lies there; `money`, that none is counted though a ceiling is agreed.
    """

    exchange: Exchange
    models: tuple[ListedModel, ...]
    fault: Callable[[], str]
    registry: Callable[[], str] = str
    requester: Requester | None = None
    metrics: Metrics | None = None
    mcp: Mapping[bytes, Handler] = field(default_factory=dict)
    money: str = ""

    async def __call__(self, request: Request, reply: Reply) -> None:
        api = _APIS.get(request.path)
        if api is not None and request.method == b"POST":
            await self.exchange.handle(api, request, reply)
            return
        if (served := self.mcp.get(request.path)) is not None:
            await served(request, reply)
            return
        if request.path.startswith(PREFIX) and request.path != dry_run.PATH:
            await DeskRoutes(self.exchange.access, self.exchange.turns, self.requester).handle(request, reply)
            return
        try:
            self._answer(request, reply)
        except CallError as e:
            said = encoding.of_error(_family(request), e)
            reply.send(said.status, said.headers, said.body)

    def _answer(self, request: Request, reply: Reply) -> None:
        path = request.path
        if path == dry_run.PATH:
            _allow(request, (b"POST",))
            said = dry_run.may(self.exchange, request)
            reply.send(said.status, said.headers, said.body)
        elif path == b"/healthz":
            _allow(request, _GET)
            reply.send(200, [_JSON], b'{"status":"ok"}')
        elif path == b"/metrics" and self.metrics is not None:
            _allow(request, _GET)
            reply.send(200, [METRICS_TYPE], self.metrics.page())
        elif path == b"/readyz":
            _allow(request, _GET)
            fault = self.fault()
            body: dict[str, Any] = {"status": "not ready", "fault": fault} if fault else {"status": "ready"}
            if len(states := self.exchange.pool.states()) > 1:
                body["upstreams"] = states
            if note := self.registry():
                body["registry"] = note
            if self.money:
                body["money"] = self.money
            reply.send(503 if fault else 200, [_JSON], json.dumps(body).encode())
        elif path == b"/v1/models" or path.startswith(b"/v1/models/"):
            _allow(request, _GET)
            self._models(request, reply)
        elif path in _APIS:
            _allow(request, (b"POST",))
        else:
            cure = "call " + ", ".join(
                sorted(a.decode() for a in (*_APIS, b"/v1/models", b"/healthz", b"/readyz", b"/metrics"))
            )
            raise CallError("there is nothing here", status=404, code="not_found", place="path", cure=cure)

    def _models(self, request: Request, reply: Reply) -> None:
        """The models that the agreement names, in the shape of the caller's API."""
        self.exchange.access.caller(request.header(b"authorization"), request.header(b"x-api-key"))
        name = request.path.removeprefix(b"/v1/models").removeprefix(b"/").decode("latin-1")
        if name and name not in [m.name for m in self.models]:
            raise unknown_model(name, [m.name for m in self.models])
        listed = [m for m in self.models if name in ("", m.name)]
        reply.send(200, [_JSON], models_list(_family(request), listed))


def refused(error: CallError, path: bytes) -> tuple[list[Header], bytes]:
    """What the data plane answers where no handler ran, in the shape of the API that the path belongs to."""
    family = _APIS[path].family if path in _APIS else Family.OPENAI
    said = encoding.of_error(family, error)
    return list(said.headers), said.body


def _allow(request: Request, methods: tuple[bytes, ...]) -> None:
    if request.method not in methods:
        cure = f"use {methods[0].decode()}"
        raise CallError("the wrong method", status=405, code="method_not_allowed", place="method", cure=cure)


def _family(request: Request) -> Family:
    if request.path in _APIS:
        return _APIS[request.path].family
    return Family.ANTHROPIC if request.header(b"anthropic-version") else Family.OPENAI
