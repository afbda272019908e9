"""The desk of a running gateway: what is approved, by whom, is a fact of the use, and what it leaves stands in the
entry of that decision (steps 3 to 5; docs/reference/approvals.md).

    weighed = desk.weigh(said, content)             3  exceptions, approvals and tempo as facts
    ruling  = desk.rule(weighed, decide)            4  and which grants the permit rests on
    noted   = desk.note(weighed, ruling, draft)     5  in this turn of the loop: spent or held, in the entry's draft
    …                                                  the entry is durable
    desk.recorded(noted, index)                        now people hear of it

Law: a grant is spent in the entry of the decision that rests on it, which is durable before a byte leaves; so after a
crash it is either unspent and nothing left, or spent.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple, Protocol, cast

import msgspec

from brightline.approvals import Act, Desk, Event, Held, Hold, Needed, State, Used, field
from brightline.approvals import Call as Kind
from brightline.approvals.table import LIVE
from brightline.errors import ApprovalError
from brightline.gateway.codec import Call
from brightline.gateway.stated import Stated, restated
from brightline.gateway.waiting import WAIT_SECONDS
from brightline.record.body import DecisionBody
from brightline.record.entry import Flag
from brightline.record.log import Draft
from brightline.terms import Decision, Outcome
from brightline.vocabulary import FactValue, Source, Use

Deciding = Callable[[Use], tuple[Decision, int]]
"""Step 4: the decision, and flags that say how it was reached."""

_UNREAD = frozenset(("stream", "stream_options", "user", "metadata", "store", "service_tier"))
_sorted = msgspec.json.Encoder(order="sorted")


class Weighed(NamedTuple):
    """A use with the desk's facts. `act`: the act that it is, made only where it is needed.

    `bare`: the same without any approval; `granted`: the roles whose approval counts for it now.
    """

    said: Stated
    bare: Stated
    act: Callable[[], Act]
    granted: frozenset[str] = frozenset()


class Ruling(NamedTuple):
    """`roles`: the approvals that a permit rests on; `exception`: the entry of the certificate that it rests on."""

    said: Stated
    decision: Decision
    flags: int
    roles: frozenset[str] = frozenset()
    exception: int = 0


class Noted(NamedTuple):
    """A draft with what the decision does at the desk. `hold`: where the act waits, or nothing; `why_not`: the desk
    took it not. `content`: what people are to read who decide on it."""

    draft: Draft
    events: tuple[Event, ...] = ()
    hold: str = ""
    why_not: str = ""
    content: bytes = b""


class Postman(Protocol):
    """Tells people what happened (`gateway.posting`). Neither call waits, or fails."""

    def post(self, event: Event, entry: int, content: bytes = b"") -> None: ...


def act_key(site_key: bytes) -> bytes:
    """The key under which acts name their content: the site's, the same after a restart."""
    return hmac.new(site_key, b"brightline/act/v1", hashlib.sha256).digest()


def content_of(call: Call) -> bytes:
    """What a model call is bound by: its whole conversation, tools and parameters, in one form.

    A new turn means another thing after another history ("yes, all of them"), so all of it is bound. Left out is what
    the model does not read: whether the answer comes as a stream, and labels for accounting.
    """
    return _sorted.encode([str(call.api), {k: v for k, v in call.fields.items() if k not in _UNREAD}])


class NoDesk:
    """A gateway where nobody can approve anything: what is held is refused. `wait_seconds`: the longest wait."""

    wait_seconds = 0

    def weigh(self, said: Stated, content: Callable[[], bytes], tool: str = "") -> Weighed:  # noqa: ARG002
        """Step 3. `content`: what the act is bound to, in one form; `tool`: the exact name, where one is called."""
        return Weighed(said, said, _no_act)

    def rule(self, weighed: Weighed, decide: Deciding, *, spending: bool = True) -> Ruling:  # noqa: ARG002
        """Step 4."""
        return Ruling(weighed.said, *decide(weighed.said.use))

    def note(self, weighed: Weighed, ruling: Ruling, draft: Draft, content: bytes) -> Noted:  # noqa: ARG002
        """Step 5."""
        return Noted(draft)

    def recorded(self, noted: Noted, entry: int) -> None:
        """After step 5."""

    async def granted(self, holds: tuple[str, ...], until: float) -> bool:  # noqa: ARG002
        """Whether all of these are granted by loop time `until`."""
        return False

    def shown(self, decision: Decision, entry: int, hold: str, why_not: str) -> dict[str, Any]:  # noqa: ARG002
        """What a refusal says of the desk, in its `brightline` object."""
        return {}


