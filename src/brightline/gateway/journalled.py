"""The record as the journal of meters and money: their events leave with the next entry, and come back at the start.

Law: after a crash the state is that of the durable entries, in their order, read from the last snapshot on
(`snapshots`); of an entry whose private side was erased,
the erasure kept the events. One that is missing or altered stops the start: no count is made up.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from brightline.errors import ConfigError, InputError, RecordError, StorageError, nearest
from brightline.gateway.config import Config
from brightline.gateway.decided import Recorder
from brightline.gateway.entries import interrupted_draft
from brightline.gateway.metered import Metered
from brightline.gateway.snapshots import Snapshot, Snapshots, newest
from brightline.gateway.standing import Standing
from brightline.gateway.watch_config import PriceConfig, WatchConfig
from brightline.meters import Budget, MeterKey, Meters, State, Window, limits_of, metered, micro, replay
from brightline.meters.chain import Mark
from brightline.meters.spending import Spending
from brightline.record.body import ChangeBody, ChangeSubject, ClockSource, DecisionBody, OutcomeBody
from brightline.record.body import unpack as unpack_body
from brightline.record.entry import ENTRY, ENTRY_BYTES, NO_DIGEST, Kind, unpack
from brightline.record.log import Draft
from brightline.storage.files import read_file
from brightline.storage.journal import Journal
from brightline.storage.recorder import Recorder as Stored
from brightline.storage.vault import Fields, Vault

logger = logging.getLogger("brightline.gateway")
_AT_ONCE = 1 << 14  # entries
_CARRY = (DecisionBody, OutcomeBody, ChangeBody)
_KINDS = (Kind.DECISION, Kind.OUTCOME, Kind.CHANGE)
_RESTORE = "restore record and private folder from the same back-up"


class Journalled:
    """A recorder whose entries carry the events of meters and money, in the order in which they happened."""

    def __init__(self, recorder: Recorder, metered: Metered, snapshots: Snapshots | None = None) -> None:
        self._recorder, self._metered, self._snapshots = recorder, metered, snapshots
        self._lost: StorageError | None = None

    def over(self, recorder: Recorder) -> Journalled:
        """The same journal, whose entries go through another recorder from now on."""
        return Journalled(recorder, self._metered, self._snapshots)

    def append(self, draft: Draft) -> asyncio.Future[Any]:
        """As `Recorder.append`. Where an entry with events cannot be one, nothing more is recorded after it: from then
        on the record would count otherwise than this process does."""
        if self._lost is not None:
            future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
            future.set_exception(self._lost)
            return future
        if not isinstance(draft.body, _CARRY) or not (events := self._metered.events()):
            return self._recorder.append(draft)
        future = self._recorder.append(draft._replace(fields=(*draft.fields, *events)))
        if future.done():
            self._check(future)
        else:
            future.add_done_callback(self._check)
        if self._snapshots is not None and self._lost is None:
            self._snapshots.counted(self._recorder.append)
        return future

    def _check(self, future: asyncio.Future[Any]) -> None:
        if isinstance(future.exception(), RecordError):
            self._lost = StorageError(
                "events of the meters were not recorded", place="record", cure="start the gateway again"
            )


@dataclass(frozen=True, slots=True)
class Past:
    """What the record holds of meters and money: where they stood last, the batches of events since, and the agreements
    under which it was written."""

    meter: list[bytes] = field(default_factory=list)
    budget: list[bytes] = field(default_factory=list)
    agreements: list[str] = field(default_factory=list)
    stood: dict[str, Snapshot] = field(default_factory=dict)


def of_record(journal: Journal, vault: Vault, plan: Plan) -> Past:
    """Read them back, where anything is counted. Of what was erased, the erasure kept them (`storage.custody`), which
    must have been read before. Raises StorageError where a private side is damaged."""
    wanted = {"meter": plan.key is not None, "budget": bool(plan.config.prices)}
    names = [name for name, counted in wanted.items() if counted]
    if not names:
        return Past()
    past = Past(stood=newest(journal, vault, names))
    batches = {"meter": past.meter, "budget": past.budget}
    first = min(snapshot.entry for snapshot in past.stood.values()) + 1
    for index in _carrying(journal, first):
        for name, value in _deciding(vault, index):
            if name in past.stood and index > past.stood[name].entry:
                batches[name].append(value)
    past.agreements.extend(_agreements(journal))
    return past


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be counted, checked before the record is touched. `key`: None where nobody is."""

    config: WatchConfig
    standing: Standing
    asking: frozenset[str] = frozenset()
    key: MeterKey | None = None
    window: Window = field(default_factory=Window)
    clock: ClockSource = ClockSource.UNKNOWN


def planned(config: Config, standing: Standing) -> Plan:
    """What settings and terms ask to be counted. Raises ConfigError naming the setting and the cure."""
    watch, terms, place = config.watch, standing.pack.terms, config.place
    if watch.prices and watch.official not in (roles := terms.scope.vocabulary.facts["approvals"].names):
        cure = nearest(watch.official, roles)
        raise ConfigError(f"no role is called {watch.official[:60]!r}", place=f"{place}: money.official", cure=cure)
    for name in watch.prices:
        if not standing.observing and name not in standing.models:
            cure = nearest(name, standing.models)
            raise ConfigError("the agreement names no such model", place=f"{place}: prices.{name[:60]}", cure=cure)
    if watch.meters is None:
        return Plan(watch, standing, clock=config.clock)
    key, limits = MeterKey(_secret(watch.meters.secret), _digest(standing)), limits_of(terms)
    try:
        window = Window(watch.meters.seconds, *((limits[0], limits[-1]) if limits else ()))
    except InputError as e:
        raise ConfigError(e.text, place=f"{place}: meters", cure=e.cure) from None
    asking = metered(terms)
    return Plan(watch, standing, asking, key if asking else None, window, config.clock)


