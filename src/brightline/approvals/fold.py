"""The state of a desk as a fold over its events (`approvals.event`).

Laws. The state follows from the events alone, in their order; from a prefix of them follows a state in which nothing
is granted that was not granted there. Time is that of the events, in Unix milliseconds; where a clock runs back, the
desk's stands still at the newest event.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Self, TypeAlias, assert_never

from brightline.approvals import saying
from brightline.approvals.act import Act
from brightline.approvals.certificates import MAX_CERTIFICATES, Certificate, Emergency, check_exception, check_until
from brightline.approvals.event import (
    Appealed,
    Closed,
    Event,
    Held,
    Needed,
    Raised,
    Rejected,
    Rostered,
    Said,
    Unheeded,
    Used,
    decode,
)
from brightline.approvals.hold import Hold
from brightline.approvals.reading import Fault, refuse
from brightline.approvals.roster import Person, Roster, read_roster
from brightline.approvals.statement import BreakGlass, Except, Grant, Mend, Revoke, identity, read_statement
from brightline.approvals.table import LIVE, Signal, State
from brightline.approvals.tempo import HURRIED, MAX_HISTORY, NORMAL, Given, tempo, took
from brightline.errors import ApprovalError
from brightline.keys import Envelope, VerifyKey
from brightline.terms import Terms

OPEN = frozenset({*LIVE, State.APPEALED, State.CONTESTED})
"""States in which somebody is to decide."""
_STANDS = frozenset({*OPEN, State.REFUSED, State.UPHELD, State.DENIED})
Change: TypeAlias = Hold | Certificate | Emergency


class Fold:
    """One thread or event loop at a time. `Desk` has what is asked of it."""

    def __init__(self, terms: Terms, customer: VerifyKey) -> None:
        self.terms, self.customer = terms, customer
        self._roster: Roster | None = None
        self._holds: dict[str, Hold] = {}
        self._acts: dict[str, dict[str, str]] = {}  # actor → act → its hold, where that stands in a new one's way
        self._certificates: dict[str, Certificate] = {}
        self._emergencies: dict[str, Emergency] = {}
        self._history: list[Given] = []
        self._clock = 0

    @classmethod
    def rebuild(
        cls, terms: Terms, customer: VerifyKey, events: Iterable[tuple[int, bytes]]
    ) -> tuple[Self, list[tuple[int, ApprovalError]]]:
        """The desk after these events, each with its entry's index; and those that cannot stand, which did nothing."""
        desk, void = cls(terms, customer), []
        for index, data in events:
            try:
                for event in decode(data, f"entry {index}"):
                    desk.apply(event, index)
            except ApprovalError as e:
                void.append((index, e))
        return desk, void

    @property
    def rostered(self) -> bool:
        """Some roster came in."""
        return self._roster is not None

    @property
    def roster(self) -> Roster:
        if self._roster is None:
            refuse(Fault.UNKNOWN_SIGNER, "the desk has no roster", "let the customer sign one")
        return self._roster

    def find(self, act: Act, now: int) -> Hold | None:
        """The hold of this act that is open, refused lately or denied, as it stands."""
        hold = self._holds.get(self._acts.get(act.actor, {}).get(act.digest, ""))
        return hold.settled(self._now(now)) if hold is not None else None

    def entry(self, identity: str) -> int:
        """The entry in which a hold's decision, an exception or a break-glass stands; 0 where none does."""
        known: Change | None = self._holds.get(identity) or self._certificates.get(identity)
        known = known or self._emergencies.get(identity)
        return known.entry if known is not None else 0

    def emergency(self, now: int) -> Emergency | None:
        if not self._emergencies:
            return None
        now = self._now(now)
        return next((e for e in self._emergencies.values() if e.in_force(now)), None)

    def apply(self, event: Event, index: int = 0) -> None:
        """Let an event count; `index`: its entry in the record. Raises ApprovalError where it cannot stand."""
        now = self._now(event.at)
        match event:
            case Rostered():
                self._take_roster(Envelope.from_bytes(event.envelope, error=ApprovalError))
            case Held():
                self._take_held(event, index)
            case Needed():
                hold = self._hold(event.hold).settled(now)
                self._put(hold.needing(event.needs, self.roster, now))
            case Said():
                envelope = Envelope.from_bytes(event.envelope, error=ApprovalError)
                self._take(self._change(envelope, now, index, ""), now)
            case Used():
                # What happened is believed, whatever of its grants was erased since: it never happens again.
                hold = self._hold(event.hold)
                self._put(replace(hold, state=State.USED, since=now, approvals=()))
            case Closed(signal=Signal.WITHDRAW):
                hold = self._hold(event.hold).settled(now).stepped(Signal.WITHDRAW, now)
                self._put(replace(hold, approvals=()))
            case Closed():
                self._put(self._hold(event.hold).settled(now))
            case Appealed():
                self._put(self._appealed(event))
            case Raised() | Unheeded() | Rejected():
                pass  # for the record alone
            case _:
                assert_never(event)
        self._clock = now

    def _take_roster(self, envelope: Envelope) -> None:
        roster = read_roster(envelope, self.terms, self.customer, "roster")
        if self._roster is not None and roster.number < self._roster.number:
            text = f"roster {roster.number} is older than {self._roster.number}, which came in before"
            refuse(Fault.ROLLED_BACK, text, "give a roster with a higher number", "roster")
        self._roster = roster
        # Whoever lost a role has granted nothing.
        lists = {p.name: p.roles for p in roster.persons}
        for hold in list(self._holds.values()):
            kept = tuple(a for a in hold.approvals if a.role in lists.get(a.person, ()))
            self._put(replace(hold, approvals=kept))

    def _take_held(self, event: Held, index: int) -> None:
        known = self.find(event.act, event.at)
        if known is not None and known.state in OPEN:
            return  # two sendings of one act at once: the first stands
        self._put(Hold.of(event, self.roster, index))

    def _change(self, envelope: Envelope, now: int, index: int, place: str) -> Change:
        """What the desk holds after a statement."""
        statement = read_statement(envelope, place)
        person = saying.check_signer(statement, envelope, self.roster, now, place)
        done = identity(envelope)
        match statement:
            case Except():
                return self._excepted(statement, done, now, index, place)
            case Revoke():
                certificate = self._certificates.get(statement.exception)
                self._check_official(statement, place)
                if certificate is None or not certificate.in_force(now):
                    refuse(Fault.NOT_NOW, "no such exception is in force", "see `brightline exception list`", place)
                return certificate._replace(ended=now)
            case BreakGlass():
                self._check_official(statement, place)
                check_until(statement.until, statement.time, now, 1000 * self.roster.break_glass_seconds, place)
                if done in self._emergencies or self.emergency(now) is not None:
                    refuse(Fault.REPLAYED, "the glass is broken already", "end it first", place)
                return Emergency(done, statement, now, index)
            case Mend():
                emergency = self._emergencies.get(statement.started)
                self._check_official(statement, place)
                if emergency is None or not emergency.in_force(now):
                    refuse(Fault.NOT_NOW, "no such break-glass runs", "see `brightline exception list`", place)
                return emergency._replace(ended=now)
            case _:
                hold = saying.said_of(self._holds.get(statement.hold), statement, envelope, person, self.roster, now)
                return self._timed(hold, statement, person, now, index) if isinstance(statement, Grant) else hold

    def _timed(self, hold: Hold, said: Grant, person: Person, now: int, index: int) -> Hold:
        """With the tempo of the newest grant, this one counted."""
        *before, last = hold.approvals
        given = [*self._history, self._given(hold, last.person, said.role, now)]
        hurried = self._tempo(person.name, said.role, now, given) == HURRIED
        return replace(hold, approvals=(*before, last._replace(entry=index, hurried=hurried)))

    def _take(self, change: Change, now: int) -> None:
        match change:
            case Hold():
                before = self._holds[change.id].seen
                last = change.approvals[-1] if change.approvals else None
                if last is not None and last.statement in change.seen - before:
                    self._history.append(self._given(change, last.person, last.role, now))
                    del self._history[:-MAX_HISTORY]
                self._put(change)
            case Certificate():
                self._certificates = dict(_without_ended(self._certificates, now)) | {change.id: change}
            case Emergency():
                self._emergencies = {k: e for k, e in self._emergencies.items() if now < e.statement.until}
                self._emergencies[change.id] = change

    def _given(self, hold: Hold, person: str, role: str, now: int) -> Given:
        return Given(now, person, role, took(self._history, person, hold.held.at, now))

    def _tempo(self, person: str, role: str, now: int, history: list[Given] | None = None) -> str:
        """Hurried where the person is, or the role."""
        given, limits = self._history if history is None else history, self.roster.tempo
        words = [tempo([g for g in given if g.person == person], now, limits)]
        words.append(tempo([g for g in given if g.role == role], now, limits))
        return HURRIED if HURRIED in words else NORMAL

    def _excepted(self, said: Except, done: str, now: int, index: int, place: str) -> Certificate:
        check_exception(said, self.roster, self.terms, now, place)
        if done in self._certificates:
            refuse(Fault.REPLAYED, "it came in before; what was revoked stays so", "sign a new one", place)
        if sum(1 for _ in _without_ended(self._certificates, now)) >= MAX_CERTIFICATES:
            refuse(Fault.FULL, f"{MAX_CERTIFICATES} exceptions are in force", "revoke some", place)
        return Certificate(done, said, now, index)

    def _check_official(self, said: Revoke | BreakGlass | Mend, place: str) -> None:
        if said.role != self.roster.exception_role:
            cure = f"the roster says {self.roster.exception_role}"
            refuse(Fault.WRONG_ROLE, f"{said.role} does not decide this", cure, place)

    def _appealed(self, event: Appealed) -> Hold:
        hold = self._hold(event.hold)
        if hold.held.act.actor != event.actor:
            refuse(Fault.WRONG_PERSON, "it is not theirs", "who asked can appeal", event.hold)
        return saying.appealed(hold.settled(event.at), event.reason, self.roster, event.at)

    def _hold(self, hold: str) -> Hold:
        found = self._holds.get(hold)
        if found is None:
            refuse(Fault.NO_HOLD, "there is no such hold", "see `brightline desk list`", hold)
        return found

    def _put(self, hold: Hold) -> None:
        self._holds[hold.id] = hold
        acts = self._acts.setdefault(hold.held.act.actor, {})
        before = self._holds.get(acts.get(hold.held.act.digest, ""))
        taken = before is not None and before.id != hold.id and before.state in OPEN and before.held.at > hold.held.at
        if hold.state in _STANDS and not taken:  # an old one that is appealed does not hide the one that waits
            acts[hold.held.act.digest] = hold.id
        elif acts.get(hold.held.act.digest) == hold.id:
            del acts[hold.held.act.digest]

    def _drop(self, hold: Hold) -> None:
        del self._holds[hold.id]
        acts = self._acts.get(hold.held.act.actor, {})
        if acts.get(hold.held.act.digest) == hold.id:
            del acts[hold.held.act.digest]

    def _now(self, now: int) -> int:
        return max(now, self._clock)


def _without_ended(certificates: dict[str, Certificate], now: int) -> Iterator[tuple[str, Certificate]]:
    """A revoked one is kept until its own end, so that nobody can bring it back."""
    return ((k, c) for k, c in certificates.items() if now < c.statement.until)
