"""What a person's statement does at the desk, or why it does nothing.

Law: nothing here changes anything: each function gives what the desk would hold afterwards, or raises ApprovalError
with the `Fault`. So the gateway checks a statement, makes it durable, and only then lets it count.
"""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from brightline.approvals.certificates import check_until
from brightline.approvals.hold import Approval, Hold
from brightline.approvals.reading import Fault, refuse
from brightline.approvals.roster import Person, Roster, verify_key
from brightline.approvals.statement import (
    Appeal,
    Grant,
    Look,
    OfHold,
    Overturn,
    Refuse,
    Statement,
    Uphold,
    Withdraw,
    identity,
)
from brightline.approvals.table import LIVE, Signal, State, check_who
from brightline.keys import Envelope

SKEW = 300_000
"""Milliseconds by which a signer's clock may be fast."""


def check_signer(said: Statement, envelope: Envelope, roster: Roster, now: int, place: str) -> Person:
    """The person on the roster who signed it, for this desk, not in the future."""
    # 1. authentic: before anything that it says is believed
    person = roster.person(said.person)
    if person is None:
        cure = "let the customer put them on the roster, or sign as somebody who is"
        refuse(Fault.UNKNOWN_SIGNER, f"{said.person!r} is not on the roster", cure, place)
    if not envelope.signed_by(verify_key(person)):
        text = f"forged, or changed after it was signed: it is not signed with the key of {person.name}"
        refuse(Fault.FORGED, text, "use the file as it was signed", place)
    # 2. meant for this desk
    if said.desk != roster.desk:
        refuse(Fault.WRONG_DESK, f"it is for the desk {said.desk!r}", f"this one is {roster.desk!r}", place)
    if said.time > now + SKEW:
        refuse(Fault.EARLY, "it is signed in the future", "set the clock of the signer, or of the desk", place)
    # 3. by one who has the role
    role = getattr(said, "role", None)
    if role is not None and role not in person.roles:
        cure = f"roles of theirs: {', '.join(person.roles) or 'none'}"
        refuse(Fault.WRONG_ROLE, f"{person.name} is not {role}", cure, place)
    return person


def said_of(hold: Hold | None, said: OfHold, envelope: Envelope, person: Person, roster: Roster, now: int) -> Hold:
    """The hold after a statement of it. `hold`: the one that it names, or None."""
    if hold is None:
        cure = "see `brightline desk list`: a hold that ended long ago is let go"
        refuse(Fault.NO_HOLD, "there is no such hold", cure, said.hold)
    if said.act != hold.held.act.digest:
        refuse(Fault.WRONG_ACT, "it names another act than the one that is held", "sign what is shown", hold.id)
    hold = hold.settled(now)
    done = identity(envelope)
    if done in hold.seen:
        fault = Fault.USED if hold.state is State.USED else Fault.REPLAYED
        refuse(fault, "it came in before, and counts once", "sign a new one", hold.id)
    return replace(_after(hold, said, done, person, roster, now), seen=hold.seen | {done})


def _after(hold: Hold, said: OfHold, done: str, person: Person, roster: Roster, now: int) -> Hold:
    match said:
        case Grant():
            check_who(hold.held.act, person, said.role, roster.selects, hold.id)
            lives = 1000 * roster.rule(said.role).grant_seconds
            check_until(said.until, said.time, now, lives, hold.id)
            # From its arrival too: a signer's clock that is fast lengthens nothing.
            until = min(said.until, now + lives)
            hold = hold.with_approval(Approval(done, person.name, said.role, until, 0, False), now)
            return replace(hold, spoke=hold.spoke | {person.name})
        case Refuse():
            _check_role(hold, said.role)
            hold = hold.stepped(Signal.REFUSE, now)
            return replace(hold, approvals=(), spoke=hold.spoke | {person.name}, reason=said.reason)
        case Overturn() | Uphold():
            _check_judge(hold, said, person, roster)
            hold = hold.stepped(Signal.OVERTURN if isinstance(said, Overturn) else Signal.UPHOLD, now)
            seconds = roster.hold_seconds if hold.state is State.WAITING else roster.appeal_seconds
            return replace(hold, deadline=now + 1000 * seconds, reason=said.reason)
        case Look():
            _check_look(hold, said.role, roster)
            return hold
        case Appeal():
            _check_asker(hold, person)
            return appealed(hold, said.reason, roster, now)
        case Withdraw():
            _check_asker(hold, person)
            return replace(hold.stepped(Signal.WITHDRAW, now), approvals=())
        case _:
            assert_never(said)


def appealed(hold: Hold, reason: str, roster: Roster, now: int) -> Hold:
    """Within the appeal's clock, counted from the refusal, expiry or denial; then another of the same length."""
    late = now - hold.since - 1000 * roster.appeal_seconds
    if hold.state in (State.REFUSED, State.EXPIRED, State.DENIED) and late >= 0:
        refuse(Fault.EXPIRED, "the time for an appeal has passed", "send the call again", hold.id)
    return replace(hold.stepped(Signal.APPEAL, now), deadline=now + 1000 * roster.appeal_seconds, reason=reason)


def _check_role(hold: Hold, role: str) -> None:
    if role not in hold.roles:
        cure = f"those asked: {', '.join(sorted(hold.roles)) or 'nobody, the terms deny it'}"
        refuse(Fault.WRONG_ROLE, f"{role} is not asked about it", cure, hold.id)


def _check_look(hold: Hold, role: str, roster: Roster) -> None:
    judging = hold.state in (State.APPEALED, State.CONTESTED) and role == roster.appeal_role
    if not judging:
        _check_role(hold, role)
        if hold.state not in LIVE:
            refuse(Fault.NOT_NOW, f"it is {hold.state}: nothing is to decide", "look at what waits", hold.id)


def _check_judge(hold: Hold, said: Overturn | Uphold, person: Person, roster: Roster) -> None:
    if said.role != roster.appeal_role:
        refuse(Fault.WRONG_ROLE, f"{said.role} decides no appeals", f"{roster.appeal_role} does", hold.id)
    if person.name in hold.spoke or hold.held.act.actor in (*person.actors, person.name):
        cure = f"let another person who is {said.role} decide"
        refuse(Fault.WRONG_PERSON, "nobody judges what they decided or asked for themselves", cure, hold.id)


def _check_asker(hold: Hold, person: Person) -> None:
    if hold.held.act.actor not in (*person.actors, person.name):
        refuse(Fault.WRONG_PERSON, f"{person.name} did not ask for it", "who asked can say this", hold.id)
