"""How a figure is measured, and what is said beside it."""

from __future__ import annotations

import platform
import statistics
import sysconfig
import time
from collections.abc import Callable
from dataclasses import dataclass

ROUNDS = 15
ROUND_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Figure:
    """`value` in `unit`; `budget` is the most that the design allows, in the same unit (None: no budget is set)."""

    name: str
    value: float
    unit: str
    budget: float | None = None

    def __str__(self) -> str:
        over = (
            "" if self.budget is None else f"   budget {self.budget:g}{'' if self.value <= self.budget else '  OVER'}"
        )
        return f"  {self.name:<56} {self.value:>10.3g} {self.unit}{over}"


def microseconds(call: Callable[[], object]) -> float:
    """CPU time of one `call` in this process: the median of rounds long enough for the clock to see."""
    count = 1
    while (spent := _cpu(call, count)) < ROUND_SECONDS:
        count = max(count * 2, int(count * ROUND_SECONDS / max(spent, 1e-9)))
    return statistics.median(_cpu(call, count) for _ in range(ROUNDS)) / count * 1e6


def build() -> str:
    """The interpreter and machine that a figure belongs to: one built without PGO costs more."""
    optimised = "--enable-optimizations" in (sysconfig.get_config_var("CONFIG_ARGS") or "")
    python = f"{platform.python_implementation()} {platform.python_version()}"
    pgo = "with" if optimised else "without"
    return f"{python} {pgo} PGO, {platform.machine()}, {platform.system()} {platform.release()}"


def _cpu(call: Callable[[], object], count: int) -> float:
    start = time.process_time()
    for _ in range(count):
        call()
    return time.process_time() - start
