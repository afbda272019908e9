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
from brightline.gateway.entries import outcome_draft
from brightline.gateway.kept import Kept, KeptAnswers
from brightline.gateway.refusal import brightline_object, decision_headers, tool_refusal
from brightline.gateway.released import Released
from brightline.gateway.standing import Standing
from brightline.gateway.toolcalls import Approvals, Asked, Judged, ToolCalls
from brightline.gateway.tools import Tools
from brightline.gateway.wire import Header, Reply
from brightline.record.body import OutcomeStatus
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
    approvals: Approvals | None
    released: Released = field(default_factory=Released)
    kept: KeptAnswers = field(default_factory=KeptAnswers)

    async def pass_on(self, decided: Decided, got: Gathered, head: list[Header], reply: Reply) -> None:
        """Steps 3 to 5 for each tool call of an answer, then 7 and 8: it leaves without the calls that were denied, and
        not at all while one of them is held."""
        answer = got.read.answer()
        told, http = (answer, 200) if got.lead is None else (None, 0)  # an answer that was kept is counted once
        asked = Asked(decided.call, decided.said, decided.receipt.index, decided.model)
        gate = ToolCalls(self.standing, self.tools, self.recorder, self.decide, self.approvals)
        try:
            judged = await gate.judge(asked, answer.tool_calls)
        except asyncio.CancelledError:
            end = outcome_draft(self.standing, asked.decision, cut_off(reply), told, http, decided.model)
            await self.recorder.append(end)
            raise
        held = any(one.held for one in judged)
        # 7. record the outcomes, durably, before the last byte leaves
        status = OutcomeStatus.NOT_SENT if held else OutcomeStatus.COMPLETED
        end = outcome_draft(self.standing, asked.decision, status_of(answer), told, http, decided.model)
        for appended in [self.recorder.append(d) for d in (end, *gate.ends(asked, judged, status))]:
            await appended
        # 8. encode
        if held:
            await self._hold(decided, got, judged, reply)
            return
        refused = {n: self._refusal(one) for n, one in enumerate(judged) if not one.permits}
        for one in judged:
            self.released.note(decided.caller.actor.name, one.call, one.permits)
        self.kept.drop(decided.caller.actor.name, decided.call)
        out = got.read.without(refused) if refused else got.tail
        if not got.read.streamed:
            reply.send(200, [*head, *decided.headers], out)
            return
        if not reply.started:
            reply.start(200, [*head, *decided.headers])
        await reply.write((got.lead or b"") + out)
        reply.end()

    def _refusal(self, one: Judged) -> str:
        return tool_refusal(self.standing, one.decision, one.call.name, one.entry, one.advice)

    async def _hold(self, decided: Decided, got: Gathered, judged: Sequence[Judged], reply: Reply) -> None:
        """Keep the model's whole answer, and say which of its calls wait for whom."""
        if got.whole is not None:
            now = asyncio.get_running_loop().time()
            self.kept.keep(decided.caller.actor.name, decided.call, got.whole, now)
        first = next(one for one in judged if one.held)
        origin, family = decided.receipt.origin, decided.call.api.family
        shown = brightline_object(self.standing, first.decision, first.entry, origin)
        shown["parent"] = decided.receipt.index
        shown["tool_calls"] = [
            {"tool": j.call.name, "decision": j.entry, "outcome": str(j.decision.outcome)} for j in judged
        ]
        text = f"The tool call {first.call.name} waits. {first.decision.text}"
        if reply.started:
            await reply.write(encoding.refusal_event(family, Refusal.HELD, text, shown))
            reply.end()
            return
        headers = decision_headers(self.standing, first.decision, first.entry, origin)
        send(reply, encoding.refusal(family, Refusal.HELD, text, shown), headers)


def status_of(answer: Answer) -> OutcomeStatus:
    """How an answer that came whole over HTTP ended."""
    if answer.error is not None:
        return OutcomeStatus.UPSTREAM_ERROR
    if answer.refused:
        return OutcomeStatus.MODEL_REFUSED
    return OutcomeStatus.COMPLETED if answer.ended else OutcomeStatus.UPSTREAM_DIED
