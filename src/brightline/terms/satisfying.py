"""Whether formulas over enumerations can hold together: unit propagation, then branching on an Or."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from brightline.terms.formula import FALSE, TRUE, And, Formula, In, Or, conjunction, residual


def satisfiable(constraints: Sequence[Formula], domains: Mapping[int, int], steps: list[int], most: int) -> bool:
    """Whether values within `domains` make all `constraints` true. Leaves are `In` over `domains` only.

    Adds to `steps[0]` and gives up, with False, once it is past `most`: an answer of True is always right.
    """
    steps[0] += 1
    if steps[0] > most:
        return False
    domains = dict(domains)
    todo = conjunction(constraints)
    # 1. single demands narrow the domains until nothing moves
    while True:
        parts = todo.parts if isinstance(todo, And) else (todo,)
        units = [p for p in parts if isinstance(p, In)]
        for u in units:
            domains[u.i] &= u.mask
            if not domains[u.i]:
                return False
        rest = conjunction(residual(p, (), domains) for p in parts if not isinstance(p, In))
        if rest in (TRUE, FALSE):
            return rest == TRUE
        if not units and rest == todo:
            break
        todo = rest
    # 2. one alternative of the shortest Or must hold
    parts = todo.parts if isinstance(todo, And) else (todo,)
    chosen = min((p for p in parts if isinstance(p, Or)), key=lambda p: len(p.parts))
    others = [p for p in parts if p is not chosen]
    return any(satisfiable([alternative, *others], domains, steps, most) for alternative in chosen.parts)