def uncounted(plan: Plan) -> str:
    """That a ceiling is agreed and no money is counted, for whoever runs the gateway; empty where it is, or none is."""
    agreed = plan.standing.agreement
    if agreed is None or agreed.ceiling is None or plan.config.prices:
        return ""
    text = "money is not counted: the agreement has a ceiling and the settings name no prices; set [prices.MODEL]"
    logger.warning(text)
    return text


def resumed(plan: Plan, past: Past) -> Metered:
    """Meters and money as they stand, with all that was under way settled: nobody knows how it ended.

    Raises RecordError and StorageError for a record that cannot be.
    """
    standing = plan.standing
    organisation = standing.agreement.parties.customer.name if standing.agreement is not None else ""
    meters = _meters(plan.key, plan.window, past, int(time.time())) if plan.key is not None else None
    budget = _budget(plan.config.prices, standing, past) if plan.config.prices else None
    return Metered(meters, budget, plan.asking, plan.config, organisation)


async def reopened(recorder: Stored, plan: Plan) -> tuple[Metered, Journalled]:
    """Meters and money of the record, and the recorder that is their journal from now on; whatever was cut off gets its
    outcome. Raises as the two above."""
    past = await asyncio.to_thread(of_record, recorder.journal, recorder.vault, plan)
    metered = resumed(plan, past)
    snapshots = Snapshots(metered, plan.standing.terms_digest, plan.clock, max(len(past.meter), len(past.budget)))
    journalled = Journalled(recorder, metered, snapshots)
    for decision in sorted(recorder.journal.log.open):
        await journalled.append(interrupted_draft(plan.standing, decision))
    return metered, journalled


def _meters(key: MeterKey, window: Window, past: Past, now: int) -> Meters:
    stood = past.stood.get("meter", Snapshot())
    if not past.meter and not stood.state:
        return Meters.begin(key, window, now)
    state, mark = replay(past.meter, State.of_snapshot(stood.state) if stood.state else State(), stood.mark)
    meters = Meters(_old(key, state, mark, past), state, mark)
    for number in meters.open:
        meters.settle(number, now)
    if state.key != key.id or state.window != window:
        meters.rotate(key, window, now)
    return meters


def _old(key: MeterKey, state: State, mark: Mark, past: Past) -> MeterKey:
    """The key under which the record counted last. Raises StorageError where the secret is not that of the record."""
    for agreement in (key.agreement, *reversed(past.agreements), ""):
        if (known := MeterKey(key.secret, agreement)).id == state.key:
            return known
    raise StorageError(
        "the meters of the record were counted under another secret",
        place=f"meter event {mark.events}",
        cure="put the secret back that this record began with: under another everybody would count anew",
    )


def _budget(prices: Mapping[str, PriceConfig], standing: Standing, past: Past) -> Budget:
    stood = past.stood.get("budget", Snapshot())
    budget = Budget.resume(past.budget, Spending.of_snapshot(stood.state) if stood.state else Spending(), stood.mark)
    budget.settle_open()
    for name in set(budget.spending.prices) - set(prices):
        budget.price(name, None)
    for name, price in prices.items():
        if budget.spending.prices.get(name) != price.price:
            budget.price(name, price.price)
    agreed = standing.agreement.ceiling if standing.agreement is not None else None
    funds = (None, None) if agreed is None else (micro(agreed.amount), micro(agreed.funded))
    if funds != budget.funds:
        budget.fund(*funds)
    return budget


def _digest(standing: Standing) -> str:
    return standing.agreement.digest if standing.agreement is not None else ""


def _secret(path: Path) -> bytes:
    """The meters' 32 bytes. Raises ConfigError naming the file."""
    try:
        secret = bytes.fromhex(read_file(path).decode("ascii", "replace"))
    except ValueError:
        secret = b""
    if len(secret) != 32:
        cure = "make one with `brightline key new NAME --meter`"
        raise ConfigError("not a secret of meters", place=str(path), cure=cure)
    return secret


def _carrying(journal: Journal, first: int) -> Iterator[int]:
    """The entries from `first` on that can carry events: of kinds that may, with a private side."""
    size = journal.log.size
    for at in range(first, size, _AT_ONCE):
        rows = np.frombuffer(journal.read(at, min(at + _AT_ONCE, size)), ENTRY)
        sealed = np.isin(rows["kind"], _KINDS) & (rows["commitment"] != np.void(NO_DIGEST))
        yield from (np.flatnonzero(sealed) + at).tolist()


def _agreements(journal: Journal) -> Iterator[str]:
    """The digests of the agreements under which the record was written, in their order."""
    size = journal.log.size
    for at in range(0, size, _AT_ONCE):
        data = journal.read(at, min(at + _AT_ONCE, size))
        for row in np.flatnonzero(np.frombuffer(data, ENTRY)["kind"] == Kind.CHANGE).tolist():
            change = unpack_body(Kind.CHANGE, unpack(data[row * ENTRY_BYTES : (row + 1) * ENTRY_BYTES]).body)
            if isinstance(change, ChangeBody) and change.subject == ChangeSubject.AGREEMENT:
                yield f"sha256:{change.digest.hex()}"


def _deciding(vault: Vault, index: int) -> Fields:
    try:
        return vault.deciding(index)
    except RecordError as e:
        raise StorageError(f"its private side: {e.text}", place=f"entry {index}", cure=_RESTORE) from None