NO_DESK = NoDesk()

_NEXT = {
    Outcome.DENY: "If this is wrong, appeal: POST /brightline/appeals with the decision {} and your reason.",
    Outcome.ASK: "State the facts in needs[].facts in the header Brightline-Facts (name=value, name=value), or answer "
    "with POST /brightline/asks/{}, or use a purpose whose owner attests them; then send the call again.",
}
_WHERE = {
    State.WAITING: "Somebody who holds one of the roles in needs[].approvals decides. Where it stands: "
    "GET /brightline/holds/{}. Once it is granted, send the call again; `Prefer: wait=30` waits for it.",
    State.GRANTED: "It is granted, and waits for the others that are held with it: GET /brightline/holds/{}.",
    State.REFUSED: "Somebody refused it; hold.reason says why. If that is wrong, appeal: POST /brightline/appeals with "
    "the hold {} and your reason.",
}
_ELSE = "Where it stands: GET /brightline/holds/{}."


def _standing(hold: Hold) -> dict[str, Any]:
    return {
        "id": hold.id[7:],
        "state": str(hold.state),
        "needs": [sorted(n) for n in hold.needs],
        "deadline": hold.deadline // 1000,
        "reason": hold.reason,
    }


def _no_act() -> Act:
    raise RuntimeError("nothing is held where there is no desk")


