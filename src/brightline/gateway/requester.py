"""What whoever asked can do: see where a hold stands, answer what was asked, appeal, withdraw, raise a concern.

Law: nobody sees or moves what another actor asked; a concern can be read by no one but the inspectors.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from brightline.approvals import Appealed, Closed, Hold, raise_concern, sheet
from brightline.approvals.fold import OPEN
from brightline.errors import CallError
from brightline.gateway.answers import Answers
from brightline.gateway.codec import Call, decode
from brightline.gateway.desk import LiveDesk, content_of
from brightline.gateway.entries import API_OF
from brightline.gateway.inbox import Inbox
from brightline.gateway.past_decision import Past, denial, past_decision
from brightline.gateway.standing import Standing
from brightline.record.entry import OutcomeCode
from brightline.storage.recorder import Recorder


@dataclass(frozen=True, slots=True)
class Requester:
    """The requester's side of one desk."""

    live: LiveDesk
    inbox: Inbox
    standing: Standing
    recorder: Recorder
    answers: Answers

    def holds(self, actor: str) -> list[dict[str, Any]]:
        """Everything of this actor's that the desk knows, oldest first."""
        own = [h for h in self.live.desk.holds(self.live.now) if h.held.act.actor == actor]
        return [self._row(h) for h in own]

    def hold(self, actor: str, digits: str) -> dict[str, Any]:
        """One of them, with what will happen, by which words, and who may decide. Raises CallError 404."""
        found = self._own(actor, digits)
        shown = sheet(found, self.live.desk.roster, self.live.desk.terms, self.live.now)
        return self._row(found) | {
            k: shown[k] for k in ("act", "will", "facts", "clauses", "text", "if_granted", "who")
        }

    async def withdraw(self, actor: str, digits: str) -> dict[str, Any]:
        """It need not happen any more. Raises ApprovalError, CallError 404."""
        event = self.live.desk.withdraw(self._own(actor, digits).id, actor, self.live.now)
        entry = await self._say(event)
        return {"entry": entry, **self.hold(actor, digits)}

    async def appeal(self, actor: str, hold: str, reason: str) -> dict[str, Any]:
        """A refusal, or an expiry, was wrong. Raises ApprovalError, CallError 404."""
        event = self.live.desk.appeal(self._own(actor, hold).id, actor, reason, self.live.now)
        entry = await self._say(event)
        return {"entry": entry, **self.hold(actor, hold)}

    async def appeal_denial(self, actor: str, decision: int, reason: str, nonce: bytes) -> dict[str, Any]:
        """A denial was wrong: it goes on the desk with its appeal. Raises ApprovalError, CallError."""
        past = await self.past(actor, decision)
        if past.outcome is not OutcomeCode.DENY:
            cure = "appeal a denial; what is held waits for a person, what is asked for is to be answered"
            raise CallError(f"it was no denial: {past.outcome.name.lower()}", place="decision", cure=cure)
        content = (
            content_of(self._call(past)) if past.of_model else b"\0".join((past.tool.encode(), past.content, b"1"))
        )
        act = self.live.act(past.use, content, "" if past.of_model else past.tool)
        desk, now = self.live.desk, self.live.now
        ticket = desk.hold(act, denial(past, self.standing), now, nonce)
        desk.recorded(ticket.hold.id, past.place)
        event = desk.appeal(ticket.hold.id, actor, reason, now)
        before = () if ticket.event is None else (ticket.event,)
        entry = await self.inbox.say(event, *before)
        for each in (*before, event):
            self.live.tell(each, entry)
        return {"entry": entry, **self.hold(actor, ticket.hold.id)}

    def answer(self, past: Past, facts: bytes) -> None:
        """Declare what a decision asked for, as in `Brightline-Facts`: the same call, sent again, is decided with it.

        Raises CallError where nothing was asked. Whether the facts can be declared is the caller's to check.
        """
        if past.outcome is not OutcomeCode.ASK:
            cure = "answer a decision whose outcome is ask"
            raise CallError(f"nothing was asked: {past.outcome.name.lower()}", place="decision", cure=cure)
        if not past.of_model:
            cure = "declare them in Brightline-Facts when you call the model again"
            raise CallError("a tool call has the facts of its model call", place="decision", cure=cure)
        self.answers.give(past.use.actor, content_of(self._call(past)), facts)

    async def concern(self, text: str, who: str, hold: str) -> dict[str, Any]:
        """Sealed to the inspectors; administrators see that there is one. Raises ApprovalError."""
        event = raise_concern(self.live.desk.roster, text, self.live.now, who=who, hold=hold)
        return {"entry": await self._say(event), "readers": len(event.letters)}

    async def _say(self, event: Appealed | Closed | Any) -> int:
        entry = await self.inbox.say(event)
        self.live.tell(event, entry)
        return entry

    async def past(self, actor: str, decision: int) -> Past:
        """A decision of this actor's, out of the record. Raises CallError."""
        journal, vault = self.recorder.journal, self.recorder.vault
        return await asyncio.to_thread(past_decision, journal, vault, self.standing, decision, actor)

    def _call(self, past: Past) -> Call:
        return decode(API_OF[past.body.api], past.content)

    def _own(self, actor: str, digits: str) -> Hold:
        found = self.live.find(f"sha256:{digits.removeprefix('sha256:')}")
        if found is None or found.held.act.actor != actor:
            cure = "see GET /brightline/holds"
            raise CallError("no such hold of yours", status=404, code="not_found", place="hold", cure=cure)
        return found

    def _row(self, hold: Hold) -> dict[str, Any]:
        return {
            "id": hold.id[7:],
            "state": str(hold.state),
            "open": hold.state in OPEN,
            "needs": [sorted(n) for n in hold.needs],
            "granted": sorted(a.role for a in hold.live(self.live.now)),
            "held": hold.held.at // 1000,
            "deadline": hold.deadline // 1000,
            "reason": hold.reason,
            "decision": hold.entry,
        }
