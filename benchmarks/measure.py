"""How a figure is measured, and what is said beside it."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

SHORT = "BENCH_SHORT" in os.environ
"""A small part of the work, to try a benchmark out: its figures mean little."""
ROUNDS = 15
ROUND_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Figure:
    """`value` in `unit`, between the `lowest` and `highest` round; None: not measured, and `note` says why.

    `budget` is the most that the design allows, or with `at_least` the least, in the same unit (None: none is set).
    """

    name: str
    value: float | None
    unit: str = ""
    budget: float | None = None
    lowest: float | None = None
    highest: float | None = None
    at_least: bool = False
    note: str = ""

    @property
    def over(self) -> bool:
        """Is the budget missed?"""
        if self.budget is None or self.value is None:
            return False
        return self.value < self.budget if self.at_least else self.value > self.budget

    @property
    def cells(self) -> tuple[str, str, str, str, str]:
        """Name, value, spread, budget and note, as text."""
        value = "not measured" if self.value is None else f"{number(self.value)} {self.unit}".rstrip()
        spread = "" if self.lowest is None or self.highest is None else f"{number(self.lowest)}–{number(self.highest)}"
        budget = "" if self.budget is None else f"{'≥' if self.at_least else '≤'} {number(self.budget)}"
        return self.name, value, spread, budget + (" **missed**" if self.over else ""), self.note

    def __str__(self) -> str:
        name, value, spread, budget, note = self.cells
        return f"  {name:<60} {value:>16}  {spread:<14} {budget.replace('*', ''):<16} {note}".rstrip()


def of_rounds(name: str, rounds: Sequence[float], unit: str, budget: float | None = None, note: str = "") -> Figure:
    """The median of the rounds, and their spread."""
    return Figure(name, statistics.median(rounds), unit, budget, min(rounds), max(rounds), note=note)


def microseconds(call: Callable[[], object]) -> float:
    """CPU time of one `call` in this process: the median of rounds long enough for the clock to see."""
    count = 1
    while (spent := _cpu(call, count)) < ROUND_SECONDS:
        count = max(count * 2, int(count * ROUND_SECONDS / max(spent, 1e-9)))
    return statistics.median(_cpu(call, count) for _ in range(ROUNDS)) / count * 1e6


def number(value: float) -> str:
    """Three digits that mean something; thousands apart."""
    if value >= 1000:
        return f"{round(value, 2 - len(str(int(value))) + 1):,.0f}"
    return f"{value:.3g}"


def _cpu(call: Callable[[], object], count: int) -> float:
    start = time.process_time()
    for _ in range(count):
        call()
    return time.process_time() - start
