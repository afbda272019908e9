"""Each tool call that a model asks for is a use of its own: steps 3 to 5 again, before the client sees it.

Law: no call is released without a durable permit of its own that names the model call as its parent. A call that is
not of a registered tool exactly as it was offered and registered, or whose arguments are no JSON object that has one
reading, is denied whatever the terms say, and recorded.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import msgspec

from brightline.errors import CallError
from brightline.gateway.codec import Call, ToolCall
from brightline.gateway.codec.body import read
from brightline.gateway.decided import Recorder
from brightline.gateway.desk import NoDesk, Noted, Ruling
from brightline.gateway.entries import decision_draft, of_mcp, of_tool, outcome_draft
from brightline.gateway.standing import Standing
from brightline.gateway.stated import Stated, restated
from brightline.gateway.tools import Offered, Tools, offered
from brightline.gateway.watch import Seen, Watch
from brightline.record.body import OutcomeStatus
from brightline.record.log import Draft
from brightline.registry.tools import Standing as Listed
from brightline.registry.tools import ToolFound
from brightline.terms import DEFAULT_DENY, Decision, Need, Outcome
from brightline.vocabulary import UNKNOWN, Alternative, FactValue, Source, Use

NOT_OFFERED = "the request offered no tool of exactly this name"
MALFORMED = "its arguments are no JSON object that has one reading"
_OF_MODEL_CALL = frozenset(("actuation", "effect", "integrity", "phase"))  # a tool's own: never the model call's
_sorted = msgspec.json.Encoder(order="sorted")

logger = logging.getLogger("brightline.gateway")


class Judged(NamedTuple):
    """A tool call after step 5. `entry`: its decision's place in the record; `permits`: it may reach the client.

    `advice`: what else would change it, beside what the terms say. `hold`: where it stands on the desk, if it does.
    """

    call: ToolCall
    decision: Decision
    advice: str
    entry: int
    permits: bool
    seen: Seen
    hold: str = ""

    @property
    def held(self) -> bool:
        return self.decision.outcome is Outcome.HOLD and not self.permits


class _Case(NamedTuple):
    """A tool call after step 3. `arguments`: in one form, or as they came; `decide`: step 4 for this tool."""

    call: ToolCall
    found: ToolFound
    arguments: bytes
    seen: Seen
    content: bytes
    decide: Callable[[Use], tuple[Decision, int]]


class Asked(NamedTuple):
    """The model call in whose answer the tool calls stand; `mcp`: there is none, they came by MCP."""

    call: Call
    said: Stated
    decision: int
    model: bytes
    mcp: bool = False


@dataclass(frozen=True, slots=True)
class ToolCalls:
    """Decides and records tool calls. `decide`: step 4 of the exchange, with its flags."""

    standing: Standing
    tools: Tools
    recorder: Recorder
    decide: Callable[[Use], tuple[Decision, int]]
    desk: NoDesk
    watch: Watch

    async def judge(self, asked: Asked, calls: Sequence[ToolCall]) -> list[Judged]:
        """Decide each call on its own; every decision is durable when this returns. Raises StorageError.

        While one of them waits for a person, nothing of the answer leaves, so nothing that was granted is spent.
        A task that is cancelled meanwhile settles the calls that were permitted as never sent, and learns of it then.
        """
        definitions = offered(asked.call)
        # 3. facts
        cases = await self._cases(asked, calls, definitions)
        # Nothing waits between these facts and the entries: or two sendings could rest on one grant.
        weighed = [self.desk.weigh(c.seen.said, partial(bytes, c.content), c.call.name) for c in cases]
        # 4. decide
        rulings = [self.desk.rule(w, c.decide) for w, c in zip(weighed, cases, strict=True)]
        if any(r.decision.outcome is Outcome.HOLD for r in rulings):
            rulings = [
                self.desk.rule(w, c.decide, spending=False) if r.roles else r
                for w, c, r in zip(weighed, cases, rulings, strict=True)
            ]
        if any(c.found.standing is Listed.DRIFTED for c in cases):
            logger.critical("step=4 integrity alarm: a tool is not as registered; its call is denied")
        # 5. record, durably, before the client sees any of them
        permits = [r.decision.outcome is Outcome.PERMIT or self.standing.observing for r in rulings]
        notes: list[Noted] = []
        for case, w, r, permitted in zip(cases, weighed, rulings, permits, strict=True):
            self.watch.decided(case.seen, permits=permitted)
            draft = case.seen.noted(decision_draft(self.standing, asked.call, r.said, r.decision, r.flags, asked.model))
            draft = of_tool(draft, asked.decision, case.call, case.arguments)
            draft = of_mcp(draft) if asked.mcp else draft
            shown = f"{case.call.name}\n".encode("utf-8", "replace") + case.arguments
            notes.append(self.desk.note(w, r, draft, shown))
        entries = await self._record(asked, [n.draft for n in notes], cases, permits)
        for noted, entry in zip(notes, entries, strict=True):
            self.desk.recorded(noted, entry)
        return [
            Judged(c.call, r.decision, n.why_not or _advice(c.found, definitions), entry, permitted, c.seen, n.hold)
            for c, r, n, entry, permitted in zip(cases, rulings, notes, entries, permits, strict=True)
        ]

    def would(self, said: Stated, name: str, definition: str) -> Ruling:
        """Steps 3 and 4 for a call that nobody makes of a tool so defined; its arguments are not looked at."""
        found = self.tools.tool(name, definition, said.endpoints.get(name))
        given = restated(self.standing.pack.terms.scope.vocabulary, said, _use(said.use, found))
        decide = partial(self._decide, found=found, malformed=False)
        return self.desk.rule(self.desk.weigh(given, bytes, name), decide, spending=False)

    async def _cases(self, asked: Asked, calls: Sequence[ToolCall], definitions: Mapping[str, Offered]) -> list[_Case]:
        made: list[_Case] = []
        times: Counter[bytes] = Counter()
        for call in calls:
            found = self._found(call, definitions, asked.said.endpoints.get(call.name))
            plain = _arguments(call, definitions.get(call.name))
            arguments = plain or call.arguments.encode("utf-8", "replace")
            try:
                seen = await self.watch.tool(asked.said, _use(asked.said.use, found), call)
            except BaseException:
                for case in made:  # nothing of them was recorded, and nothing will be
                    self.watch.decided(case.seen, permits=False)
                raise
            # The same call twice in one answer is two acts: one grant lets one of them happen.
            name = call.name.encode("utf-8", "replace")
            content = b"\0".join((name, arguments))
            times[content] += 1
            content += b"\0%d" % times[content]
            decide = partial(self._decide, found=found, malformed=plain is None)
            made.append(_Case(call, found, arguments, seen, content, decide))
        return made

    def ends(self, asked: Asked, judged: Sequence[Judged], status: OutcomeStatus) -> list[Draft]:
        """Step 7 for each call that was permitted."""
        permitted = [one for one in judged if one.permits]
        for one in permitted:
            self.watch.end_tool(one.seen, status)
        return [outcome_draft(self.standing, one.entry, status, None, 0, asked.model) for one in permitted]

    async def _record(
        self, asked: Asked, drafts: Sequence[Draft], cases: Sequence[_Case], permits: Sequence[bool]
    ) -> list[int]:
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
            left = [(c, entry) for c, entry, permitted in zip(cases, entries, permits, strict=True) if permitted]
            for case, _ in left:
                self.watch.end_tool(case.seen, OutcomeStatus.NOT_SENT)
            ends = [outcome_draft(self.standing, i, OutcomeStatus.NOT_SENT, None, 0, asked.model) for _, i in left]
            for future in [self.recorder.append(end) for end in ends]:
                await future
            raise asyncio.CancelledError
        return entries

    def _found(self, call: ToolCall, definitions: Mapping[str, Offered], endpoint: str | None) -> ToolFound:
        if call.name in definitions:
            return self.tools.tool(call.name, definitions[call.name].digest, endpoint)
        facts: dict[str, FactValue] = dict.fromkeys(("effect", "actuation", "phase", "integrity"), UNKNOWN)
        return ToolFound(call.name, Listed.UNLISTED, facts, dict.fromkeys(facts, Source.OBSERVED), NOT_OFFERED)

    def _decide(self, use: Use, found: ToolFound, malformed: bool) -> tuple[Decision, int]:
        if found.standing is Listed.UNLISTED:
            return self._denied(found.text), 0
        decision, flags = self.decide(use)
        if found.standing is Listed.DRIFTED:
            # The terms' own clauses are named where they deny; where they do not, the tool is denied all the same.
            return (decision if decision.outcome is Outcome.DENY else self._denied(found.text)), flags
        if malformed:
            return self._denied(MALFORMED), flags
        if found.needs_person and decision.outcome is Outcome.PERMIT and not use.facts.get("approvals"):
            return self._for_a_person(decision), flags
        return decision, flags

    def _for_a_person(self, decision: Decision) -> Decision:
        """Its owner registered that no call of it goes out without a person, whatever the terms permit."""
        known = self.standing.pack.terms.scope.vocabulary.names["roles"]
        role = "operator" if "operator" in known else "official"
        text = f"Held: this tool is registered as one that needs a person, and nobody who is {role} has approved."
        need = Need((role,), duties=decision.duties)
        return Decision(Outcome.HOLD, decision.clauses, (need,), (), decision.terms, text)

    def _denied(self, why: str) -> Decision:
        text = f"Denied: {why[:1].lower()}{why[1:].rstrip('.')}."
        return Decision(Outcome.DENY, (DEFAULT_DENY,), (), (), self.standing.pack.terms.digest, text)


def _use(model_call: Use, found: ToolFound) -> Use:
    """The use that a call of this tool is: the purpose's and the caller's facts, and the tool's own in their place.

    What another owner attests otherwise (a data set that concerns many, a tool that says none) is decided too.
    """
    facts = {n: v for n, v in model_call.facts.items() if n not in _OF_MODEL_CALL} | dict(found.facts)
    sources = {n: s for n, s in model_call.sources.items() if n in facts} | dict(found.sources)
    otherwise = {
        n: model_call.facts[n]
        for n, s in model_call.sources.items()
        if s is Source.ATTESTED and n not in _OF_MODEL_CALL and facts[n] != model_call.facts[n]
    }
    return Use(
        found.activity or model_call.activity,
        facts,
        sources,
        (*model_call.alternatives, Alternative(otherwise)) if otherwise else model_call.alternatives,
        model_call.actor,
        model_call.component,
        model_call.model,
    )


def _advice(found: ToolFound, definitions: Mapping[str, Offered]) -> str:
    """What would mend it: the digest to register it under is told to who sent the definition and to nobody else."""
    if found.standing is Listed.REGISTERED or found.name not in definitions:
        return ""
    if found.warning:
        return f"{found.warning}, and only the exact name is that tool."
    if found.standing is Listed.DRIFTED and found.item is not None and found.item.endpoint is not None:
        return (
            "Its calls must go where its owner registered: who runs it tells the endpoint's digest in the header "
            f"Brightline-Endpoints; the definition that was offered is {definitions[found.name].digest}."
        )
    return f"Your administrator can register it; the definition that was offered is {definitions[found.name].digest}."


def _arguments(call: ToolCall, tool: Offered | None) -> bytes | None:
    """The arguments in one form; None where they are no JSON object with one reading. None at all are an empty one."""
    text = call.arguments.encode("utf-8", "surrogatepass")
    if tool is not None and tool.text:
        return text
    try:
        return _sorted.encode(read(text or b"{}")[0])
    except CallError:
        return None
