"""Scenarios: uses with the outcome that the words are meant to have, so that words can be tested."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from brightline.canonical import parse
from brightline.errors import TermsError, nearest
from brightline.terms.decide import decide
from brightline.terms.oracle import confirm
from brightline.terms.outcome import Decision, Outcome
from brightline.terms.pack import Pack
from brightline.vocabulary import Use, read_use

_EXPECT = ("outcome", "duties", "approvals", "exceptions", "law")


@dataclass(frozen=True, slots=True)
class Scenario:
    """`expect`: outcomes (any is right), and where present duties, minimal approvals, exceptions, and whether a
    clause of the customer's own law decides."""

    id: str
    text: str
    use: Use
    outcomes: tuple[Outcome, ...]
    expect: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Result:
    scenario: Scenario
    decision: Decision
    wrong: tuple[str, ...]


def read_scenarios(pack: Pack) -> Iterator[Scenario]:
    """The pack's scenarios. Raises TermsError or UseError naming file and line."""
    words = pack.terms.scope.vocabulary
    for number, line in enumerate(pack.files.get("scenarios.jsonl", "").split("\n"), 1):
        place = f"{pack.name}/scenarios.jsonl:{number}"
        if not line.strip():
            continue
        obj = parse(line, place, error=TermsError)
        if not isinstance(obj, dict) or not {"id", "use", "expect"} <= set(obj) <= {"id", "text", "use", "expect"}:
            raise TermsError("a scenario has id, text, use and expect", place=place, cure="see docs/reference/terms.md")
        expect = obj["expect"]
        if not isinstance(expect, dict) or not set(expect) <= set(_EXPECT) or "outcome" not in expect:
            raise TermsError("expect needs an outcome", place=place, cure=f"known keys: {', '.join(_EXPECT)}")
        _check_lists(expect, place)
        names = expect["outcome"] if isinstance(expect["outcome"], list) else [expect["outcome"]]
        for n in names:
            if n not in tuple(Outcome):
                raise TermsError(
                    f"no outcome is called {str(n)[:60]!r}", place=place, cure=nearest(str(n)[:60], map(str, Outcome))
                )
        outcomes = tuple(Outcome(n) for n in names)
        use = read_use(words, obj["use"], f"{place}: use")
        yield Scenario(str(obj["id"]), str(obj.get("text", "")), use, outcomes, expect)


def _check_lists(expect: Mapping[str, Any], place: str) -> None:
    """duties and exceptions are lists of words, approvals a list of such lists, law true or false."""
    cure = 'for example "duties": ["note"], "approvals": [["privacy_officer"]], "exceptions": [], "law": true'
    for key in _EXPECT[1:]:
        value = expect.get(key, [])
        match key:
            case "law":
                good = "law" not in expect or isinstance(value, bool)
            case "approvals":
                good = isinstance(value, list) and all(map(_words, value))
            case _:
                good = _words(value)
        if not good:
            raise TermsError(f"expect.{key} is not written so", place=place, cure=cure)


def _words(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(word, str) for word in value)


def run_scenarios(pack: Pack) -> Iterator[Result]:
    """Every scenario decided, checked against the Cedar engine, and compared with what it expects."""
    for scenario in read_scenarios(pack):
        decision = decide(pack.terms, scenario.use)
        confirm(pack.terms, scenario.use, decision)
        yield Result(scenario, decision, tuple(_wrong(pack, scenario, decision)))


def _wrong(pack: Pack, scenario: Scenario, decision: Decision) -> Iterator[str]:
    expect = scenario.expect
    if decision.outcome not in scenario.outcomes:
        yield f"outcome is {decision.outcome}, meant is {' or '.join(scenario.outcomes)}"
    if "duties" in expect and set(decision.duties) != set(expect["duties"]):
        yield f"duties are {list(decision.duties)}, meant are {expect['duties']}"
    if "approvals" in expect and decision.outcome is Outcome.HOLD:
        found = {frozenset(n.approvals) for n in decision.needs}
        if found != {frozenset(a) for a in expect["approvals"]}:
            yield f"approvals are {sorted(map(sorted, found))}, meant are {expect['approvals']}"
    if "exceptions" in expect and {e for n in decision.needs for e in n.exceptions} != set(expect["exceptions"]):
        yield f"exceptions named are {[n.exceptions for n in decision.needs]}, meant are {expect['exceptions']}"
    if "law" in expect:
        law = {c.id for c in pack.terms.clauses if c.is_law}
        if bool(law & set(decision.clauses)) is not expect["law"]:
            yield f"decided by {list(decision.clauses)}; law {'does not' if expect['law'] else 'does'} decide"
