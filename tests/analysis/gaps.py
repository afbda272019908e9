"""What the tests of `compare` share: uses of a space, and whether they lie in a region, read from the JSON alone."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hypothesis import assume

from brightline.analysis.boxes import Kind, Space
from brightline.analysis.compare import signature
from brightline.analysis.difference import Comparison, Difference
from brightline.analysis.sides import Signature, side
from brightline.errors import TermsError
from brightline.terms import DUTIES, Scope, Terms, decide_case, read_terms
from brightline.terms.outcome import Outcome
from brightline.terms.supplying import Case, Given
from brightline.vocabulary import FactKind

MAX = 2**63 - 1


def terms(scope: Scope, text: str) -> Terms:
    return read_terms(scope, text, "test.cedar")


def drawn(scope: Scope, text: str) -> Terms:
    """Terms at random; where more supplies can matter than the profile allows, another text is drawn."""
    try:
        return terms(scope, text)
    except TermsError as e:
        assume("approvals and duties" not in e.text)
        raise


def said(terms: Terms, activity: str, v: Sequence[int]) -> Signature:
    """What the closures say of an encoded use: `decide_case` without its search for what a denial turns on, which costs
    most of its time. `test_the_quick_judge_is_decide` holds the two together."""
    permits, forbids = terms.match[activity](v)
    if permits and not forbids:
        return Signature(Outcome.PERMIT)
    words = terms.scope.vocabulary
    able = sum(words.bits["duties"].get(d, 0) for d in DUTIES)
    case = Case(terms, activity, v, able, permits, forbids)
    if not case.allows(Given(case.reach.approvals, case.reach.duties)):
        return Signature(Outcome.DENY)
    return signature(decide_case(terms, activity, v))


def lies_in(scope: Scope, region: Mapping[str, Any], activity: str, v: Sequence[int]) -> bool:
    """Whether an encoded use lies in a region, by the words of docs/reference/compare.md alone."""
    words = scope.vocabulary
    for name, part in region.items():
        if name == "activity":
            held = activity in part["in"]
        elif name == "component":
            held = v[scope.component_place] in [scope.components_of(c) for c in part["in"]]
        elif name == "model":
            held = v[scope.model_place] in [scope.models_of(m) for m in part["in"]]
        else:
            x, bits = v[words.index[name]], words.bits[name]
            match words.facts[name].kind:
                case FactKind.ENUM:
                    held = any(x == bits[n] for n in part["in"])
                case FactKind.SET:
                    held = all(x & bits[n] for n in part["has"]) and not any(x & bits[n] for n in part["lacks"])
                case FactKind.NUMBER:
                    held = part.get("min", 0) <= x <= part.get("max", MAX)
        if not held:
            return False
    return True


def homes(scope: Scope, compared: Comparison, activity: str, v: Sequence[int]) -> list[Difference]:
    return [d for d in compared.differences if lies_in(scope, d.region, activity, v)]


def check(compared: Comparison, some: Sequence[Terms], uses: Iterator[tuple[str, list[int]]]) -> int:
    """Both laws on `uses`; how many of them differ."""
    scope, differ = some[0].scope, 0
    for activity, v in uses:
        views = [said(t, activity, v) for t in some]
        found = homes(scope, compared, activity, v)
        if all(x == views[0] for x in views):
            assert not found, (activity, v, found[0].region)
        else:
            differ += 1
            assert found, (activity, v, views)
        for d in found:
            assert [x.signature for x in d.views] == views, (activity, v, d.region)
    return differ


def real(space: Space, v: list[int]) -> list[int]:
    """`v` with only those claims that a use can make: of what is known. A fact that no clause reads becomes known."""
    words = space.scope.vocabulary
    i = words.index["claimed"]
    for name, bit in words.bits["claimed"].items():
        at = words.index[name]
        if v[i] & bit and words.facts[name].kind is FactKind.ENUM and v[at] == words.bits[name]["unknown"]:
            if space.of_fact(name) or v[at] == 1:
                v[i] &= ~bit
            else:
                v[at] = 1
    return v


def every_use(scope: Scope, some: Sequence[Terms]) -> Iterator[tuple[str, list[int]]]:
    """All uses that the terms can tell apart; the rest of the facts unstated."""
    space = Space(scope, some)
    for chosen in itertools.product(*[range(f.width) for f in space.fields]):
        yield _encoded(space, chosen)


def random_uses(scope: Scope, some: Sequence[Terms], count: int, rng: random.Random) -> Iterator[tuple[str, list[int]]]:
    """Half of them close to a clause's edge: inside one of its cubes, then up to two facts changed."""
    space = Space(scope, some)
    sides = [side(space, t, DUTIES) for t in some]
    boxes = dict.fromkeys(b.box for s in sides for b in (*s.permits, *s.forbids))
    free = [list(range(f.width)) for f in space.fields]
    choices = [[f.chosen(box) for f in space.fields] for box in boxes] or [free]
    for n in range(count):
        chosen = [rng.choice(some) for some in (rng.choice(choices) if n % 2 else free)]
        for _ in range(rng.randint(0, 2)):
            at = rng.randrange(len(chosen))
            chosen[at] = rng.choice(free[at])
        yield _encoded(space, chosen)


def _encoded(space: Space, chosen: Sequence[int]) -> tuple[str, list[int]]:
    v = [*space.scope.vocabulary.blank, 0, 0]
    activity = ""
    for f, i in zip(space.fields, chosen, strict=True):
        match f.kind:
            case Kind.ACTIVITY:
                activity = f.values[i]
            case Kind.MEMBER:
                v[f.place] |= f.codes[i]
            case _:
                v[f.place] = f.codes[i]
    return activity, real(space, v)
