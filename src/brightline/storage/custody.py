"""Who may look at, keep and erase the private side: what the record says was done, and what an order comes to.

    custody = Custody(...)                 a fold over the record's erasure and change entries
    plan = custody.plan(told, …)           checks an order against it, and changes nothing
    …                                      its drafts are made durable, then its keys overwritten
    custody.done(told, plan)               now it counts

Law: an erasure entry is durable before its key is overwritten, and a start finishes what a crash left in between: so
no key is gone that is not counted. A legal hold beats an erasure of any reason. What decides (meters, budget, what the
desk spent) is copied from the erased entry into the erasure's, so that no state is rebuilt otherwise than it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Never

import msgspec
import numpy as np

from brightline.agreement import Agreement
from brightline.approvals import event as desk_events
from brightline.approvals.event import Rostered
from brightline.canonical import parse
from brightline.errors import ApprovalError, RecordError
from brightline.keys import Envelope
from brightline.record.body import ApprovalBody, ChangeBody, ChangeSubject, ErasureBody, Verdict
from brightline.record.body import unpack as unpack_body
from brightline.record.entry import BUNDLE, ENTRY, ENTRY_BYTES, Entry, Kind, unpack
from brightline.record.log import Draft
from brightline.storage.order import Do, Order, Told
from brightline.storage.vault import Fields, Vault

DECIDES = ("meter", "budget", "desk")
"""Private fields from which state is rebuilt: events of meters, budget and desk. None holds content of a call."""
FIELD = "order"
PURGE = "purge"
"""Private fields of what an order leaves in the record: the order, and all that a purge ended."""
_CARRIED, _ROSTER = "carried.", "roster"
_ERASABLE = (Kind.DECISION, Kind.OUTCOME)
_AT_ONCE = 64 * BUNDLE  # entries
DAY = 86_400

Read = Callable[[int, int], bytes]
"""Entries first..last-1 of the log, 256 bytes each."""


class Hold(NamedTuple):
    """Entries first..last are kept; last None: all that come too."""

    first: int
    last: int | None

    def covers(self, entry: int) -> bool:
        return self.first <= entry and (self.last is None or entry <= self.last)


@dataclass(frozen=True, slots=True)
class Plan:
    """`drafts` in order; `erase`: the entries whose keys are to be overwritten once these are durable."""

    drafts: tuple[Draft, ...]
    erase: tuple[int, ...]
    text: str
    kept: int = 0  # entries that a legal hold kept from a purge


class Purge(NamedTuple):
    """`ranges`: the entries whose keys it ended; `carried`: what decides of them."""

    ranges: list[tuple[int, int]]
    carried: dict[int, Fields]


@dataclass
class Custody:
    """What was ordered so far. `carried`: what decides of each entry that was erased."""

    agreement: Agreement
    terms: bytes
    holds: dict[str, Hold] = field(default_factory=dict)
    erasures: int = 0
    erased: list[tuple[int, int]] = field(default_factory=list)  # ranges, both ends in them
    seen: set[str] = field(default_factory=set)
    roster: int = -1
    carried: dict[int, Fields] = field(default_factory=dict)

    @classmethod
    def read(cls, agreement: Agreement, terms: bytes, size: int, read: Read, vault: Vault) -> Custody:
        """Rebuild from a record of `size` entries; from then on `vault.deciding` knows what was carried over.

        Raises RecordError, StorageError where it is damaged.
        """
        self = cls(agreement, terms)
        for entry in _orders(size, read):
            opened = vault.opened(entry.sequence)
            self._count(entry, opened[1] if opened is not None else ())
        vault.carried = self.carried
        return self

    def unfinished(self, size: int, vault: Vault) -> list[int]:
        """Entries that were ordered to be erased, whose keys are still there: a crash came between."""
        return [e for first, last in self.erased for e in vault.kept(first, min(last + 1, size))]

    def plan(self, told: Told, size: int, read: Read, vault: Vault, now: float) -> Plan:
        """What an order comes to. Raises ApprovalError, RecordError where it may not be, and then nothing was done."""
        order = told.order
        if told.roster is not None and told.roster < self.roster:
            cure = "give the newest roster"
            _refuse("rolled_back", f"roster {told.roster} is older than {self.roster}, which came in before", cure)
        if order.id in self.seen:
            _refuse("replayed", "it was carried out before", "sign another one")
        match order.do:
            case Do.ERASE:
                return self._erase(told, size, read, vault)
            case Do.PURGE:
                return self._purge(told, size, read, vault, now)
            case Do.HOLD | Do.LIFT:
                return self._keep(told)
            case Do.LOOK | Do.AUDIT:
                return self._look(told, size, vault)

    def done(self, told: Told, plan: Plan) -> None:
        """The plan's drafts are durable."""
        self.roster = max(self.roster, told.roster or 0)
        self.seen.add(told.order.id)
        for draft in plan.drafts:
            if isinstance(draft.body, ErasureBody):
                self._erased(draft.body, draft.fields)
        self._order(told.order)

    # ---- one order each ------------------------------------------------------------------------------------------

    def _erase(self, told: Told, size: int, read: Read, vault: Vault) -> Plan:
        order = told.order
        for e in order.entries:
            if e >= size or unpack(read(e, e + 1)).kind not in _ERASABLE:
                _refuse("wrong_act", f"entry {e} is no decision and no outcome", "content stands in these alone")
            if held := [name for name, hold in self.holds.items() if hold.covers(e)]:
                _refuse("not_now", f"entry {e} is under the legal hold {held[0]!r}", "a hold beats an erasure: lift it")
        left = [e for e in order.entries if vault.kept(e, e + 1)]
        if not left:
            _refuse("used", "the content of these entries is erased, or they never had any", "name others")
        cap = self.agreement.disclosure.erasure_cap(size)
        if self.erasures + len(left) > cap:
            text = f"{self.erasures} entries were erased, and {cap} of {size} may be"
            _refuse("full", text, "agree with the vendor on more, in a successor of the agreement")
        drafts = tuple(self._erasure(told, e, vault, first=i == 0) for i, e in enumerate(left))
        return Plan(drafts, tuple(left), f"erased {len(left)} entries")

    def _purge(self, told: Told, size: int, read: Read, vault: Vault, now: float) -> Plan:
        last, days = told.order.last or 0, self.agreement.retention.content_days
        if last >= size:
            _refuse("wrong_act", f"there is no entry {last} yet", "name one that is older")
        if last % BUNDLE == 0:
            _refuse("wrong_act", f"entry {last} is a counters entry", "name the one before it")
        if unpack(read(last, last + 1)).time + days * DAY > now:
            _refuse(
                "not_now", f"entry {last} is not {days} days old", "name an older one: the schedule is the agreement's"
            )
        ended = list(_erasable(read, vault, last + 1))
        erase = [e for e in ended if not self._kept(e)]
        carried = {e: found for e in erase if (found := _deciding(vault, e))}
        all_of_it = msgspec.msgpack.encode(Purge(_ranges(erase), carried))
        assert told.order.why is not None  # noqa: S101 - an order to purge says why
        body = ErasureBody(last, told.rank, told.order.why.code)
        draft = Draft(body, terms=self.terms, fields=(*_of_order(told), (PURGE, all_of_it)))
        text = f"erased {len(erase)} entries up to {last}, as scheduled"
        return Plan((draft,), tuple(erase), text, len(ended) - len(erase))

    def _keep(self, told: Told) -> Plan:
        order = told.order
        name = order.name or ""
        if (name in self.holds) == (order.do is Do.HOLD):
            what = "is in force already" if order.do is Do.HOLD else "is not in force"
            _refuse("not_now", f"the legal hold {name!r} {what}", "name another")
        draft = Draft(ChangeBody(ChangeSubject.LEGAL_HOLDS), terms=self.terms, fields=_of_order(told))
        return Plan((draft,), (), f"{'placed' if order.do is Do.HOLD else 'lifted'} the legal hold {name}")

    def _look(self, told: Told, size: int, vault: Vault) -> Plan:
        drafts = []
        for i, e in enumerate(told.order.entries):
            if e >= size or not vault.kept(e, e + 1):
                _refuse("wrong_act", f"entry {e} has no content", "name one whose content is there")
            fields = _of_order(told) if i == 0 else ((FIELD, told.order.id.encode()),)
            drafts.append(Draft(ApprovalBody(e, 0, told.rank, Verdict.SEEN), terms=self.terms, fields=fields))
        return Plan(tuple(drafts), (), f"recorded {len(drafts)} looks")

    # ---- within --------------------------------------------------------------------------------------------------

    def _kept(self, entry: int) -> bool:
        return any(hold.covers(entry) for hold in self.holds.values())

    def _erasure(self, told: Told, entry: int, vault: Vault, *, first: bool) -> Draft:
        assert told.order.why is not None  # noqa: S101 - an order to erase says why
        fields = [*_of_order(told)] if first else [(FIELD, told.order.id.encode())]
        fields += [(_CARRIED + name, value) for name, value in _deciding(vault, entry)]
        return Draft(ErasureBody(entry, told.rank, told.order.why.code), terms=self.terms, fields=tuple(fields))

    def _count(self, entry: Entry, fields: Fields) -> None:
        """An entry of the past."""
        body = unpack_body(Kind(entry.kind), entry.body)
        if isinstance(body, ErasureBody):
            self._erased(body, fields)
        told = dict(fields).get(FIELD, b"")
        if told.startswith(b"{"):
            envelope = Envelope.from_bytes(told, f"entry {entry.sequence}", error=RecordError)
            order = Order.read(parse(envelope.payload))
            self.seen.add(order.id)
            self.roster = max(self.roster, int(dict(fields).get(_ROSTER, b"-1")))
            self._order(order)
        if isinstance(body, ChangeBody) and body.subject == ChangeSubject.ACTORS:
            self._rostered(dict(fields).get(desk_events.FIELD, b""), entry.sequence)

    def _rostered(self, data: bytes, entry: int) -> None:
        for event in desk_events.decode(data, f"entry {entry}") if data else ():
            if isinstance(event, Rostered):
                number = parse(Envelope.from_bytes(event.envelope).payload)["number"]
                self.roster = max(self.roster, number)

    def _order(self, order: Order) -> None:
        if order.do is Do.HOLD and order.name:
            self.holds[order.name] = Hold(order.first, order.last)
        elif order.do is Do.LIFT and order.name:
            self.holds.pop(order.name, None)

    def _erased(self, body: ErasureBody, fields: Fields) -> None:
        self.erasures += 1
        named = dict(fields)
        if PURGE in named:
            purge = msgspec.msgpack.decode(named[PURGE], type=Purge)
            self.erased += purge.ranges
            self.carried |= purge.carried
            return
        self.erased.append((body.erased, body.erased))
        if own := tuple((n.removeprefix(_CARRIED), v) for n, v in fields if n.startswith(_CARRIED)):
            self.carried[body.erased] = own


