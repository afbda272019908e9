"""The path of a request, in the order of DESIGN section 5. The same numbers stand in docs, code and log fields.

1 authenticate and find the agreement · 2 decode to a neutral call · 3 facts · 4 decide · 5 record, durably, before any
byte goes upstream · 6 forward · 7 record the outcome · 8 encode.

Each tool call that the model asks for repeats 3 to 5 between 6 and 7 (`brightline.gateway.toolcalls`).

It never sees a socket: bytes and header pairs come in, chunks go out (`brightline.gateway.wire`).
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from brightline.errors import BrightlineError, OracleError, StorageError, UpstreamError, UpstreamFault
from brightline.gateway.access import Access, Caller
from brightline.gateway.answers import Answers
from brightline.gateway.codec import (
    Answer,
    Api,
    Room,
    decode,
    reading,
    unknown_model,
)
from brightline.gateway.codec import reply as encoding
from brightline.gateway.decided import Decided, Heard, Receipt, Recorder, cut_off, send
from brightline.gateway.desk import NO_DESK, NoDesk, Ruling, content_of
from brightline.gateway.entries import decision_draft, with_parts
from brightline.gateway.kept import Kept
from brightline.gateway.metered import Metered
from brightline.gateway.pool import Pool
from brightline.gateway.refusal import brightline_object, code_of, decision_headers
from brightline.gateway.release import Gathered, Release, status_of
from brightline.gateway.screened import Screened
from brightline.gateway.served import Served
from brightline.gateway.standing import Standing
from brightline.gateway.stated import Stated
from brightline.gateway.tools import ConfiguredTools, Tools, refuse_foreign
from brightline.gateway.translate import Dialect
from brightline.gateway.turns import Turns
from brightline.gateway.waiting import patience
from brightline.gateway.watch import Watch
from brightline.gateway.wire import Header, Reply, Request, Response
from brightline.record.body import OutcomeStatus
from brightline.record.entry import Flag
from brightline.terms import DEFAULT_DENY, Decision, Outcome, confirm, decide
from brightline.vocabulary import Use

PERFORMABLE = ("note",)
"""The duties that this gateway can perform: noting, which the record does."""

_SENT_ON = frozenset((b"accept", b"anthropic-version", b"anthropic-beta", b"openai-beta"))
_PASSED_BACK = frozenset((b"content-type", b"cache-control", b"request-id", b"x-request-id", b"retry-after"))
NO_RECORD = "the record cannot be written, so nothing is answered"
_JSON: Header = (b"content-type", b"application/json")
_UNPACKED: Header = (b"accept-encoding", b"identity")  # without it any coding would do (RFC 9110 section 12.5.3)

logger = logging.getLogger("brightline.gateway")


@dataclass(frozen=True, slots=True)
class Exchange:
    """One gateway's handling of decided calls. `upstream_models`: our name of a model → the upstream's."""

    standing: Standing
    access: Access
    recorder: Recorder
    pool: Pool
    upstream_models: Mapping[str, str]
    oracle_share: float
    turns: Turns = field(default_factory=Turns)
    room: Room = field(default_factory=Room)
    tools: Tools = field(default_factory=ConfiguredTools)
    desk: NoDesk = NO_DESK
    answers: Answers = field(default_factory=Answers)
    seal: Callable[[int, bytes, bytes], list[Header]] | None = None
    served: Served = field(default_factory=Served)
    screened: Screened = field(default_factory=Screened)
    metered: Metered = field(default_factory=Metered)
    watch: Watch = field(init=False)
    release: Release = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "watch", Watch(self.standing, self.screened, self.metered))
        release = Release(self.standing, self.tools, self.recorder, self._decide, self.desk, self.watch)
        object.__setattr__(self, "release", release)

    async def handle(self, api: Api, request: Request, reply: Reply) -> None:
        """Answer one request to a decided API."""
        try:
            # 1. authenticate and find the agreement
            caller = self.access.caller(request.header(b"authorization"), request.header(b"x-api-key"))
            self.turns.take(caller.actor)
            try:
                heard = self._heard(api, caller, request)
                if (kept := self.release.kept.get(heard, asyncio.get_running_loop().time())) is not None:
                    await self._from_kept(*kept, reply)
                    return
                decided = await self._judged(heard)
                while decided.hold and await self.desk.granted((decided.hold,), heard.patience.until):
                    decided = await self._judged(heard)
                if decided.permits:
                    await self._forward(decided, request, reply)
                else:
                    self._refuse(decided, reply)
            finally:
                self.turns.give_back(caller.actor)
        except StorageError as e:
            # No durable record, no answer (DESIGN section 5). The caller learns that, and not what the disk said;
            # a stream that has begun is cut off without its end.
            logger.error("the record refused: %s", e)
            if reply.started:
                raise
            send(reply, encoding.of_error(api.family, StorageError(NO_RECORD)))
        except BrightlineError as e:
            send(reply, encoding.of_error(api.family, e))

    def _heard(self, api: Api, caller: Caller, request: Request) -> Heard:
        # 2. decode to a neutral call
        call = decode(api, request.body)
        refuse_foreign(call)
        self.served.check(api)
        if not self.standing.observing:
            self.release.released.check(caller.actor.name, call)
        model = self._model(call.model)
        self.pool.refuse(call)
        request = self.answers.with_facts(caller.actor.name, call, request)
        # 3. facts
        said = self.access.said(caller, request, call.model)
        return Heard(caller, call, said, model, patience(request, self.desk.wait_seconds))

    async def _judged(self, heard: Heard) -> Decided:
        caller, call, said, model, waits = heard
        # 3. facts of screen and meters, then of the desk: exceptions, approvals and their tempo
        seen = await self.watch.prompt(call, said, self.tools)
        weighed = self.desk.weigh(seen.said, partial(content_of, call))
        # 4. decide
        ruling = self.desk.rule(weighed, self.watch.deciding(seen, self._decide))
        decision = ruling.decision
        permits = decision.outcome is Outcome.PERMIT or self.standing.observing
        self.watch.decided(seen, permits=permits)
        # 5. record, durably, before any byte goes upstream
        draft = decision_draft(self.standing, call, ruling.said, decision, ruling.flags, model)
        draft = with_parts(seen.noted(draft), call)
        noted = self.desk.note(weighed, ruling, draft, call.body)
        appended = self.recorder.append(noted.draft)
        receipt: Receipt
        try:
            receipt = await appended
        except asyncio.CancelledError:
            # The client has gone, but the entry stands: it gets its outcome, and the call goes nowhere.
            receipt = appended.result()
            self.desk.recorded(noted, receipt.index)
            if permits:
                end = await self.watch.end(seen, receipt.index, OutcomeStatus.NOT_SENT, None, 0, model)
                await self.recorder.append(end)
            raise
        self.desk.recorded(noted, receipt.index)
        headers = [*decision_headers(self.standing, decision, receipt.index, receipt.origin), *waits.headers]
        hold, why_not = noted.hold, noted.why_not
        return Decided(caller, call, said, decision, receipt, model, permits, headers, seen, hold, why_not, waits)

    def _model(self, name: str) -> bytes:
        """The digest of the model asked for. The engine ignores the name, so the gateway must not."""
        digest = self.standing.model_digest(name)
        if digest is None:
            raise unknown_model(name, list(self.standing.models))
        return digest

    def _decide(self, use: Use) -> tuple[Decision, int]:
        """The decision, and flags that say how it was reached. An error in deciding denies."""
        terms = self.standing.pack.terms
        flags = 0
        try:
            decision = decide(terms, use, PERFORMABLE)
            if random.random() < self.oracle_share:  # noqa: S311 - a sample for checking ourselves, no secret
                flags = Flag.SAMPLED
                confirm(terms, use, decision)
        except OracleError as e:
            logger.critical("step=4 closures and Cedar engine disagree: %s", e)
            return self._denied("the two readings of the terms disagree"), Flag.SAMPLED | Flag.DISAGREED
        except Exception:
            logger.critical("step=4 deciding failed", exc_info=True)
            return self._denied("deciding failed"), flags | Flag.FAILED
        return decision, flags

    def would(self, said: Stated, tool: str = "", definition: str = "") -> Ruling:
        """Steps 3 and 4 of a call that nobody makes, or of a call of a tool with this definition (`dry_run`)."""
        if tool:
            return self.release.gate().would(said, tool, definition)
        return self.desk.rule(self.desk.weigh(said, bytes), self._decide, spending=False)

    def _denied(self, why: str) -> Decision:
        return Decision(Outcome.DENY, (DEFAULT_DENY,), (), (), self.standing.pack.terms.digest, f"Denied: {why}.")

    def _refuse(self, decided: Decided, reply: Reply) -> None:
        decision, receipt = decided.decision, decided.receipt
        shown = brightline_object(self.standing, decision, receipt.index, receipt.origin)
        shown |= self.desk.shown(decision, receipt.index, decided.hold, decided.why_not)
        if decided.said.unattested:
            shown["unattested"] = list(decided.said.unattested)
        refusal = encoding.refusal(decided.call.api.family, code_of(decision), decision.text, shown)
        send(reply, refusal, decided.headers)

    async def _forward(self, decided: Decided, request: Request, reply: Reply) -> None:
        # 6. forward
        call = decided.call
        model = self.upstream_models.get(call.model, call.model)
        headers = [*((n, v) for n, v in request.headers if n in _SENT_ON), _JSON, _UNPACKED]
        own = self.served.fields(call.api, decided.model)
        seal = partial(self.seal, decided.receipt.index) if self.seal is not None else None  # grade C2
        try:
            response, dialect = await self.pool.send(call, model, headers, own, seal)
        except UpstreamError as e:
            await self._settle(decided, OutcomeStatus.UPSTREAM_DIED if e.sent else OutcomeStatus.NOT_SENT)
            send(reply, encoding.of_error(call.api.family, e), decided.headers)
            return
        except asyncio.CancelledError:
            await self._settle(decided, cut_off(reply))
            raise
        with response:
            if response.status == 200 and (why := _unreadable(response.headers)):
                await self._settle(decided, OutcomeStatus.UPSTREAM_DIED, http=200)
                error = UpstreamError(why, sent=True)
                send(reply, encoding.of_error(call.api.family, error), decided.headers)
            elif response.status == 200:
                await self._pass_answer(decided, response, dialect, reply)
            else:
                await self._pass_error(decided, response, reply)

    async def _pass_error(self, decided: Decided, response: Response, reply: Reply) -> None:
        try:
            body = await response.read()
        except UpstreamError:
            body = b""
        except asyncio.CancelledError:
            await self._settle(decided, cut_off(reply), http=response.status)
            raise
        # 7. record the outcome
        await self._settle(decided, OutcomeStatus.UPSTREAM_ERROR, http=response.status)
        # 8. encode
        send(reply, encoding.upstream(decided.call.api.family, response.status, body), decided.headers)

    async def _pass_answer(self, decided: Decided, response: Response, dialect: Dialect, reply: Reply) -> None:
        family = decided.call.api.family
        kept = [(n, v) for n, v in response.headers if n in _PASSED_BACK]
        content_type = dict(kept).get(b"content-type", b"").decode("latin-1")
        raw: list[bytes] | None = [] if decided.call.tools and self.desk is not NO_DESK else None
        with reading(decided.call, content_type, room=self.room) as read:
            try:
                if read.streamed:
                    reply.start(200, [*kept, *decided.headers])
                async for chunk in dialect.answer(decided.call.api, content_type, response):
                    if raw is not None:
                        raw.append(chunk)
                    out = read.feed(chunk)
                    if out:
                        await reply.write(out)
                tail = read.finish()
                answer = read.answer()
                _refuse_foreign_calls(answer)
            except UpstreamError as e:
                # 7 and 8 where the upstream died or misbehaved: what came, then an error in the API's own shape
                await self._settle(decided, _broken_off(e), read.answer(), 200)
                if not read.streamed:
                    send(reply, encoding.of_error(family, e), decided.headers)
                    return
                await reply.write(read.finish(whole=False) + encoding.event(decided.call.api, e))
                reply.end()
                return
            except (asyncio.CancelledError, ConnectionResetError):
                await self._settle(decided, cut_off(reply), read.answer(), 200)
                raise
            if answer.tool_calls and answer.error is None:
                whole = Kept(content_type, b"".join(raw)) if raw is not None else None
                await self.release.pass_on(decided, Gathered(read, None, tail, whole), kept, reply)
                return
            # 7. record the outcome, durably, before the last byte leaves
            await self._settle(decided, status_of(answer), answer, 200)
            # 8. encode
            if read.streamed:
                await reply.write(tail)
                reply.end()
            else:
                reply.send(200, [*kept, *decided.headers], tail)

    async def _from_kept(self, decided: Decided, kept: Kept, reply: Reply) -> None:
        """Step 6 without the model: its answer is at hand, and its tool calls are decided again, under the decision
        that asked for it."""
        with reading(decided.call, kept.content_type, room=self.room) as read:
            try:
                lead = read.feed(kept.body)
                tail = read.finish()
            except UpstreamError as e:  # there is no room for it now
                send(reply, encoding.of_error(decided.call.api.family, e), decided.headers)
                return
            head = [(b"content-type", kept.content_type.encode("latin-1"))]
            await self.release.pass_on(decided, Gathered(read, lead, tail, None), head, reply)

    async def _settle(
        self, decided: Decided, status: OutcomeStatus, answer: Answer | None = None, http: int = 0
    ) -> None:
        """Step 7: the outcome entry, durable when this returns. Raises StorageError."""
        end = await self.watch.end(decided.seen, decided.receipt.index, status, answer, http, decided.model)
        await self.recorder.append(end)


def _refuse_foreign_calls(answer: Answer) -> None:
    """No call that the model server ran itself was decided. Raises UpstreamError."""
    if any(call.server for call in answer.tool_calls):
        raise UpstreamError("the model server ran a tool itself, which nobody here decided", sent=True)


def _unreadable(headers: Sequence[Header]) -> str:
    """Why client and gateway could read an answer's body differently; empty where they cannot."""
    types = 0
    for name, value in headers:
        if name == b"content-type":
            types += 1
        elif name == b"content-encoding" and value.lower() != b"identity":
            return "the model server packed its answer, though it was asked not to: switch compression off there"
    return "the model server gave its answer two types" if types > 1 else ""


def _broken_off(error: UpstreamError) -> OutcomeStatus:
    """Who broke an answer off that had begun: the model server, or this gateway because it had no room for more."""
    return OutcomeStatus.INTERRUPTED if error.fault is UpstreamFault.BUSY else OutcomeStatus.UPSTREAM_DIED
