"""How an answer that asks for tools leaves: steps 3 to 5 for each of its calls, then 7 and 8.

Law: not a byte of a tool call leaves before its permit is durable. What is denied is taken out and replaced by words
that teach; while one call is held nothing of the answer's calls leaves, and the model's whole answer is kept.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from brightline.gateway.codec import Answer, Reading, Refusal
from brightline.gateway.codec import reply as encoding
from brightline.gateway.decided import Decided, Recorder, cut_off, send
from brightline.gateway.desk import NoDesk
from brightline.gateway.kept import Kept, KeptAnswers
from brightline.gateway.refusal import brightline_object, decision_headers, tool_refusal
from brightline.gateway.released import Released
from brightline.gateway.standing import Standing
from brightline.gateway.toolcalls import Asked, Judged, ToolCalls
from brightline.gateway.tools import Tools
from brightline.gateway.watch import Watch
from brightline.gateway.wire import Header, Reply
from brightline.record.body import OutcomeStatus
from brightline.record.log import Draft
from brightline.terms import Decision
from brightline.vocabulary import Use


class Gathered(NamedTuple):
    """A model's answer that asks for tools, read to its end. `tail`: what was held back of it; `lead`: what would have
    left before, of an answer that was kept; `whole`: all of it, to keep while a call is held."""

    read: Reading
    lead: bytes | None
    tail: bytes
    whole: Kept | None


@dataclass(frozen=True, slots=True)
class Release:
    """`decide`: step 4 of the exchange, with its flags."""

    standing: Standing
    tools: Tools
    recorder: Recorder
    decide: Callable[[Use], tuple[Decision, int]]
    desk: NoDesk
    watch: Watch
    released: Released = field(default_factory=Released)
    kept: KeptAnswers = field(default_factory=KeptAnswers)

    async def pass_on(self, decided: Decided, got: Gathered, head: list[Header], reply: Reply) -> None:
        """Steps 3 to 5 for each tool call of an answer, then 7 and 8: it leaves without the calls that were denied, and
        not at all while one of them is held."""
        answer = got.read.answer()
        asked = Asked(decided.call, decided.seen.said, decided.receipt.index, decided.model)
        gate = self.gate()
        ended = got.lead is not None  # an answer that was kept has its outcome, and its tokens, already
        while True:
            try:
                judged = await gate.judge(asked, answer.tool_calls)
            except asyncio.CancelledError:
                if not ended:
                    await self.recorder.append(await self._end(decided, cut_off(reply), answer))
                raise
            held = [one for one in judged if one.held]
            # 7. record the outcomes, durably, before the last byte leaves
            ends = gate.ends(asked, judged, OutcomeStatus.NOT_SENT if held else OutcomeStatus.COMPLETED)
            if not ended:
                ends.insert(0, await self._end(decided, status_of(answer), answer))
            for appended in [self.recorder.append(d) for d in ends]:
                await appended
            ended = True
            if not held:
                break
            self._keep(decided, got)
            if not await self.desk.granted(tuple(one.hold for one in held), decided.patience.until):
                await self._hold(decided, judged, reply)
                return
        # 8. encode
        refused = {n: self._refusal(one) for n, one in enumerate(judged) if not one.permits}
        for one in judged:
            self.released.note(decided.caller.actor.name, one.call, one.permits)
        self.kept.drop(decided)
        out = got.read.without(refused) if refused else got.tail
        if not got.read.streamed:
            reply.send(200, [*head, *decided.headers], out)
            return
        if not reply.started:
            reply.start(200, [*head, *decided.headers])
        await reply.write((got.lead or b"") + out)
        reply.end()

    def gate(self) -> ToolCalls:
        """What decides tool calls."""
        return ToolCalls(self.standing, self.tools, self.recorder, self.decide, self.desk, self.watch)

    async def _end(self, decided: Decided, status: OutcomeStatus, answer: Answer) -> Draft:
        return await self.watch.end(decided.seen, decided.receipt.index, status, answer, 200, decided.model)

    def _refusal(self, one: Judged) -> str:
        return tool_refusal(self.standing, one.decision, one.call.name, one.entry, one.advice)

    def _keep(self, decided: Decided, got: Gathered) -> None:
        """Keep the model's whole answer until its calls are granted."""
        if got.whole is not None:
            self.kept.keep(decided, got.whole, asyncio.get_running_loop().time())

    async def _hold(self, decided: Decided, judged: Sequence[Judged], reply: Reply) -> None:
        """Say which of an answer's calls wait for whom."""
        first = next(one for one in judged if one.held)
        origin, family = decided.receipt.origin, decided.call.api.family
        shown = brightline_object(self.standing, first.decision, first.entry, origin)
        shown["parent"] = decided.receipt.index
        shown |= self.desk.shown(first.decision, first.entry, first.hold, first.advice)
        shown["tool_calls"] = [
            {"tool": j.call.name, "decision": j.entry, "outcome": str(j.decision.outcome), "hold": j.hold or None}
            for j in judged
        ]
        text = f"The tool call {first.call.name} waits. {first.decision.text}"
        if reply.started:
            await reply.write(encoding.refusal_event(decided.call.api, Refusal.HELD, text, shown))
            reply.end()
            return
        headers = decision_headers(self.standing, first.decision, first.entry, origin)
        headers += decided.patience.headers
        send(reply, encoding.refusal(family, Refusal.HELD, text, shown), headers)


def status_of(answer: Answer) -> OutcomeStatus:
    """How an answer that came whole over HTTP ended."""
    if answer.error is not None:
        return OutcomeStatus.UPSTREAM_ERROR
    if answer.refused:
        return OutcomeStatus.MODEL_REFUSED
    return OutcomeStatus.COMPLETED if answer.ended else OutcomeStatus.UPSTREAM_DIED
