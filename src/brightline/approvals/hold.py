"""One act on the desk, and what was granted for it so far."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple, Self

from brightline.approvals.event import Held
from brightline.approvals.reading import Fault, refuse
from brightline.approvals.roster import Roster
from brightline.approvals.table import LIVE, Signal, State, step


class Approval(NamedTuple):
    """A grant that was received. `entry`: its index in the record; `hurried`: its person or role was, when it came."""

    statement: str
    person: str
    role: str
    until: int
    entry: int
    hurried: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """`state` as of the last event: `settled(now)` first. `since`: when it came to that state; `entry`: of the hold.

    `spoke`: who refused or granted, of whom none decides the appeal.
    `seen`: digests of the statements that came in: none counts twice. `quorums`: as of when it was held.
    """

    held: Held
    id: str
    state: State
    since: int
    deadline: int
    needs: tuple[frozenset[str], ...]
    quorums: dict[str, int]
    approvals: tuple[Approval, ...] = ()
    entry: int = 0
    spoke: frozenset[str] = frozenset()
    seen: frozenset[str] = frozenset()
    reason: str = ""

    @classmethod
    def of(cls, held: Held, roster: Roster, entry: int) -> Self:
        needs = tuple(frozenset(n) for n in held.needs)
        return cls(
            held=held,
            id=held.id,
            state=State.WAITING if needs else State.DENIED,
            since=held.at,
            deadline=held.deadline,
            needs=needs,
            quorums=_quorums(needs, roster),
            entry=entry,
        )

    @property
    def roles(self) -> frozenset[str]:
        """The roles that may say something of it."""
        return frozenset().union(*self.needs)

    def settled(self, now: int) -> Self:
        """The hold after the time that passed: what lapsed, what expired."""
        hold = self
        if hold.state is State.GRANTED and not hold.complete(now):
            hold = hold.stepped(Signal.LAPSE, now)
        if hold.state in (State.WAITING, State.APPEALED, State.CONTESTED) and now >= hold.deadline:
            hold = hold.stepped(Signal.EXPIRE, hold.deadline)
        return hold

    def stepped(self, signal: Signal, now: int) -> Self:
        """Raises ApprovalError where the table has no such arrow."""
        return replace(self, state=step(self.state, signal, self.id), since=now)

    def live(self, now: int) -> tuple[Approval, ...]:
        """The grants that count at `now`."""
        return tuple(a for a in self.approvals if now < a.until) if self.state in LIVE else ()

    def granted(self, now: int) -> frozenset[str]:
        """The roles of which as many persons as it takes have granted."""
        live = self.live(now)
        return frozenset(r for r in {a.role for a in live} if sum(a.role == r for a in live) >= self.quorums.get(r, 1))

    def complete(self, now: int) -> bool:
        granted = self.granted(now)
        return any(need <= granted for need in self.needs)

    def with_approval(self, approval: Approval, now: int) -> Self:
        """Raises ApprovalError where nothing is waited for, or one person would be two."""
        step(self.state, Signal.GRANT, self.id)
        if approval.role not in self.roles:
            cure = f"it needs {' or '.join(' and '.join(sorted(n)) for n in self.needs)}"
            refuse(Fault.NOT_NEEDED, f"no approval by {approval.role} is asked for", cure, self.id)
        if any(a.person == approval.person for a in self.live(now)):
            text = f"{approval.person} has granted it already, and one person is not two"
            refuse(Fault.SECOND, text, f"let another person who is {approval.role} decide", self.id)
        hold = replace(self, approvals=(*self.live(now), approval))
        return hold.stepped(Signal.COMPLETE, now) if hold.complete(now) else hold

    def needing(self, needs: Iterable[Iterable[str]], roster: Roster, now: int) -> Self:
        """The same act, which needs other approvals by now; what was granted stays."""
        wanted = tuple(frozenset(n) for n in needs)
        hold = replace(self.stepped(Signal.NEED, now), needs=wanted, quorums=_quorums(wanted, roster))
        return hold.stepped(Signal.COMPLETE, now) if hold.complete(now) else hold

    def used(self, roles: frozenset[str], now: int) -> Self:
        """Raises ApprovalError unless grants of all these roles count, which serve no more."""
        hold = self.stepped(Signal.USE, now)
        if not roles or not roles <= self.granted(now):
            missing = sorted(roles - self.granted(now)) or ["anybody"]
            refuse(Fault.NOT_NOW, f"no approval by {' and '.join(missing)} counts", "wait for it", self.id)
        return replace(hold, approvals=())


def _quorums(needs: Iterable[frozenset[str]], roster: Roster) -> dict[str, int]:
    """As of when it was held: a roster that asks for fewer loosens nothing that waits."""
    return {role: roster.rule(role).quorum for need in needs for role in need}
