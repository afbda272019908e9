"""Each tool call that a model asks for is a use of its own: steps 3 to 5 again, before the client sees it.

Law: no call is released without a durable permit of its own that names the model call as its parent. A call that is
not of a registered tool exactly as it was offered and registered, or whose arguments are no JSON object that has one
reading, is denied whatever the terms say, and recorded.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import msgspec

from brightline.errors import CallError
from brightline.gateway.codec import Call, ToolCall
from brightline.gateway.codec.body import read
from brightline.gateway.decided import Recorder
from brightline.gateway.entries import decision_draft, of_tool, outcome_draft
from brightline.gateway.standing import Standing
from brightline.gateway.stated import Stated, stated
from brightline.gateway.tools import Offered, Tools, offered
from brightline.record.body import OutcomeStatus
from brightline.record.log import Draft
from brightline.registry.tools import Standing as Listed
from brightline.registry.tools import ToolFound
from brightline.terms import DEFAULT_DENY, Decision, Outcome
from brightline.vocabulary import UNKNOWN, FactValue, Source, Use

NOT_OFFERED = "the request offered no tool of exactly this name"
MALFORMED = "its arguments are no JSON object that has one reading"
_OF_MODEL_CALL = frozenset(("actuation", "effect", "integrity", "phase"))  # a tool's own: never the model call's
_sorted = msgspec.json.Encoder(order="sorted")

logger = logging.getLogger("brightline.gateway")


class Act(NamedTuple):
    """Exactly what would happen: the use as decided without approvals, the tool's exact name, and its arguments as JSON
    with sorted keys. The ids of request and call are no part of it, so the same act sent again is the same."""

    use: Use
    tool: str
    arguments: bytes


class Grant(NamedTuple):
    """`roles` that approve the act now; `entries`: those of the record with their approvals, at most two."""

    roles: frozenset[str]
    entries: tuple[int, ...] = ()


NO_GRANT = Grant(frozenset())


class Approvals(Protocol):
    """Who approved what: the desk's side (`brightline.approvals`)."""

    def granted(self, act: Act) -> Grant:
        """What has been granted for exactly this act and is not yet used or expired. Takes nothing."""

    def spend(self, act: Act) -> None:
        """The act is permitted by its grant, which is used up. Called in the same turn of the loop as `granted`."""

    def held(self, act: Act, decision: int) -> None:
        """The act is held by this decision and waits for a person."""


class Judged(NamedTuple):
    """A tool call after step 5. `entry`: its decision's place in the record; `permits`: it may reach the client.

    `advice`: what else would change it, beside what the terms say.
    """

    call: ToolCall
    act: Act
    decision: Decision
    advice: str
    entry: int
    permits: bool

    @property
    def held(self) -> bool:
        return self.decision.outcome is Outcome.HOLD and not self.permits


class Asked(NamedTuple):
    """The model call in whose answer the tool calls stand."""

    call: Call
    said: Stated
    decision: int
    model: bytes


