"""The eleven steps, what each needs, and the answer: a step passed, failed, or was not checked: that is no pass."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from brightline.errors import InputError

T = TypeVar("T")

STEPS: Final[Mapping[int, tuple[str, tuple[int, ...]]]] = {
    1: ("the bundle is well formed", ()),
    2: ("the agreement that the bundle names is signed by both parties", (1,)),
    3: ("the checkpoint is signed by the log that the agreement names", (2,)),
    4: ("the entries hash to the checkpoint's root", (3,)),
    5: ("sequences, times and fields are lawful", (4,)),
    6: ("the counters at every 256th entry equal the running totals", (5,)),
    7: ("every decision was made under the agreed terms", (5,)),
    8: ("every outcome belongs to a decision that let a call through", (5,)),
    9: ("every epoch follows the one before, and what is opened of it is what it committed to", (5,)),
    10: ("totals by clause, activity, outcome and status", (5,)),
    11: ("how complete the record is, and what follows", (6, 7, 8, 9, 10)),
}
"""Number: name, and the steps that must have passed before it means anything."""

Steps = Mapping[int, tuple[str, tuple[int, ...]]]


@dataclass(frozen=True, slots=True)
class Step:
    """`ok`: True passed, False failed, None not checked."""

    n: int
    name: str
    ok: bool | None
    text: str


@dataclass(frozen=True, slots=True)
class Finding:
    """What the other side should read: a code of the agreement's consequences, one plain sentence, what follows."""

    code: str
    text: str
    follows: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """The answer of `verify`. `verified` iff all steps passed; findings do not change it.

    grade: the completeness that was shown, None where nothing was. totals: empty unless the entries could be counted.
    """

    verified: bool
    grade: str | None
    totals: Mapping[str, Any]
    steps: tuple[Step, ...]
    findings: tuple[Finding, ...]

    def to_json(self) -> dict[str, Any]:
        """The document of `brightline verify --json` (DESIGN section 4)."""
        return {
            "verified": self.verified,
            "grade": self.grade,
            "totals": dict(self.totals),
            "steps": [{"n": s.n, "name": s.name, "ok": s.ok, "text": s.text} for s in self.steps],
            "findings": [{"code": f.code, "text": f.text, "follows": f.follows} for f in self.findings],
        }


class Ledger:
    """What came of each step. Law: a step passes only if it said so and every step that it needs passed."""

    __slots__ = ("_failed", "_passed", "_steps")

    def __init__(self, steps: Steps = STEPS) -> None:
        self._steps = steps
        self._passed: dict[int, str] = {}
        self._failed: dict[int, str] = {}

    def attempt(self, n: int, work: Callable[[], T]) -> T | None:
        """What `work` gives. Where it raises InputError step n has failed; once it has, nothing more is tried."""
        if n in self._failed:
            return None
        try:
            return work()
        except InputError as e:
            self._failed[n] = str(e)
            return None

    def failed(self, n: int) -> bool:
        return n in self._failed

    def succeed(self, n: int, text: str) -> None:
        self._passed[n] = text

    def steps(self) -> tuple[Step, ...]:
        done: dict[int, Step] = {}
        for n, (name, needs) in self._steps.items():
            blocking = [need for need in needs if not done[need].ok]
            if blocking:
                done[n] = Step(n, name, None, f"not checked: step {blocking[0]} did not pass")
            elif n in self._failed:
                done[n] = Step(n, name, False, self._failed[n])
            elif n in self._passed:
                done[n] = Step(n, name, True, self._passed[n])
            else:
                done[n] = Step(n, name, None, "not checked")
        return tuple(done.values())
