"""Money as a fold over events, like `state`: prices and funds, what is reserved and what was spent.

Law: `spent + reserved` never passes what is funded, unless an official let a call go on to the ceiling, and never the
ceiling, as long as no call costs more than was reserved for it. What it did cost is always booked whole.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, TypeAlias, assert_never

import msgspec
from msgspec import Meta

from brightline.errors import RecordError
from brightline.meters.prices import MAX_COUNTED_TOKENS, MAX_PRICE, MICRO, Price

NOTICES = (75, 85)
"""Per cent of the funds at which the customer is told (compare DFARS 252.232-7007, limitation of funds)."""
_CURE = "restore record and private folder from the same back-up"

_Tokens = Annotated[int, Meta(ge=0, le=MAX_COUNTED_TOKENS)]
_Price = Annotated[int, Meta(ge=0, le=MAX_PRICE)]
_Micro = Annotated[int, Meta(ge=0)]
_Name = Annotated[str, Meta(max_length=200)]


class Funded(msgspec.Struct, frozen=True, gc=False, array_like=True, forbid_unknown_fields=True, tag=16):
    """The agreement's ceiling and what of it is funded, in millionths; None: the agreement has none."""

    ceiling: _Micro | None
    funded: _Micro | None


class Priced(msgspec.Struct, frozen=True, gc=False, array_like=True, forbid_unknown_fields=True, tag=17):
    """A model's price from now on. What is under way keeps the price that it was reserved at."""

    model: _Name
    input: _Price
    output: _Price


class Unpriced(msgspec.Struct, frozen=True, gc=False, array_like=True, forbid_unknown_fields=True, tag=18):
    """A model that has no price any more."""

    model: _Name


class Held(msgspec.Struct, frozen=True, gc=False, array_like=True, forbid_unknown_fields=True, tag=19):
    """Funds for a call of at most so many tokens. Numbered from 0 in their order."""

    model: _Name
    component: _Name
    input: _Tokens
    output: _Tokens


class Paid(msgspec.Struct, frozen=True, gc=False, array_like=True, forbid_unknown_fields=True, tag=20):
    """What the call took."""

    reservation: _Micro
    input: _Tokens
    output: _Tokens


class Freed(msgspec.Struct, frozen=True, gc=False, array_like=True, forbid_unknown_fields=True, tag=21):
    """The call was not made."""

    reservation: _Micro


class Noticed(msgspec.Struct, frozen=True, gc=False, array_like=True, forbid_unknown_fields=True, tag=22):
    """So many per cent of the funds are spent, and somebody is told."""

    percent: Annotated[int, Meta(ge=1, le=100)]


MoneyEvent: TypeAlias = Funded | Priced | Unpriced | Held | Paid | Freed | Noticed


class Spending:
    """Amounts in pico (`prices`). `open`: number → what was reserved, and at what price."""

    def __init__(self) -> None:
        self.ceiling: int | None = None
        self.funded: int | None = None
        self.prices: dict[str, Price] = {}
        self.spent = self.reserved = self.calls = 0
        self.by_component: dict[str, int] = {}
        self.open: dict[int, tuple[Held, Price]] = {}
        self.noticed: frozenset[int] = frozenset()

    @property
    def due(self) -> tuple[int, ...]:
        """The notices that are due and were not given."""
        return tuple(percent for percent in NOTICES if self._crossed(percent) and percent not in self.noticed)

    def apply(self, event: MoneyEvent) -> None:
        """One step of the fold. Raises RecordError where the event cannot follow what was before."""
        match event:
            case Held():
                price = self.prices.get(event.model)
                if price is None:
                    raise RecordError("a reservation for a model without a price", place="budget", cure=_CURE)
                self.open[self.calls] = (event, price)
                self.calls += 1
                self.reserved += price.cost(event.input, event.output)
            case Paid():
                held, price = self._close(event.reservation)
                cost = price.cost(event.input, event.output)
                self.spent += cost
                self.by_component[held.component] = self.by_component.get(held.component, 0) + cost
            case Freed():
                self._close(event.reservation)
            case Priced():
                self.prices[event.model] = Price(event.input, event.output)
            case Unpriced():
                self.prices.pop(event.model, None)
            case Funded():
                self.ceiling = None if event.ceiling is None else event.ceiling * MICRO
                self.funded = None if event.funded is None else event.funded * MICRO
                self.noticed = frozenset(percent for percent in self.noticed if self._crossed(percent))
            case Noticed():
                self.noticed |= {event.percent}
            case _:
                assert_never(event)

    def plain(self) -> dict[str, Any]:
        """Everything, to compare two of them with."""
        return {
            "ceiling": self.ceiling,
            "funded": self.funded,
            "prices": dict(sorted(self.prices.items())),
            "spent": self.spent,
            "reserved": self.reserved,
            "calls": self.calls,
            "by_component": dict(sorted(self.by_component.items())),
            "open": {number: (msgspec.to_builtins(held), price) for number, (held, price) in sorted(self.open.items())},
            "noticed": sorted(self.noticed),
        }

    def snapshot(self) -> bytes:
        """Everything, as bytes: equal states have equal bytes. JSON, for amounts pass 64 bits."""
        return json.dumps(self.plain(), sort_keys=True).encode()

    @classmethod
    def of_snapshot(cls, data: bytes) -> Spending:
        """The other way. Raises RecordError."""
        self = cls()
        try:
            value = json.loads(data)
            self.ceiling, self.funded = value["ceiling"], value["funded"]
            self.spent, self.reserved, self.calls = value["spent"], value["reserved"], value["calls"]
            self.prices = {model: Price(*price) for model, price in value["prices"].items()}
            self.by_component = dict(value["by_component"])
            opened = value["open"].items()
            self.open = {int(n): (msgspec.convert(held, Held), Price(*price)) for n, (held, price) in opened}
            self.noticed = frozenset(value["noticed"])
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, msgspec.MsgspecError):
            raise RecordError("a snapshot that cannot be read", place="budget", cure=_CURE) from None
        return self

    def _crossed(self, percent: int) -> bool:
        return self.funded is not None and self.spent * 100 >= self.funded * percent

    def _close(self, reservation: int) -> tuple[Held, Price]:
        found = self.open.pop(reservation, None)
        if found is None:
            raise RecordError(f"reservation {reservation} of funds is not open", place="budget", cure=_CURE)
        held, price = found
        self.reserved -= price.cost(held.input, held.output)
        return found
