"""The seam to the gateway for money: reserve the most that a call can cost, settle what it did.

    hold = budget.reserve(model, component, input_tokens, output_tokens)     step 3
    budget.release(hold)                                                     step 4, where the call may not be made
    budget.settle(hold, input_tokens, output_tokens)                         step 7
    draft.fields += ("budget", budget.events())                              steps 5 and 7

How `Funds` becomes a decision. Exhausted funds are a hold for a customer official, not a stop (DESIGN section 5), and
everything that can change a decision is a fact. So it wants a fact of the gateway in the core vocabulary, `funds`
(`available`, `exhausted`, `ceiling`, `missing`), and a clause in the customer's own pack:

    @id("funds") @title("Without funds an official decides")
    forbid (principal, action, resource)
    when   { context.funds != "available" }
    unless { context.approvals.contains("funds_official") };

Then compare, replay and audit see it as any other clause. When the grant is spent, the gateway reserves again up to
`UpTo.CEILING`, which lets that one call go on to the ceiling. Until the fact exists, the gateway may join
`Need(approvals=(role,))` to the decision and make a permit a hold; it must not deny.

At the ceiling and without a price a grant does not help: the ceiling is the agreement's, and a call whose cost nobody
knows cannot be kept below it. It stays a hold, whose cure is an amendment or a price.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, StrEnum, auto
from typing import NamedTuple, Self

from brightline.errors import InputError, RecordError, StorageError
from brightline.meters.chain import Chain, Mark, Reader
from brightline.meters.prices import MAX_COUNTED_TOKENS, MICRO, Price
from brightline.meters.spending import Freed, Funded, Held, MoneyEvent, Noticed, Paid, Priced, Spending, Unpriced

MAX_LABEL = 200


class Funds(StrEnum):
    """Whether a call can be paid for."""

    AVAILABLE = "available"
    EXHAUSTED = "exhausted"  # an official may let it go on to the ceiling
    CEILING = "ceiling"  # only another agreement helps
    MISSING = "missing"  # the model has no price: never taken for none


class UpTo(Enum):
    """How far a call may spend."""

    FUNDED = auto()
    CEILING = auto()  # an official granted it
    ANY = auto()  # it is served whatever is decided: observe-only, break-glass


@dataclass(frozen=True, slots=True)
class Hold:
    """`number`: of the reservation; None where nothing is reserved. `cost` in pico."""

    funds: Funds
    number: int | None = None
    cost: int = 0


class Settlement(NamedTuple):
    """`cost` in pico; `overrun`: by how much that is more than was reserved; `notices`: per cent reached just now."""

    cost: int
    overrun: int
    notices: tuple[int, ...]


class Budget:
    """Funds of one agreement at one gateway. Belongs to one event loop; nothing in here waits."""

    def __init__(self, spending: Spending | None = None, mark: Mark = Mark()) -> None:  # noqa: B008 - cannot change
        self._spending, self._chain = spending or Spending(), Chain(mark)

    @classmethod
    def resume(cls, batches: Iterable[bytes], spending: Spending | None = None, mark: Mark = Mark()) -> Self:  # noqa: B008
        """Rebuilt from the record, from where it stood last. Then `settle_open`. Raises RecordError."""
        return cls(*replay_money(batches, spending, mark))

    @property
    def open(self) -> tuple[int, ...]:
        """Reservations that were neither settled nor released."""
        return tuple(self._spending.open)

    @property
    def mark(self) -> Mark:
        return self._chain.mark

    @property
    def spending(self) -> Spending:
        """To look at: spent, by component, prices."""
        return self._spending

    @property
    def funds(self) -> tuple[int | None, int | None]:
        """Ceiling and funded amount in millionths, as `fund` took them."""
        ceiling, funded = self._spending.ceiling, self._spending.funded
        return (None if ceiling is None else ceiling // MICRO, None if funded is None else funded // MICRO)

    def fund(self, ceiling: int | None, funded: int | None) -> tuple[int, ...]:
        """The agreement's amounts in millionths (`prices.micro`), from now on; gives the notices that are due.

        Raises InputError where more is funded than the ceiling allows.
        """
        if (ceiling is None) != (funded is None) or (ceiling or 0) < (funded or 0) or (funded or 0) < 0:
            raise InputError("more is funded than the ceiling allows", place="ceiling", cure="fund at most `amount`")
        self._happen(Funded(ceiling, funded))
        return self._notice()

    def price(self, model: str, price: Price | None) -> None:
        """A model's price from now on; None takes it away. Raises InputError."""
        _label(model)
        self._happen(Unpriced(model) if price is None else Priced(model, *price))

    def reserve(
        self, model: str, component: str, input_tokens: int, output_tokens: int, up_to: UpTo = UpTo.FUNDED
    ) -> Hold:
        """Funds for a call that takes at most so many tokens: count bytes for input tokens, and `max_tokens`.

        Without `Funds.AVAILABLE` nothing is reserved, but with `UpTo.ANY`, where there is a price. Raises InputError.
        """
        spending = self._spending
        _label(component)
        if not 0 <= input_tokens <= MAX_COUNTED_TOKENS or not 0 <= output_tokens <= MAX_COUNTED_TOKENS:
            raise InputError("no number of tokens", place="budget", cure=f"0 to {MAX_COUNTED_TOKENS}")
        price = spending.prices.get(model)
        if price is None:
            return Hold(Funds.MISSING)
        cost = price.cost(input_tokens, output_tokens)
        after = spending.spent + spending.reserved + cost
        funds = Funds.AVAILABLE
        if spending.ceiling is not None and after > spending.ceiling:
            funds = Funds.CEILING
        elif spending.funded is not None and after > spending.funded and up_to is not UpTo.CEILING:
            funds = Funds.EXHAUSTED
        if funds is not Funds.AVAILABLE and up_to is not UpTo.ANY:
            return Hold(funds, cost=cost)
        self._happen(Held(model, component, input_tokens, output_tokens))
        return Hold(funds, spending.calls - 1, cost)

    def settle(self, hold: Hold | int, input_tokens: int, output_tokens: int) -> Settlement:
        """Book what the call took, at the price that it was reserved at, even where that is more than was reserved:
        then it says so. Raises RecordError where the reservation is not open."""
        spending = self._spending
        spent, reserved = spending.spent, spending.reserved
        taken = (min(max(tokens, 0), MAX_COUNTED_TOKENS) for tokens in (input_tokens, output_tokens))
        self._happen(Paid(_number(hold), *taken))
        cost = spending.spent - spent
        return Settlement(cost, max(0, cost - (reserved - spending.reserved)), self._notice())

    def release(self, hold: Hold | int) -> None:
        """The call was not made. Raises RecordError where the reservation is not open."""
        self._happen(Freed(_number(hold)))

    def settle_open(self) -> tuple[int, ...]:
        """After a restart: book each call under way at all that was reserved, since nobody knows what it took. Gives
        the notices that are due."""
        for number, (held, _) in list(self._spending.open.items()):
            self._happen(Paid(number, held.input, held.output))
        return self._notice()

    def events(self) -> bytes:
        """All events since the last call, as one batch for the private side of the next entry; empty where none."""
        return self._chain.drain()

    def view(self) -> tuple[Mark, bytes]:
        """Mark and snapshot. Raises StorageError while events wait to be recorded."""
        if self._chain.waiting:
            raise StorageError("events of the budget wait to be recorded", place="budget", cure="record them first")
        return self.mark, self._spending.snapshot()

    def _notice(self) -> tuple[int, ...]:
        due = self._spending.due
        for percent in due:
            self._happen(Noticed(percent))
        return due

    def _happen(self, event: MoneyEvent) -> None:
        self._spending.apply(event)  # first: what it refuses is no event
        self._chain.add(event)


def replay_money(
    batches: Iterable[bytes],
    spending: Spending | None = None,
    mark: Mark = Mark(),  # noqa: B008 - a Mark cannot change
) -> tuple[Spending, Mark]:
    """The state that some batches of events lead to, from the first on, or from where it stood. Raises RecordError."""
    spending, reader = spending if spending is not None else Spending(), Reader(MoneyEvent, mark)
    for batch in batches:
        for event in reader.read(batch):
            spending.apply(event)  # type: ignore[arg-type]
    return spending, reader.mark


def _number(hold: Hold | int) -> int:
    number = hold if isinstance(hold, int) else hold.number
    if number is None:
        raise RecordError("nothing was reserved for this call", place="budget", cure="mend the caller")
    return number


def _label(name: str) -> None:
    if len(name) > MAX_LABEL:
        raise InputError("a name that is too long", place="budget", cure=f"use at most {MAX_LABEL} letters")
