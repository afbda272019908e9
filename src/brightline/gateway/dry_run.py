"""What may I do? `POST /brightline/may`: the decision on a use that nobody makes, with nothing recorded or sent.

Law: it is the decision that the gateway would make of a call with the same key and headers, for this model and tool,
at this moment: the same code makes the use and decides it. What only the content of a call shows (meters, the screen,
arguments) is no part of it, and no approval is used up.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from brightline.errors import CallError
from brightline.gateway.codec import reply as encoding
from brightline.gateway.codec import unknown_model
from brightline.gateway.codec.body import read
from brightline.gateway.exchange import Exchange
from brightline.gateway.stated import Stated
from brightline.gateway.tools import digest_of
from brightline.gateway.wire import Header, Request
from brightline.vocabulary import use_json

PATH = b"/brightline/may"
NOTE = (
    "A dry run: nothing was recorded, counted or sent, and no approval was used. Meters and the screen, which read the "
    "content of a call, took no part."
)
_JSON: Header = (b"content-type", b"application/json")


def may(exchange: Exchange, request: Request) -> encoding.Reply:
    """The answer to a dry run. Raises CallError."""
    # 1. authenticate, as any call
    caller = exchange.access.caller(request.header(b"authorization"), request.header(b"x-api-key"))
    # 2. what it would be: the model, and a tool where a tool's call is meant
    fields, _ = read(request.body or b"{}")
    for name in fields:
        if name not in ("model", "tool"):
            cure = 'send {"model": NAME, "tool": {…}}, and name the rest in headers, as a call does'
            raise CallError(f"no field {name[:40]!r}", place="body", cure=cure)
    model = fields.get("model", "")
    known = list(exchange.standing.models)
    if not isinstance(model, str) or (model and exchange.standing.model_digest(model) is None):
        raise unknown_model(str(model)[:200], known)
    # 3. facts, by the same headers
    said = exchange.access.said(caller, request, model or next(iter(known), ""))
    tool, definition = _tool(fields["tool"]) if "tool" in fields else ("", "")
    # 4. decide
    ruling = exchange.would(said, tool, definition)
    document = {
        **ruling.decision.to_json(),
        "use": use_json(ruling.said.use),
        "unattested": list(said.unattested),
        "purpose": _purpose(said),
        "recorded": False,
        "note": NOTE,
    }
    return encoding.Reply(200, (_JSON,), json.dumps(document).encode())


def _tool(value: Any) -> tuple[str, str]:
    """Name and digest of a tool, defined as a call would offer it in either API."""
    inner = value.get("function", value.get("custom", value)) if isinstance(value, Mapping) else None
    if not isinstance(inner, Mapping) or not isinstance(inner.get("name"), str):
        raise CallError("no tool's definition", place="tool", cure="write the tool as a call would offer it")
    if not isinstance(inner.get("description", ""), str | None):
        raise CallError("not a text", place="tool.description", cure="describe the tool in words")
    return inner["name"], digest_of(inner)


def _purpose(said: Stated) -> str:
    return dict(said.fields)["purpose"].decode()