@dataclass(frozen=True, slots=True)
class ToolCalls:
    """Decides and records tool calls. `decide`: step 4 of the exchange, with its flags."""

    standing: Standing
    tools: Tools
    recorder: Recorder
    decide: Callable[[Use], tuple[Decision, int]]
    approvals: Approvals | None = None

    async def judge(self, asked: Asked, calls: Sequence[ToolCall]) -> list[Judged]:
        """Decide each call on its own; every decision is durable when this returns. Raises StorageError.

        A task that is cancelled meanwhile settles the calls that were permitted as never sent, and learns of it then.
        """
        definitions = offered(asked.call)
        purpose = dict(asked.said.fields)["purpose"].decode()
        made: list[Judged] = []
        drafts: list[Draft] = []
        for call in calls:
            # 3. facts
            found = self._found(call, definitions)
            arguments = _arguments(call, definitions.get(call.name))
            use = _use(asked.said.use, found)
            act = Act(use, call.name, arguments or call.arguments.encode("utf-8", "replace"))
            # 4. decide
            grant = self.approvals.granted(act) if self.approvals is not None else NO_GRANT
            given = stated(self.standing.pack.terms.scope.vocabulary, purpose, _approved(use, grant))
            decision, flags = self._decide(given.use, found, arguments is None)
            if self.approvals is not None and grant.roles and decision.outcome is Outcome.PERMIT:
                self.approvals.spend(act)
            permits = decision.outcome is Outcome.PERMIT or self.standing.observing
            made.append(Judged(call, act, decision, _advice(found, definitions), 0, permits))
            draft = decision_draft(self.standing, asked.call, given, decision, flags, asked.model)
            drafts.append(of_tool(draft, asked.decision, call, act.arguments, grant.entries))
        # 5. record, durably, before the client sees any of them
        entries = await self._record(asked, drafts, [one.permits for one in made])
        made = [one._replace(entry=entry) for one, entry in zip(made, entries, strict=True)]
        for one in made:
            if one.held and self.approvals is not None:
                self.approvals.held(one.act, one.entry)
        return made

    def ends(self, asked: Asked, judged: Sequence[Judged], status: OutcomeStatus) -> list[Draft]:
        """Step 7 for each call that was permitted."""
        return [outcome_draft(self.standing, j.entry, status, None, 0, asked.model) for j in judged if j.permits]

    async def _record(self, asked: Asked, drafts: Sequence[Draft], permits: Sequence[bool]) -> list[int]:
        entries: list[int] = []
        cancelled = False
        for future in [self.recorder.append(draft) for draft in drafts]:
            try:
                receipt = await future
            except asyncio.CancelledError:
                # The client has gone, but the entries stand: each gets its outcome, and nothing is released.
                cancelled, receipt = True, future.result()
            entries.append(receipt.index)
        if cancelled:
            left = [entry for entry, permitted in zip(entries, permits, strict=True) if permitted]
            ends = [outcome_draft(self.standing, i, OutcomeStatus.NOT_SENT, None, 0, asked.model) for i in left]
            for future in [self.recorder.append(end) for end in ends]:
                await future
            raise asyncio.CancelledError
        return entries

    def _found(self, call: ToolCall, definitions: Mapping[str, Offered]) -> ToolFound:
        if call.name in definitions:
            return self.tools.tool(call.name, definitions[call.name].digest)
        facts: dict[str, FactValue] = dict.fromkeys(("effect", "actuation", "phase", "integrity"), UNKNOWN)
        return ToolFound(call.name, Listed.UNLISTED, facts, dict.fromkeys(facts, Source.OBSERVED), NOT_OFFERED)

    def _decide(self, use: Use, found: ToolFound, malformed: bool) -> tuple[Decision, int]:
        if found.standing is Listed.UNLISTED:
            return self._denied(found.text), 0
        decision, flags = self.decide(use)
        if found.standing is Listed.DRIFTED:
            logger.error("step=4 alarm: a tool is not what was registered; its call is denied")
            # The terms' own clauses are named where they deny; where they do not, the tool is denied all the same.
            return (decision if decision.outcome is Outcome.DENY else self._denied(found.text)), flags
        if malformed:
            return self._denied(MALFORMED), flags
        return decision, flags

    def _denied(self, why: str) -> Decision:
        text = f"Denied: {why[:1].lower()}{why[1:].rstrip('.')}."
        return Decision(Outcome.DENY, (DEFAULT_DENY,), (), (), self.standing.pack.terms.digest, text)


def _use(model_call: Use, found: ToolFound) -> Use:
    """The use that a call of this tool is: the purpose's and the caller's facts, and the tool's own in their place."""
    facts = {n: v for n, v in model_call.facts.items() if n not in _OF_MODEL_CALL} | dict(found.facts)
    sources = {n: s for n, s in model_call.sources.items() if n in facts} | dict(found.sources)
    return Use(
        found.activity or model_call.activity,
        facts,
        sources,
        model_call.alternatives,
        model_call.actor,
        model_call.component,
        model_call.model,
    )


def _advice(found: ToolFound, definitions: Mapping[str, Offered]) -> str:
    """The digest to register it under, told to who sent the definition and to nobody else."""
    if found.standing is Listed.REGISTERED or found.name not in definitions:
        return ""
    return f"Your administrator can register it; the definition that was offered is {definitions[found.name].digest}."


def _approved(use: Use, grant: Grant) -> Use:
    if not grant.roles:
        return use
    facts = {**use.facts, "approvals": grant.roles}
    sources = {**use.sources, "approvals": Source.OBSERVED}
    return Use(use.activity, facts, sources, use.alternatives, use.actor, use.component, use.model)


def _arguments(call: ToolCall, tool: Offered | None) -> bytes | None:
    """The arguments in one form; None where they are no JSON object with one reading. None at all are an empty one."""
    text = call.arguments.encode("utf-8", "surrogatepass")
    if tool is not None and tool.text:
        return text
    try:
        return _sorted.encode(read(text or b"{}")[0])
    except CallError:
        return None
