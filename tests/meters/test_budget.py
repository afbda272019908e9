"""Money: exact, never over, told at 75 and 85 per cent, and rebuilt from its events (G12)."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from brightline.errors import InputError, RecordError
from brightline.meters import Budget, Funds, Price, UpTo, micro, replay_money, shown
from brightline.meters.prices import PICO

PRICE = Price.of("2.50", "10.00")
MILLION = 10**6


def budget(funded: str = "100", ceiling: str = "200") -> Budget:
    b = Budget()
    b.price("m", PRICE)
    b.fund(micro(ceiling), micro(funded))
    return b


def test_costs_are_exact() -> None:
    assert PRICE.cost(MILLION, 0) == 2_500_000 * MILLION
    assert PRICE.cost(1, 1) == 12_500_000  # of 10**12: 0.0000125
    assert Price.of("0.075", "0.3").cost(3, 0) == 225_000
    b = budget()
    taken = [(i, 7 * i) for i in range(1, 400)]
    for one in taken:
        b.settle(b.reserve("m", "army", *one), *one)
    assert b.spending.spent == sum(Decimal("2.5") * i + 10 * o for i, o in taken) * MILLION
    assert b.spending.reserved == 0


@pytest.mark.parametrize(
    "wrong", ["", "x", "-1", "NaN", "Infinity", "1e400", "0.0000001", "1000001", "1.0000000000000000000000000001"]
)
def test_what_is_no_price_is_refused(wrong: str) -> None:
    with pytest.raises(InputError, match="no amount of money"):
        Price.of(wrong, "1")


@given(st.integers(0, 10**24))
def test_what_is_shown_is_never_less(pico: int) -> None:
    assert 0 <= Decimal(shown(pico)) * PICO - pico < PICO // 100


def test_a_model_without_a_price_is_missing_and_never_free() -> None:
    b = budget()
    for up_to in UpTo:
        hold = b.reserve("other", "army", 1, 1, up_to)
        assert (hold.funds, hold.number) == (Funds.MISSING, None)
    b.price("m", None)
    assert b.reserve("m", "army", 1, 1).funds is Funds.MISSING
    with pytest.raises(RecordError, match="nothing was reserved"):
        b.settle(b.reserve("m", "army", 1, 1), 1, 1)
    assert b.spending.spent == 0


def test_a_price_of_nothing_is_a_price() -> None:
    b = budget()
    b.price("free", Price(0, 0))
    assert b.reserve("free", "army", 5, 5).funds is Funds.AVAILABLE


def test_a_call_keeps_the_price_that_it_was_reserved_at() -> None:
    b = budget()
    hold = b.reserve("m", "army", MILLION, 0)
    b.price("m", Price.of("1000", "1000"))
    assert b.settle(hold, MILLION, 0).cost == PRICE.cost(MILLION, 0)
    b.price("m", None)
    assert b.spending.spent == PRICE.cost(MILLION, 0)


def test_exhausted_funds_let_an_official_go_on_to_the_ceiling_and_no_further() -> None:
    b = budget(funded="10", ceiling="15")
    assert b.reserve("m", "army", 0, MILLION).funds is Funds.AVAILABLE
    assert b.reserve("m", "army", 1, 0).funds is Funds.EXHAUSTED
    assert b.reserve("m", "army", 0, MILLION // 2, UpTo.CEILING).funds is Funds.AVAILABLE
    for up_to in (UpTo.FUNDED, UpTo.CEILING):
        assert b.reserve("m", "army", 1, 0, up_to).funds is Funds.CEILING
    over = b.reserve("m", "army", 1, 0, UpTo.ANY)
    assert over.funds is Funds.CEILING
    assert over.number is not None


def test_without_a_ceiling_all_is_booked_and_nothing_held() -> None:
    b = Budget()
    b.price("m", PRICE)
    b.fund(None, None)
    assert b.settle(b.reserve("m", "army", 10**12, 0), 10**12, 0).notices == ()
    assert b.spending.by_component == {"army": PRICE.cost(10**12, 0)}


def test_fifty_calls_at_once_at_99_99_per_cent_of_200_million() -> None:
    b = budget(funded="200000000", ceiling="200000000")
    b.price("m", Price.of("0", "1000000"))  # one for each token
    first = b.reserve("m", "army", 0, 199_980_000)
    assert b.settle(first, 0, 199_980_000).notices == (75, 85)
    assert b.spending.spent * 10_000 == b.spending.ceiling * 9_999  # 20,000 are left
    holds = [b.reserve("m", "army", 7, 500) for _ in range(50)]  # 40 fit
    assert [h.funds for h in holds] == [Funds.AVAILABLE] * 40 + [Funds.CEILING] * 10
    for hold in holds[:40]:
        b.settle(hold, 7, 500)
    assert b.spending.spent == b.spending.ceiling
    assert b.reserve("m", "army", 0, 1).funds is Funds.CEILING


def test_notices_come_once_each_and_anew_for_new_funds() -> None:
    b = budget(funded="100", ceiling="1000")
    told = [b.settle(b.reserve("m", "army", 0, MILLION), 0, MILLION).notices for _ in range(10)]  # 10 each
    assert told == [(), (), (), (), (), (), (), (75,), (85,), ()]
    assert b.fund(micro("1000"), micro("130")) == ()  # 76 %: told of 75, and of 85 not yet in the new measure
    assert b.settle(b.reserve("m", "army", 0, MILLION), 0, MILLION).notices == ()
    assert b.settle(b.reserve("m", "army", 0, MILLION), 0, MILLION).notices == (85,)
    assert b.fund(micro("1000"), micro("1000")) == ()
    assert b.spending.noticed == frozenset()
    assert b.fund(micro("1000"), micro("121")) == (75, 85)


def test_what_took_more_than_was_reserved_is_booked_whole_and_said() -> None:
    b = budget()
    told = b.settle(b.reserve("m", "army", 10, 10), 10, 12)
    assert told.cost == PRICE.cost(10, 12)
    assert told.overrun == PRICE.cost(0, 2)
    assert b.settle(b.reserve("m", "army", 10, 10), -5, 0).cost == 0


def test_a_reservation_of_funds_ends_once() -> None:
    b = budget()
    hold = b.reserve("m", "army", 1, 1)
    b.release(hold)
    assert b.spending.reserved == 0
    for again in (lambda: b.release(hold), lambda: b.settle(hold, 1, 1)):
        with pytest.raises(RecordError, match="not open"):
            again()


def test_after_a_restart_what_was_under_way_is_booked_at_all_that_was_reserved() -> None:
    b = budget(funded="10")
    b.reserve("m", "navy", 0, MILLION * 8 // 10)
    again = Budget.resume([b.events()])
    assert again.spending.plain() == b.spending.plain()
    assert again.settle_open() == (75,)
    assert again.spending.by_component == {"navy": PRICE.cost(0, 800_000)}
    assert again.open == ()


def test_amounts_that_contradict_each_other_and_names_too_long_are_refused() -> None:
    b = budget()
    for ceiling, funded in ((1, 2), (1, None), (None, 1), (-1, -2)):
        with pytest.raises(InputError):
            b.fund(ceiling, funded)
    for wrong in (
        lambda: b.price("m" * 201, PRICE),
        lambda: b.reserve("m", "c" * 201, 1, 1),
        lambda: b.reserve("m", "c", -1, 1),
    ):
        with pytest.raises(InputError):
            wrong()


class Office(RuleBasedStateMachine):
    """Calls that overlap as they like, and never cost more than was reserved for them."""

    @initialize(funded=st.integers(0, 3000), more=st.integers(0, 1000))
    def begin(self, funded: int, more: int) -> None:
        self.budget, self.batches = Budget(), []
        self.open: dict[int, tuple[int, int]] = {}
        self.truth = 0
        self.granted = False
        self.told: list[int] = []
        self.price(Price(2, 3))
        self.ceiling, self.funded = funded + more, funded
        self.budget.fund(self.ceiling, self.funded)

    @rule(price=st.builds(Price, st.integers(0, 10**6), st.integers(0, 10**6)))
    def price(self, price: Price) -> None:
        self.now = price
        self.budget.price("m", price)

    @rule(tokens=st.tuples(st.integers(0, 2000), st.integers(0, 2000)), up_to=st.sampled_from(list(UpTo)[:2]))
    def reserve(self, tokens: tuple[int, int], up_to: UpTo) -> None:
        left = (self.ceiling if up_to is UpTo.CEILING else self.funded) * MILLION - self._committed()
        hold = self.budget.reserve("m", "army", *tokens, up_to)
        assert (hold.funds is Funds.AVAILABLE) == (self.now.cost(*tokens) <= left)
        if hold.number is not None:
            self.granted |= up_to is UpTo.CEILING
            self.open[hold.number] = (tokens, self.now)

    @rule(data=st.data())
    def settle(self, data: st.DataObject) -> None:
        if self.open:
            number = data.draw(st.sampled_from(sorted(self.open)))
            most, price = self.open.pop(number)
            took = tuple(data.draw(st.integers(0, m)) for m in most)
            told = self.budget.settle(number, *took)
            assert (told.cost, told.overrun) == (price.cost(*took), 0)
            self.truth += told.cost
            self.told += told.notices

    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        if self.open:
            number = data.draw(st.sampled_from(sorted(self.open)))
            del self.open[number]
            self.budget.release(number)

    @rule()
    def record(self) -> None:
        self.batches += [b] if (b := self.budget.events()) else []

    @invariant()
    def it_is_never_over_and_always_exact(self) -> None:
        if not hasattr(self, "ceiling"):
            return
        spending = self.budget.spending
        assert spending.spent == self.truth
        assert spending.spent + spending.reserved == self._committed()
        assert self._committed() <= (self.ceiling if self.granted else self.funded) * MILLION
        assert len(self.told) == len(set(self.told))
        self.record()
        again, mark = replay_money(self.batches)
        assert (again.plain(), mark) == (spending.plain(), self.budget.mark)

    def _committed(self) -> int:
        return self.truth + sum(price.cost(*most) for most, price in self.open.values())


TestOffice = Office.TestCase
TestOffice.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
