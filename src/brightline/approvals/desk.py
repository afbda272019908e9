"""The desk: holds, exceptions and break-glass of one gateway. What it knows, it knows from events (`approvals.fold`).

    event = desk.receive(envelope, now)    a person's statement, checked; nothing has changed
    …                                      the event is made durable: entry `index`
    desk.apply(event, index)               now it counts

Law: a grant serves one act, once, by whom and while it may. `hold` and `use` count at once, since they grant nothing:
a crash before their events are durable comes before any byte has gone upstream. Times are Unix milliseconds.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple

from brightline.approvals.act import Act
from brightline.approvals.certificates import Certificate, Emergency, covers, stays_shut
from brightline.approvals.event import Appealed, Closed, Event, Held, Needed, Said, Used, said
from brightline.approvals.fold import OPEN, Fold
from brightline.approvals.hold import Hold
from brightline.approvals.reading import Fault, refuse
from brightline.approvals.table import LIVE, Signal, State
from brightline.approvals.tempo import HURRIED, NORMAL
from brightline.keys import Envelope
from brightline.terms import Decision, Outcome
from brightline.vocabulary import Use

MAX_HOLDS = 10_000
"""Acts on one desk, with those that ended lately."""
MAX_HELD_BY_ACTOR = 256
"""Acts of one actor on which somebody is to decide."""


class Ticket(NamedTuple):
    """What a requester holds: their act's place on the desk. `event`: what to record, where something is new."""

    hold: Hold
    event: Event | None


class Spent(NamedTuple):
    """`entries`: of the grants that were spent, by role in the order of their names."""

    event: Used
    entries: tuple[int, ...]


