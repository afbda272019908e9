"""Money in whole numbers: no float, and nothing is ever rounded before it is shown.

A *price* is in millionths of the currency for a million tokens, so a token costs a whole number of millionths of a
millionth: the *pico* in which everything is summed. 200 million dollars are 2 * 10**20 of them, and a token at 0.075
dollars a million costs 75,000.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from brightline.errors import InputError

MICRO = 10**6
PICO = 10**12
MAX_PRICE = 10**12
"""Millionths of the currency for a million tokens: a million in it."""
MAX_COUNTED_TOKENS = 1 << 40
"""Of one call, each way."""


class Price(NamedTuple):
    """Of a million tokens, in millionths of the currency."""

    input: int
    output: int

    @classmethod
    def of(cls, input_: str | Decimal, output: str | Decimal) -> Price:
        """From amounts in the currency, such as `2.50`. Raises InputError past six decimals, below 0 or too high."""
        return cls(micro(input_, MAX_PRICE), micro(output, MAX_PRICE))

    def cost(self, input_tokens: int, output_tokens: int) -> int:
        """In pico, exactly."""
        return self.input * input_tokens + self.output * output_tokens


def micro(amount: str | Decimal, most: int = 2**62) -> int:
    """An amount in the currency, in millionths. Raises InputError where it is no whole number of them."""
    try:
        value = Decimal(amount) * MICRO if len(str(amount)) <= 28 else Decimal("NaN")  # decimal's own precision
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or not 0 <= value <= most or value != int(value):
        cure = f"write an amount such as 2.50, with at most six decimals, from 0 to {most // MICRO}"
        raise InputError("no amount of money", place="price", cure=cure)
    return int(value)


def shown(pico: int) -> str:
    """An amount in the currency to the cent, rounded up: what was spent never looks less than it is."""
    cents = -(-pico // (PICO // 100))
    return f"{cents // 100}.{cents % 100:02d}"