def ordered(entry: int, size: int, read: Read, vault: Vault) -> bool:
    """Does the record say that the private side of this entry was to be erased?"""
    for found in _orders(size, read):
        body = unpack_body(Kind(found.kind), found.body)
        if not isinstance(body, ErasureBody):
            continue
        try:
            opened = vault.opened(found.sequence)
        except (RecordError, msgspec.MsgspecError):
            continue  # under another site key no order opens, and none says anything
        if opened is not None:
            purge = dict(opened[1]).get(PURGE)
            ranges = msgspec.msgpack.decode(purge, type=Purge).ranges if purge else [(body.erased, body.erased)]
            if any(first <= entry <= last for first, last in ranges):
                return True
    return False


def _of_order(told: Told) -> Fields:
    """The private fields that hold an order, and by which roster its signer had the role."""
    roster = () if told.roster is None else ((_ROSTER, str(told.roster).encode()),)
    return ((FIELD, told.envelope), *roster)


def _orders(size: int, read: Read) -> Iterator[Entry]:
    """The entries that an order, or a roster, can stand in."""
    for first in range(0, size, _AT_ONCE):
        data = read(first, min(first + _AT_ONCE, size))
        rows = np.frombuffer(data, ENTRY)
        kinds = (rows["kind"] == Kind.ERASURE) | (rows["kind"] == Kind.CHANGE) | (rows["kind"] == Kind.APPROVAL)
        for row in np.flatnonzero(kinds & (rows["commitment"] != np.void(bytes(32)))).tolist():
            yield unpack(data[row * ENTRY_BYTES : (row + 1) * ENTRY_BYTES])


def _erasable(read: Read, vault: Vault, end: int) -> Iterator[int]:
    """Entries before `end` that hold content, and were not erased."""
    for first in range(0, end, _AT_ONCE):
        last = min(first + _AT_ONCE, end)
        kinds = np.frombuffer(read(first, last), ENTRY)["kind"]
        yield from (e for e in vault.kept(first, last) if kinds[e - first] in _ERASABLE)


def _ranges(entries: Sequence[int]) -> list[tuple[int, int]]:
    """Ascending numbers as ranges, both ends in them."""
    out: list[tuple[int, int]] = []
    for e in entries:
        if out and out[-1][1] == e - 1:
            out[-1] = (out[-1][0], e)
        else:
            out.append((e, e))
    return out


def _deciding(vault: Vault, entry: int) -> Fields:
    return tuple((name, value) for name, value in vault.fields(entry) if name in DECIDES)


def _refuse(fault: str, text: str, cure: str) -> Never:
    raise ApprovalError(text, fault, place="order", cure=cure)