class Desk(Fold):
    """One thread or event loop at a time."""

    # ---- what the gateway asks -------------------------------------------------------------------

    def waits(self, actor: str) -> bool:
        """Something of this actor's stands on the desk: else no act need be made of a call."""
        return bool(self._acts.get(actor))

    @property
    def excepting(self) -> bool:
        """Some exception was signed: else no use has one."""
        return bool(self._certificates)

    def hold(self, act: Act, decision: Decision, now: int, nonce: bytes) -> Ticket:
        """The act on the desk: as it stands there, or put there now. `nonce`: 16 random bytes.

        For a hold, or for a denial that somebody appeals. A refusal sticks for as long as it can be appealed; what
        was used, withdrawn or expired is held anew. Raises ApprovalError where the desk is full.
        """
        now = self._now(now)
        known = self.find(act, now)
        needs = [n.approvals for n in decision.needs] if decision.outcome is Outcome.HOLD else []
        if decision.outcome not in (Outcome.HOLD, Outcome.DENY) or (decision.outcome is Outcome.HOLD and not needs):
            refuse(Fault.NOT_NEEDED, f"a {decision.outcome} is not for the desk", "put holds there", act.digest)
        if known is not None and known.state in LIVE and needs:
            # What is needed is needed beside what was granted.
            granted = known.granted(now)
            wanted = {granted | frozenset(n) for n in needs}
            if wanted == set(known.needs):
                return Ticket(known, None)
            changed = Needed(at=now, hold=known.id, needs=tuple(tuple(sorted(n)) for n in sorted(wanted, key=sorted)))
            self.apply(changed)
            return Ticket(self._holds[known.id], changed)
        if known is not None and self._stands(known, now, bool(needs)):
            return Ticket(known, None)
        self._make_room(act, now)
        seconds = self.roster.hold_seconds if needs else self.roster.appeal_seconds
        held = Held(
            at=now,
            nonce=nonce.hex(),
            act=act,
            needs=tuple(tuple(sorted(n)) for n in needs),
            clauses=decision.clauses,
            text=decision.text,
            deadline=now + 1000 * seconds,
        )
        self.apply(held)
        return Ticket(self._holds[held.id], held)

    def recorded(self, hold: str, entry: int) -> None:
        """The entry in which the hold's decision stands, once it is durable."""
        self._put(replace(self._hold(hold), entry=entry))

    def forget(self, hold: str) -> None:
        """The hold's decision could not be recorded, so there is no such hold."""
        self._drop(self._hold(hold))

    def approvals(self, act: Act, now: int) -> frozenset[str]:
        """The fact: the roles whose fresh approval is bound to this act."""
        now = self._now(now)
        hold = self.find(act, now)
        return hold.granted(now) if hold is not None else frozenset()

    def entries(self, act: Act, now: int) -> tuple[int, ...]:
        """Where these approvals stand in the record, by role: what the decision's entry names."""
        now = self._now(now)
        hold = self.find(act, now)
        return _entries(hold, hold.granted(now), now) if hold is not None else ()

    def tempo(self, act: Act, now: int) -> str:
        """The fact: whether what was granted for this act was granted in a hurry, then or since."""
        now = self._now(now)
        hold = self.find(act, now)
        for a in hold.live(now) if hold is not None else ():
            if a.hurried or self._tempo(a.person, a.role, now) == HURRIED:
                return HURRIED
        return NORMAL

    def use(self, act: Act, roles: Iterable[str], now: int) -> Spent:
        """Spend the approvals of these roles, which the decision rested on: from here on they are gone.

        Raises ApprovalError where one of them does not count (any more): then the act must not happen.
        """
        now, roles = self._now(now), frozenset(roles)
        hold = self.find(act, now)
        if hold is None:
            refuse(Fault.NO_HOLD, "the act is not on the desk", "hold it", act.digest)
        hold.used(roles, now)
        event = Used(at=now, hold=hold.id, roles=tuple(sorted(roles)))
        entries = _entries(hold, roles, now)
        self.apply(event)
        return Spent(event, entries)

    def exceptions(self, use: Use, now: int) -> frozenset[str]:
        """The fact: the certificates in force for this use."""
        return frozenset(c.statement.certificate for c in self.certificates_for(use, now))

    def certificates_for(self, use: Use, now: int) -> list[Certificate]:
        """Those in force whose scope holds the use and everything else that it may be."""
        now = self._now(now)
        return [c for c in self._certificates.values() if c.in_force(now) and covers(c.statement, use, self.terms)]

    def break_glass(self, use: Use, now: int) -> Emergency | None:
        """The emergency under which this use may be served without durable record or meter; never a tool that acts."""
        emergency = self.emergency(now)
        return None if emergency is None or stays_shut(use) else emergency

    def due(self, now: int) -> list[Closed]:
        """What expired since it was asked last: events to record and apply."""
        now = self._now(now)
        over = [h for h in self._holds.values() if h.state in OPEN and h.settled(now).state not in OPEN]
        return [Closed(at=now, hold=h.id, signal=Signal.EXPIRE) for h in over]

    # ---- what people ask -------------------------------------------------------------------------

    def holds(self, now: int) -> list[Hold]:
        """Every hold that is known, oldest first, as it stands at `now`."""
        now = self._now(now)
        return [h.settled(now) for h in self._holds.values()]

    def known(self, hold: str, now: int) -> Hold | None:
        """The hold of this digest, as it stands at `now`."""
        found = self._holds.get(hold)
        return found.settled(self._now(now)) if found is not None else None

    def certificates(self) -> list[Certificate]:
        return list(self._certificates.values())

    def receive(self, envelope: Envelope, now: int, place: str = "") -> Said:
        """A statement that would count, as an event. Raises ApprovalError with its fault; nothing has changed."""
        now = self._now(now)
        self._change(envelope, now, 0, place)
        return said(envelope, now)

    def appeal(self, hold: str, actor: str, reason: str, now: int) -> Appealed:
        """An appeal by the actor who asked, whom the caller knows by their key. As `receive`."""
        event = Appealed(at=self._now(now), hold=hold, actor=actor, reason=reason)
        self._appealed(event)
        return event

    def withdraw(self, hold: str, actor: str, now: int) -> Closed:
        """A withdrawal by the actor who asked. As `receive`."""
        now = self._now(now)
        if self._hold(hold).held.act.actor != actor:
            refuse(Fault.WRONG_PERSON, "it is not theirs", "who asked can withdraw it", hold)
        self._hold(hold).settled(now).stepped(Signal.WITHDRAW, now)
        return Closed(at=now, hold=hold, signal=Signal.WITHDRAW)

    def _stands(self, hold: Hold, now: int, needed: bool) -> bool:
        """No new hold beside this one: somebody is to decide, or it was refused lately, or denied as it is now."""
        lately = now < hold.since + 1000 * self.roster.appeal_seconds
        if hold.state is State.DENIED:
            return not needed
        return hold.state in OPEN or (hold.state in (State.REFUSED, State.UPHELD) and lately)

    def _make_room(self, act: Act, now: int) -> None:
        """What ended first is let go, refusals last. Raises ApprovalError where that makes no room."""
        if len(self._holds) >= MAX_HOLDS:
            ended = [h for h in self.holds(now) if h.state not in OPEN]
            ended.sort(key=lambda h: (h.state in (State.REFUSED, State.UPHELD), h.since))
            for hold in ended[: MAX_HOLDS // 10]:
                self._drop(hold)
        own = self._acts.get(act.actor, {}).values()
        waiting = sum(self._holds[h].settled(now).state in OPEN for h in own)
        if len(self._holds) >= MAX_HOLDS or waiting >= MAX_HELD_BY_ACTOR:
            refuse(Fault.FULL, "the desk is full", "wait until something is decided, or withdraw what waits")


def _entries(hold: Hold, roles: frozenset[str], now: int) -> tuple[int, ...]:
    return tuple(entry for _, entry in sorted((a.role, a.entry) for a in hold.live(now) if a.role in roles))
