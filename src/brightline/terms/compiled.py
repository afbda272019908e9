"""Clauses compiled once to Python code: the reading that gateway and command line use.

One function for each activity holds just the clauses in its scope. Its source is made of integers alone (places and
masks), so no word of a pack can become code.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from brightline.terms.clause import Clause
from brightline.terms.formula import And, Between, Formula, Has, In, Or, leaves
from brightline.terms.scope import Scope

Match = Callable[[Sequence[int]], tuple[int, int]]
"""Encoded use → (permits that apply, forbids that apply), as bits by rank of clause."""

Applies = Callable[[Sequence[int]], bool]
"""Encoded use → whether one clause's condition holds (true or false in Python's sense)."""


@dataclass(frozen=True, slots=True)
class Supply:
    """Which bits of approvals, duties and exceptions can matter to one clause."""

    approvals: int
    duties: int
    exceptions: int

    def __or__(self, other: Supply) -> Supply:
        return Supply(self.approvals | other.approvals, self.duties | other.duties, self.exceptions | other.exceptions)


def compile_activity(clauses: Sequence[Clause], activity: str) -> Match:
    """The match function of one activity. `clauses` in order of rank."""
    used: set[int] = set()
    body: list[str] = []
    for rank, c in enumerate(clauses):
        if not c.decides or activity not in c.activities:
            continue
        used.update(leaf.i for leaf in leaves(c.condition))
        target = "p" if c.permits else "f"
        body.append(f"    if {_source(c.condition, 'v{}')}: {target} |= {1 << rank}")
    lines = ["def match(v):", "    p = f = 0", *(f"    v{i} = v[{i}]" for i in sorted(used)), *body, "    return p, f"]
    names: dict[str, Match] = {}
    exec(compile("\n".join(lines), f"<terms: {activity}>", "exec"), {}, names)  # noqa: S102 - integers alone, see above
    return names["match"]


def compile_clause(clause: Clause) -> Applies:
    """The condition of one clause by itself."""
    applies: Applies = eval(f"lambda v: {_source(clause.condition, 'v[{}]')}", {})  # noqa: S307 - integers alone too
    return applies


def supply(scope: Scope, clause: Clause) -> Supply:
    """What can be supplied to `clause`."""
    index = scope.vocabulary.index
    found = {index[n]: 0 for n in ("approvals", "duties", "exceptions")}
    for leaf in leaves(clause.condition):
        if isinstance(leaf, Has) and leaf.i in found:
            found[leaf.i] |= leaf.bit
    return Supply(*found.values())


def _source(f: Formula, place: str) -> str:
    """Python for `f`; `place` is a format for the place of a fact."""
    match f:
        case In(i, mask):
            return f"{place.format(i)} & {mask}"
        case Has(i, bit, False):
            return f"{place.format(i)} & {bit}"
        case Has(i, bit):
            return f"not {place.format(i)} & {bit}"
        case Between(i, low, high):
            return f"{low} <= {place.format(i)} <= {high}"
        case And(parts):
            return "(" + " and ".join(_source(p, place) for p in parts) + ")" if parts else "True"
        case Or(parts):
            return "(" + " or ".join(_source(p, place) for p in parts) + ")" if parts else "False"


def ranks(bits: int) -> list[int]:
    """The places of the bits set; as many steps as there are, for most uses meet few of many clauses."""
    out = []
    while bits:
        low = bits & -bits
        out.append(low.bit_length() - 1)
        bits ^= low
    return out
