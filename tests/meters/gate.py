"""Steps 3, 4, 5 and 7 of the gateway around meters and the compromise's real terms, without HTTP."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Any

from brightline.meters import Counted, MeterKey, Meters, Reservation, Where, Window, limits_of
from brightline.storage.packs import open_pack
from brightline.terms import Outcome, Terms, decide
from brightline.vocabulary.use import read_use

SECRET = bytes(range(32))
KEY = MeterKey(SECRET, "sha256:" + "0" * 64)


@cache
def terms() -> Terms:
    return open_pack("compromise").terms


@cache
def window() -> Window:
    """As the terms were signed: soft and hard are the numbers in their clauses."""
    soft, *_, hard = limits_of(terms())
    return Window(soft=soft, hard=hard)


def outcome(facts: dict[str, int | str], approvals: tuple[str, ...] = ()) -> Outcome:
    """Of a look-up that may touch U.S. persons."""
    stated: dict[str, Any] = {
        "purpose": "force_protection", "place": "home", "protected_persons": "incidental", "legal_basis": "none",
        "scale": "individual",
        "data_origin": "own_records", "dataset": "registered", "deidentified": "no", "protected_activity": "no",
        "intent": "deliberate", "end_user": "identified", "integrity": "intact", "actuation": "none",
        "screen": "clear", "approval_tempo": "normal", "approvals": list(approvals), **facts,
    }  # fmt: skip
    use = read_use(terms().scope.vocabulary, {"activity": "surv.person_track", "facts": stated})
    return decide(terms(), use, ("note",)).outcome


@dataclass
class Gate:
    """One site. `accounts`: who called, which no meter is told. `record`: the private field of each entry."""

    meters: Meters = field(default_factory=lambda: Meters.begin(KEY, window(), 0))
    record: list[bytes] = field(default_factory=list)
    accounts: set[str] = field(default_factory=set)

    def begin(
        self, where: Where, counted: Counted, now: int, account: str = "a", approvals: tuple[str, ...] = ()
    ) -> tuple[Outcome, Reservation | None]:
        """Reserve, decide, and release at once what may not be made; the rest is under way."""
        self.accounts.add(account)
        reservation = self.meters.reserve(where, counted, now)
        said = outcome(reservation.reading.facts(), approvals)
        if said is not Outcome.PERMIT:
            self.meters.release(reservation, now)
        self.write()
        return said, reservation if said is Outcome.PERMIT else None

    def end(self, reservation: Reservation, now: int) -> None:
        self.meters.settle(reservation, now)
        self.write()

    def use(
        self, where: Where, counted: Counted, now: int, account: str = "a", approvals: tuple[str, ...] = ()
    ) -> Outcome:
        """A whole use."""
        said, reservation = self.begin(where, counted, now, account, approvals)
        if reservation is not None:
            self.end(reservation, now)
        return said

    def write(self) -> None:
        if batch := self.meters.events():
            self.record.append(batch)
