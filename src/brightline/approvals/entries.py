"""What each event of the desk leaves in the record: the seam between desk and log.

`Held`, `Needed` and `Used` have no entry of their own: they stand in that of the decision, as the private field
`desk`, beside content and facts. Every other event makes one entry. An entry shows which decision, which role, which
verdict and until when; never who, why or what: these are private fields.
"""

from __future__ import annotations

from typing import assert_never

from brightline.approvals.event import (
    FIELD,
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
    encode,
)
from brightline.approvals.fold import Fold
from brightline.approvals.statement import (
    Appeal,
    BreakGlass,
    Except,
    Grant,
    Look,
    Mend,
    Overturn,
    Refuse,
    Revoke,
    Uphold,
    Withdraw,
    read_statement,
)
from brightline.approvals.table import Signal
from brightline.errors import ApprovalError
from brightline.keys import Envelope
from brightline.record.body import (
    ApprovalBody,
    Body,
    ChangeBody,
    ChangeSubject,
    ExceptionAct,
    ExceptionBody,
    Verdict,
)
from brightline.record.log import Draft


def field(*events: Event) -> tuple[str, bytes]:
    """The private field that a decision's entry has for `Held`, `Needed` or `Used`."""
    return FIELD, encode(*events)


def draft(event: Event, desk: Fold, agreement: bytes, *before: Event) -> Draft:
    """The entry of an event, as the desk stands before it is applied. `agreement`: 32 bytes of its digest.

    `before`: events that come with it (a denial is put on the desk only by its appeal).
    """
    terms = bytes.fromhex(desk.terms.digest.removeprefix("sha256:"))
    return Draft(_body(event, desk, agreement), terms=terms, fields=(field(*before, event),))


def _body(event: Event, desk: Fold, agreement: bytes) -> Body:
    match event:
        case Said():
            return _statement(event, desk)
        case Closed():
            verdict = Verdict.EXPIRED if event.signal is Signal.EXPIRE else Verdict.WITHDRAWN
            return ApprovalBody(desk.entry(event.hold), 0, 0, verdict)
        case Appealed():
            return ApprovalBody(desk.entry(event.hold), 0, _rank(desk, desk.roster.appeal_role), Verdict.APPEALED)
        case Raised():
            return ApprovalBody(0, 0, _rank(desk, desk.roster.inspector_role), Verdict.APPEALED)
        case Rejected():
            return ApprovalBody(0, 0, 0, Verdict.REJECTED)
        case Rostered():
            return ChangeBody(ChangeSubject.ACTORS)
        case Unheeded():
            # What holds from now on is what held before: the message changed nothing, and that is on record.
            return ChangeBody(ChangeSubject.AGREEMENT, agreement, agreement)
        case Held() | Needed() | Used():
            raise TypeError(f"{type(event).__name__} stands in the entry of its decision")
        case _:
            assert_never(event)


def _statement(event: Said, desk: Fold) -> Body:
    said = read_statement(Envelope.from_bytes(event.envelope, error=ApprovalError))
    seconds = event.at // 1000
    match said:
        case Except():
            rank = tuple(desk.terms.scope.vocabulary.names["certificates"]).index(said.certificate)
            role, until = _rank(desk, said.role), said.until // 1000
            return ExceptionBody(0, seconds, until, rank, role, ExceptionAct.GRANTED)
        case Revoke():
            return _ended(desk.entry(said.exception), seconds, _rank(desk, said.role), ExceptionAct.REVOKED)
        case BreakGlass():
            role, until = _rank(desk, said.role), said.until // 1000
            return ExceptionBody(0, seconds, until, 0, role, ExceptionAct.BREAK_GLASS_STARTED)
        case Mend():
            return _ended(desk.entry(said.started), seconds, _rank(desk, said.role), ExceptionAct.BREAK_GLASS_ENDED)
        case Grant():
            return ApprovalBody(desk.entry(said.hold), said.until // 1000, _rank(desk, said.role), Verdict.GRANTED)
        case Refuse() | Overturn() | Uphold() | Look():
            return ApprovalBody(desk.entry(said.hold), 0, _rank(desk, said.role), _VERDICTS[type(said)])
        case Appeal():
            return ApprovalBody(desk.entry(said.hold), 0, _rank(desk, desk.roster.appeal_role), Verdict.APPEALED)
        case Withdraw():
            return ApprovalBody(desk.entry(said.hold), 0, 0, Verdict.WITHDRAWN)
        case _:
            assert_never(said)


_VERDICTS = {
    Refuse: Verdict.REFUSED,
    Overturn: Verdict.OVERTURNED,
    Uphold: Verdict.UPHELD,
    Look: Verdict.SEEN,
}


def _ended(granted: int, at: int, role: int, act: ExceptionAct) -> ExceptionBody:
    return ExceptionBody(granted, at, at, 0, role, act)


def _rank(desk: Fold, role: str) -> int:
    """Counted from 0 in the order of the agreed vocabulary, as entries count roles."""
    return desk.terms.scope.vocabulary.facts["approvals"].names.index(role)