class LiveDesk(NoDesk):
    """One event loop. `clock`: Unix seconds. `is_person`: what the registry says of an actor; whom the roster names is
    one in any case, and everything else is a program that decides for itself what it asks."""

    def __init__(
        self,
        desk: Desk,
        key: bytes,
        postman: Postman | None = None,
        *,
        clock: Callable[[], float] = time.time,
        random: Callable[[int], bytes] = os.urandom,
        wait_seconds: int = WAIT_SECONDS,
        is_person: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self._is_person = is_person
        self.wait_seconds = wait_seconds
        self.desk, self.postman, self.key = desk, postman, key
        self._clock, self._random = clock, random
        self._changed = asyncio.Event()

    @property
    def now(self) -> int:
        """Unix milliseconds."""
        return int(self._clock() * 1000)

    # ---- steps 3 to 5 ----------------------------------------------------------------------------

    def weigh(self, said: Stated, content: Callable[[], bytes], tool: str = "") -> Weighed:
        """Step 3: exceptions in force, and where somebody granted something to this actor, what of it counts here."""
        use, bare = said.use, said
        if self.desk.excepting and (exceptions := self.desk.exceptions(use, self.now)):
            bare = self._with(said, {"exceptions": exceptions})
        if not self.desk.waits(use.actor):  # the usual case: nothing of the act is needed
            return Weighed(bare, bare, lambda: self.act(use, content(), tool))
        act, now = self.act(use, content(), tool), self.now
        granted = self.desk.approvals(act, now)
        if not granted:
            return Weighed(bare, bare, lambda: act)
        bare = self._with(bare, {"approval_tempo": self.desk.tempo(act, now)})
        return Weighed(self._with(bare, {"approvals": granted}), bare, lambda: act, granted)

    def rule(self, weighed: Weighed, decide: Deciding, *, spending: bool = True) -> Ruling:
        """Step 4. Of the approvals that count, the fewest that the terms ask for; none where it needs none.

        Not `spending`: as if nothing were granted, so that what was is kept for later.
        """
        bare, flags = decide(weighed.bare.use)
        if not spending or not weighed.granted or bare.outcome is not Outcome.HOLD:
            return self._excepted(weighed, Ruling(weighed.bare, bare, flags), decide)
        decision, flags = decide(weighed.said.use)
        if decision.outcome is not Outcome.PERMIT:
            return Ruling(weighed.said, decision, flags)
        enough = [n for need in bare.needs if (n := frozenset(need.approvals)) <= weighed.granted]
        roles = min(enough, key=lambda n: (len(n), sorted(n)), default=weighed.granted)
        return self._excepted(weighed, Ruling(weighed.said, decision, flags, roles), decide)

    def note(self, weighed: Weighed, ruling: Ruling, draft: Draft, content: bytes) -> Noted:
        """Step 5, in the same turn of the loop as step 4: what is spent, or held, stands in the decision's draft."""
        now, decision = self.now, ruling.decision
        body = cast("DecisionBody", draft.body)
        if self.desk.emergency(now) is not None:
            draft = draft._replace(flags=draft.flags | Flag.BREAK_GLASS)
        if ruling.exception:
            body = body._replace(exception=ruling.exception)
            draft = draft._replace(body=body)
        if ruling.roles:
            spent = self.desk.use(weighed.act(), ruling.roles, now)
            first, second = (*spent.entries, 0, 0)[:2]
            body = body._replace(approval=first, second_approval=second)
            fields = (*draft.fields, field(spent.event))
            return Noted(draft._replace(body=body, fields=fields), (spent.event,))
        if decision.outcome is not Outcome.HOLD:
            return Noted(draft)
        try:
            ticket = self.desk.hold(weighed.act(), decision, now, self._random(16))
        except ApprovalError as e:
            return Noted(draft, why_not=e.text)
        if ticket.event is None:
            return Noted(draft, hold=ticket.hold.id)
        draft = draft._replace(fields=(*draft.fields, field(ticket.event)))
        return Noted(draft, (ticket.event,), ticket.hold.id, content=content)

    def recorded(self, noted: Noted, entry: int) -> None:
        """The decision's entry is durable."""
        for event in noted.events:
            match event:
                case Held() if not entry:
                    self.desk.forget(event.id)  # under break-glass nothing is put on the desk: no record has it
                case Held():
                    self.desk.recorded(event.id, entry)
                    self.tell(event, entry, noted.content)
                case Used() | Needed():
                    self.tell(event, entry)
                case _:
                    raise TypeError(type(event).__name__)

    def act(self, use: Use, content: bytes, tool: str = "") -> Act:
        """What would happen, exactly."""
        call, terms = (Kind.TOOL if tool else Kind.MODEL), self.desk.terms.digest
        agent = self.desk.roster.person(use.actor) is None and not self._is_person(use.actor)
        return Act.of(use, terms, content, self.key, call=call, tool=tool, agent=agent)

    def tell(self, event: Event, entry: int, content: bytes = b"") -> None:
        """People hear of it; nobody waits for that."""
        if self.postman is not None:
            self.postman.post(event, entry, content)

    # ---- waiting ---------------------------------------------------------------------------------

    def apply(self, event: Event, entry: int) -> None:
        """A durable event counts, and whoever waits looks again."""
        self.desk.apply(event, entry)
        self._changed.set()
        self._changed = asyncio.Event()

    def find(self, hold: str) -> Hold | None:
        """A hold as it stands."""
        return self.desk.known(hold, self.now)

    async def granted(self, holds: tuple[str, ...], until: float) -> bool:
        """Wait until all of these are granted: True; or one of them can be no more, or loop time `until`: False."""
        loop = asyncio.get_running_loop()
        while True:
            found = [self.find(h) for h in holds]
            if any(h is None or h.state not in LIVE for h in found):
                return False
            if all(h is not None and h.state is State.GRANTED for h in found):
                return True
            changed = self._changed
            ends = min(h.deadline for h in found if h is not None) / 1000 - self._clock()
            try:
                async with asyncio.timeout_at(min(until, loop.time() + max(ends, 0.05))):
                    await changed.wait()
            except TimeoutError:
                if loop.time() >= until:
                    return False

    def shown(self, decision: Decision, entry: int, hold: str, why_not: str) -> dict[str, Any]:
        """Where the act stands, and where to turn."""
        found = self.find(hold) if hold else None
        if found is None:
            if why_not and decision.outcome is Outcome.HOLD:
                return {"next": f"It is not on the desk: {why_not}."}
            said = _NEXT.get(decision.outcome)
            return {"next": said.format(entry)} if said else {}
        return {"hold": _standing(found), "next": _WHERE.get(found.state, _ELSE).format(found.id[7:])}

    # ---- within ----------------------------------------------------------------------------------

    def _with(self, said: Stated, facts: Mapping[str, FactValue]) -> Stated:
        use = said.use
        sources = {**use.sources, **dict.fromkeys(facts, Source.OBSERVED)}
        more = replace(use, facts={**use.facts, **facts}, sources=sources)
        return restated(self.desk.terms.scope.vocabulary, said, more)

    def _excepted(self, weighed: Weighed, ruling: Ruling, decide: Deciding) -> Ruling:
        """With the entry of the first certificate in force, where the decision would be another without any."""
        use = ruling.said.use
        if "exceptions" not in use.facts or ruling.decision.outcome is not Outcome.PERMIT:
            return ruling
        facts = {k: v for k, v in use.facts.items() if k != "exceptions"}
        without = replace(use, facts=facts)
        if decide(without)[0].outcome is Outcome.PERMIT:
            return ruling
        certificates = self.desk.certificates_for(weighed.bare.use, self.now)
        return ruling._replace(exception=certificates[0].entry if certificates else 0)
