"""What the gateway sees of a use beside what is said of it: screen and meters (step 3), and their end (step 7).

    seen = await watch.prompt(call, said, tools)      step 3: read, counted, reserved; `seen.said` is what is decided
    decide = watch.deciding(seen, decide)             step 4: what cannot be paid for is held for an official
    watch.decided(seen, permits=…)                    step 4: reservations of what may not be made are given back
    draft = seen.noted(draft)                         step 5: how it was read and counted
    draft = await watch.end(seen, …)                  step 7: settled, and the outcome's draft

Law: between `prompt` or `tool` and the entry of the decision nothing waits but `prompt` and `tool` themselves; so what
was reserved is in the record as soon as the decision is. A gateway without screen and meters pays next to nothing.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import NamedTuple, TypeAlias

from msgspec import structs

from brightline.errors import BrightlineError
from brightline.gateway.codec import Answer, Call, ToolCall
from brightline.gateway.entries import outcome_draft
from brightline.gateway.metered import Funded, Metered
from brightline.gateway.screened import Screened, told
from brightline.gateway.standing import Standing
from brightline.gateway.stated import Stated, purpose_of, restated
from brightline.gateway.tools import Tools, offered
from brightline.meters import NOBODY, Counted, Reservation
from brightline.meters.where import MAX_NAME
from brightline.record.body import OutcomeStatus
from brightline.record.entry import Flag
from brightline.record.log import Draft
from brightline.registry.tools import Standing as Listed
from brightline.screen import Finding
from brightline.screen import Seen as Found
from brightline.screen.judge import with_opinion
from brightline.terms import Decision
from brightline.vocabulary import FactValue, Use, Vocabulary
from brightline.vocabulary.use import MAX_ALTERNATIVES

Deciding: TypeAlias = Callable[[Use], tuple[Decision, int]]
LARGE = 1 << 15
"""Bytes from which on content is read in a thread, so that one request cannot stall the others."""
MAX_VARIANTS = 4096  # uses
Fields: TypeAlias = tuple[tuple[str, bytes], ...]
_CUT_OFF = (OutcomeStatus.CLIENT_GONE, OutcomeStatus.INTERRUPTED)
_FLAGS = {Found.FLAGGED: int(Flag.SCREEN_FLAGGED), Found.NOT_SCREENED: int(Flag.NOT_SCREENED), Found.CLEAR: 0}


class Seen(NamedTuple):
    """`said`: the use with what screen and meters say of it; `more`: private fields of its decision's entry. The rest
    is what was reserved for it, and what of its text is known `under` its purpose once it is let through."""

    said: Stated
    more: Fields = ()
    persons: Reservation | None = None
    funds: Funded | None = None
    under: str = ""
    keys: tuple[bytes, ...] = ()

    def noted(self, draft: Draft) -> Draft:
        """The draft of its decision, with how it was read and counted."""
        return draft._replace(fields=(*draft.fields, *self.more)) if self.more else draft


@dataclass(frozen=True, slots=True)
class Watch:
    """One gateway's screen and meters; without either, what it sees of a use is what was said."""

    standing: Standing
    screened: Screened
    metered: Metered
    _variants: dict[tuple[int, Found], tuple[Stated, Stated]] = field(default_factory=dict)

    async def prompt(self, call: Call, said: Stated, tools: Tools) -> Seen:
        """What a model call shows, and what is reserved for it. Raises InputError where it cannot be reserved."""
        use = said.use
        if self.screened.screen is None and not self.metered.asks(use):
            return Seen(said, funds=self._funded(call, use))
        large, words = len(call.body) >= LARGE, _without_registered(call, tools)
        # 1. the screen: what was not read before
        under = f"{use.actor}\0{purpose_of(said)}\0{use.activity}"
        new = self.screened.new(under, words)
        finding, judged = await self._judged(use, new.texts, large=large)
        if call.parts and finding.screen is Found.CLEAR:
            finding = replace(finding, screen=Found.NOT_SCREENED)  # nobody looked at the images
        keys = (*new.messages, *new.beside) if finding.screen is Found.CLEAR else new.messages
        # 2. the meters: whom all of it names
        seen = await self._counted(said, finding, partial(self.metered.count_call, words), judged, large=large)
        # 3. money
        try:
            return seen._replace(funds=self._funded(call, use), under=under, keys=keys)
        except BrightlineError:
            self.metered.give_back(seen.persons, None)
            raise

    async def tool(self, asked: Stated, use: Use, call: ToolCall) -> Seen:
        """What a tool call's arguments show: a `use` of its own. `asked`: what is said of the model call."""
        said = restated(self._words, asked, use)
        if self.screened.screen is None and not self.metered.asks(use):
            return Seen(said)
        name, arguments = call.name, call.arguments
        large = len(arguments) >= LARGE
        finding, judged = await self._judged(use, (arguments,), large=large)
        if use.alternatives and finding.screen is Found.CLEAR:
            finding = replace(finding, screen=Found.FLAGGED)  # the call in whose answer it stands was
        count = partial(self.metered.count_arguments, name, arguments)
        return await self._counted(said, finding, count, judged, large=large)

    def deciding(self, seen: Seen, decide: Deciding) -> Deciding:
        """Step 4 with money in it: what the terms permit and nobody can pay for is held."""
        funds = seen.funds
        if funds is None:
            return decide

        def decided(use: Use) -> tuple[Decision, int]:
            decision, flags = decide(use)
            return self.metered.joined(decision, funds, use), flags

        return decided

    def decided(self, seen: Seen, *, permits: bool) -> None:
        """Give back at once what was reserved for a use that may not be made; else its text has been read."""
        if not permits:
            self.metered.give_back(seen.persons, seen.funds)
        elif seen.keys:
            self.screened.remember(seen.keys)

    async def end(
        self, seen: Seen, decision: int, status: OutcomeStatus, answer: Answer | None, http: int, model: bytes
    ) -> Draft:
        """Settle a model call, and draft its outcome, to be recorded in the same turn of the loop."""
        try:
            finding, more = await self._answered(seen, status, answer)
        except asyncio.CancelledError:
            # The outcome must stand all the same: whoever waits for its entry learns there that he is cancelled.
            finding, more = Finding(Found.NOT_SCREENED), NOBODY
            if (task := asyncio.current_task()) is not None:
                task.cancel()
        if status is OutcomeStatus.NOT_SENT:
            self.metered.give_back(seen.persons, seen.funds)
        elif status is OutcomeStatus.UPSTREAM_ERROR and answer is None:
            self.metered.settle(seen.persons, None, answer, more)  # it was told, and answered nothing that costs
            self.metered.give_back(None, seen.funds)
        else:
            self.metered.settle(seen.persons, seen.funds, answer, more)
        draft = outcome_draft(self.standing, decision, status, answer, http, model)
        if finding is None:
            return draft
        said = told(finding)
        fields = (*draft.fields, ("screen", said)) if said else draft.fields
        return draft._replace(flags=draft.flags | _FLAGS[finding.screen], fields=fields)

    def end_tool(self, seen: Seen, status: OutcomeStatus) -> None:
        """Settle a tool call that was permitted."""
        if seen.persons is not None:
            if status is OutcomeStatus.NOT_SENT:
                self.metered.give_back(seen.persons, None)
            else:
                self.metered.settle(seen.persons, None, None, NOBODY)

    async def _answered(
        self, seen: Seen, status: OutcomeStatus, answer: Answer | None
    ) -> tuple[Finding | None, Counted]:
        """What the answer shows, and whom it names. Of one that was cut off, only what can be read at once is."""
        if answer is None or not answer.text:
            return None, NOBODY
        use, text = seen.said.use, answer.text
        large = len(text) >= LARGE
        late = large and status in _CUT_OFF  # whoever waits here may be cancelled again, and the outcome must stand
        finding = None
        if self.screened.screen is not None:
            finding = Finding(Found.NOT_SCREENED) if late else await self._look(use, (text,), large=large)
            if finding.screen is Found.CLEAR:
                self.screened.remember_answer(seen.under, text)
        if seen.persons is None:
            return finding, NOBODY
        count = self.metered.count_answer
        return finding, await asyncio.to_thread(count, text) if large and not late else count(text)

    async def _look(self, use: Use, texts: Sequence[str], *, large: bool) -> Finding:
        if not texts and self.screened.screen is not None:
            return Finding(Found.CLEAR)
        look, args = self.screened.look, (use.activity, use.facts, texts)
        finding = await asyncio.to_thread(look, *args) if large else look(*args)
        self.screened.seen[finding.screen] += 1
        return finding

    async def _judged(self, use: Use, texts: Sequence[str], *, large: bool) -> tuple[Finding, Fields]:
        """What the screen finds, and where it doubts, what the judge holds of it; without an opinion of a judge who was
        asked, nobody has screened it."""
        finding, judge = await self._look(use, texts, large=large), self.screened.judge
        if judge is None or not finding.doubtful:
            return finding, ()
        opinion = await judge.opinion(use, texts)
        if opinion is None:
            if finding.screen is Found.CLEAR:
                finding = replace(finding, screen=Found.NOT_SCREENED)
            return finding, (("judge", b"no opinion"),)
        said = "fits" if opinion.fits else opinion.activity
        return with_opinion(finding, use.activity, opinion), (("judge", said.encode()),)

    async def _counted(
        self, said: Stated, finding: Finding, count: Callable[[], Counted], judged: Fields, *, large: bool
    ) -> Seen:
        """The use with what the screen and, where the terms ask them, the meters say of it."""
        facts: dict[str, FactValue] = {"screen": str(finding.screen)}
        more = (*((n, v) for n, v in (("screen", told(finding)),) if v), *judged)
        use = said.use
        if finding.alternatives:
            use = replace(use, alternatives=(*use.alternatives, *finding.alternatives)[:MAX_ALTERNATIVES])
        if not self.metered.asks(use):
            return Seen(self._variant(said, finding.screen) if use is said.use else self._with(said, use, facts), more)
        counted = await asyncio.to_thread(count) if large else count()
        persons = self.metered.reserve(use, purpose_of(said), _datasets(said), counted)
        facts |= persons.reading.facts()
        return Seen(self._with(said, use, facts), (*more, ("counted", counted.to_bytes())), persons)

    def _variant(self, said: Stated, screen: Found) -> Stated:
        """A call that declares nothing is the same use each time, and so it is once it is found clear."""
        if said.use.facts.get("screen") == screen:
            return said
        known = self._variants.get((id(said), screen))
        if known is not None and known[0] is said:
            return known[1]
        made = self._with(said, said.use, {"screen": str(screen)})
        if len(self._variants) >= MAX_VARIANTS:
            self._variants.clear()
        self._variants[id(said), screen] = said, made
        return made

    def _with(self, said: Stated, use: Use, facts: Mapping[str, FactValue]) -> Stated:
        return restated(self._words, said, replace(use, facts={**use.facts, **facts}))

    def _funded(self, call: Call, use: Use) -> Funded | None:
        return self.metered.fund(call, use, served=self.standing.observing)

    @property
    def _words(self) -> Vocabulary:
        return self.standing.pack.terms.scope.vocabulary


def _datasets(said: Stated) -> str:
    """The registered data sets that it names, in one order; where the registry is not signed, the settings say them."""
    named = next((value.decode() for name, value in said.fields if name == "datasets"), "")
    names = "+".join(sorted(named.split("+")))
    return names if len(names) <= MAX_NAME else hashlib.sha256(names.encode()).hexdigest()


def _without_registered(call: Call, tools: Tools) -> Call:
    """The call without the definitions of its tools, where their owners registered all of them: these are the owners'
    words, and neither name anybody nor say what the call is about."""
    if not call.tools:
        return call
    found = offered(call)
    if any(tools.tool(name, tool.digest).standing is not Listed.REGISTERED for name, tool in found.items()):
        return call
    fields = {name: value for name, value in call.fields.items() if name not in ("tools", "functions")}
    return structs.replace(call, fields=fields)
