"""`/brightline/…`: where a hold stands, answers, appeals, concerns, and signed statements; JSON both ways.

GET  /brightline/holds                     what this key asked and the desk knows
GET  /brightline/holds/HOLD                one of them: what will happen, by which words, who may decide
POST /brightline/holds/HOLD/withdraw       it need not happen any more
POST /brightline/asks/DECISION             {"facts": {name: value}}: declare what was asked for
POST /brightline/appeals                   {"hold": … or "decision": …, "reason": …}
POST /brightline/concerns                  {"text": …, "hold": …, "anonymous": true}: to the inspector alone
POST /brightline/statements                a signed statement, as `brightline desk` writes it
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, replace
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta

from brightline.approvals import Fault, Said, read_statement
from brightline.errors import ApprovalError, BrightlineError, CallError, StorageError
from brightline.gateway.access import Access, Caller
from brightline.gateway.codec import Family
from brightline.gateway.codec import reply as encoding
from brightline.gateway.requester import Requester
from brightline.gateway.turns import Turns
from brightline.gateway.wire import Header, Reply, Request
from brightline.keys import Envelope

PREFIX = b"/brightline/"
MAX_SAID = 1 << 20
"""Bytes of what is sent to these endpoints."""
_JSON: Header = (b"content-type", b"application/json")
_PURPOSE, _FACTS = b"brightline-purpose", b"brightline-facts"
T = TypeVar("T")


class _Body(msgspec.Struct, forbid_unknown_fields=True):
    pass


class _Appeal(_Body, forbid_unknown_fields=True):
    reason: Annotated[str, Meta(min_length=1, max_length=2000, pattern=r"\S")]
    hold: str = ""
    decision: Annotated[int, Meta(ge=0)] = 0


class _Concern(_Body, forbid_unknown_fields=True):
    text: str
    hold: str = ""
    anonymous: bool = False


class _Answer(_Body, forbid_unknown_fields=True):
    facts: Annotated[dict[str, str], Meta(min_length=1, max_length=64)]


@dataclass(frozen=True, slots=True)
class DeskRoutes:
    """`requester` is None where the gateway has no desk. `turns`: as for calls: one key cannot fill the record."""

    access: Access
    turns: Turns
    requester: Requester | None

    async def handle(self, request: Request, reply: Reply) -> None:
        """Answer one request below `PREFIX`."""
        try:
            caller = self.access.caller(request.header(b"authorization"), request.header(b"x-api-key"))
            self.turns.take(caller.actor)
            try:
                document = await self._answer(caller, request)
            finally:
                self.turns.give_back(caller.actor)
        except ApprovalError as e:
            fault = {"fault": e.fault}
            said = encoding.failure(Family.OPENAI, 403, "desk_refused", str(e), brightline=fault)
            if e.fault == Fault.FULL:
                said = encoding.failure(Family.OPENAI, 503, "desk_full", str(e), brightline=fault)
            reply.send(said.status, said.headers, said.body)
        except StorageError:
            error = StorageError("the record cannot be written, so nothing was done")
            said = encoding.of_error(Family.OPENAI, error)
            reply.send(said.status, said.headers, said.body)
        except BrightlineError as e:
            said = encoding.of_error(Family.OPENAI, e)
            reply.send(said.status, said.headers, said.body)
        else:
            reply.send(200, [_JSON], json.dumps(document).encode())

    async def _answer(self, caller: Caller, request: Request) -> Any:
        desk, actor = self.requester, caller.actor.name
        if desk is None:
            cure = "let your administrator set [desk] in the gateway's settings"
            raise CallError("this gateway has no desk", status=404, code="no_desk", place="path", cure=cure)
        if len(request.body) > MAX_SAID:
            raise CallError("too long", status=413, code="request_too_large", place="body", cure=f"at most {MAX_SAID}")
        match request.method, request.path.removeprefix(PREFIX).decode("latin-1").split("/"):
            case b"GET", ["holds"]:
                return {"holds": desk.holds(actor)}
            case b"GET", ["holds", hold]:
                return desk.hold(actor, hold)
            case b"POST", ["holds", hold, "withdraw"]:
                return await desk.withdraw(actor, hold)
            case b"POST", ["asks", decision]:
                return await self._ask(desk, caller, decision, request)
            case b"POST", ["appeals"]:
                said = _read(request, _Appeal)
                if bool(said.hold) == bool(said.decision):
                    raise CallError("name a hold or a decision", place="body", cure='write {"hold": …, "reason": …}')
                if said.hold:
                    return await desk.appeal(actor, said.hold, said.reason)
                return await desk.appeal_denial(actor, said.decision, said.reason, os.urandom(16))
            case b"POST", ["concerns"]:
                concern = _read(request, _Concern)
                return await desk.concern(concern.text, "" if concern.anonymous else actor, concern.hold)
            case b"POST", ["statements"]:
                return await _statement(desk, request)
            case _:
                pass
        cure = "see docs/reference/approvals.md, section `Endpoints`"
        raise CallError("there is nothing here", status=404, code="not_found", place="path", cure=cure)

    async def _ask(self, desk: Requester, caller: Caller, decision: str, request: Request) -> dict[str, Any]:
        said = _read(request, _Answer)
        index = int(decision) if decision.isdigit() and len(decision) < 19 else -1
        past = await desk.past(caller.actor.name, index)
        header = ", ".join(f"{n}={v}" for n, v in said.facts.items()).encode("latin-1", "replace")
        # What cannot be declared, or has no such value, is refused now, and not when the call is sent again.
        headers = [(n, v) for n, v in request.headers if n not in (_PURPOSE, _FACTS)]
        headers += [(_PURPOSE, past.purpose.encode("latin-1", "replace")), (_FACTS, header)]
        self.access.said(caller, replace(request, headers=headers), past.use.model)
        desk.answer(past, header)
        return {"decision": past.place, "facts": said.facts, "next": "send the same call again"}


async def _statement(desk: Requester, request: Request) -> dict[str, Any]:
    """As the folder takes them: recorded, then it counts."""
    event, entry = await desk.inbox.take(request.body, "statement")
    answer: dict[str, Any] = {"entry": entry}
    if isinstance(event, Said):
        envelope = Envelope.from_bytes(event.envelope, error=ApprovalError)
        await desk.inbox.keep(envelope)
        hold = desk.live.find(getattr(read_statement(envelope), "hold", ""))
        answer |= {"hold": hold.id[7:], "state": str(hold.state)} if hold is not None else {}
    return answer


def _read(request: Request, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(request.body, type=kind)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as e:
        text = str(e)[:200]
        cure = "see docs/reference/approvals.md, section `Endpoints`"
        raise CallError(f"the body is not as expected: {text}", place="body", cure=cure) from None
