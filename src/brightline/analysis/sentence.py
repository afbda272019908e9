"""Regions and what is said of them in plain sentences, made from the vocabulary's words and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from brightline.analysis.sides import Signature
from brightline.terms.explain import both, either
from brightline.terms.outcome import DEFAULT_DENY, Outcome
from brightline.terms.scope import Scope
from brightline.vocabulary import Fact, Vocabulary
from brightline.vocabulary.module import UNKNOWN

USUAL = ("end_user", "meter", "approval_tempo", "screen", "integrity")
"""Facts that the gateway sets and whose first value is how things usually are: a sentence speaks of them only where it
is about another value. The region has them all."""

MOST = 3  # values that a sentence lists; of more it says what is left out
_ASIDE = re.compile(r"\s*\([^)]*\)")
_MANY = re.compile(r"[ -]")
_WORD = re.compile(r"[a-z]{4,}")
_IDLE = {"whether", "that", "with", "this", "what", "where", "data", "none", "person", "agreed"}


def where(scope: Scope, region: Mapping[str, Any]) -> list[str]:
    """The region's facts in words, each in one phrase: what it asks first, what it only leaves out last."""
    asked: list[str] = []
    left_out: list[str] = []
    for name, part in region.items():
        if name != "activity" and not _usual(scope, name, part):
            text, negative = _fact(scope, name, part)
            (left_out if negative else asked).append(text)
    return asked + left_out


def _usual(scope: Scope, name: str, part: Mapping[str, Any]) -> bool:
    return name in USUAL and scope.vocabulary.facts[name].names[0] in part["in"]


def what(words: Vocabulary, activities: Sequence[str], first: str = "") -> str:
    """The activities in words, none standing for all of them; where they are many, `first` stands for the rest."""
    if not activities:
        return "any use"
    if len(activities) <= 2:
        return either([words.activities[a].text for a in activities])
    # whole groups, or all but a few, by their names
    groups = list(dict.fromkeys(words.activities[a].group for a in activities))
    whole = [g for g in groups if set(words.in_group(g)) <= set(activities)]
    if whole == groups and len(groups) <= MOST:
        return f"anything in {either([words.groups[g] for g in groups])}"
    missing = [a for a in words.activities if a not in activities]
    if len(missing) <= MOST:
        return f"anything but to {either([_short(words, a) for a in missing])}"
    return f"{_short(words, first or activities[0])} (or {len(activities) - 1} other activities)"


def _short(words: Vocabulary, activity: str) -> str:
    """The text of an activity up to its examples."""
    return words.activities[activity].text.partition(":")[0]


def says(words: Vocabulary, who: str, signature: Signature, clauses: Mapping[str, str]) -> str:
    """What one party says, and by which clauses (id → title)."""
    by = _by(clauses)
    match signature.outcome:
        case Outcome.PERMIT:
            done = [_value(words.facts["duties"], d) for d in signature.duties]
            return f"{who} permits it{f' if the gateway will {both(done)}' if done else ''} {by}"
        case Outcome.HOLD:
            ways = [
                both([_value(words.facts["approvals"], a) for a in n.approvals])
                + (
                    f" (the gateway will {both([_value(words.facts['duties'], d) for d in n.duties])})"
                    if n.duties
                    else ""
                )
                for n in signature.needs
            ]
            return f"{who} holds it until approved by {either(ways)} {by}"
        case _:
            return f"{who} denies it {by}"


def sentence(scope: Scope, region: Mapping[str, Any], first: str, said: Iterable[str]) -> str:
    """One sentence: what is done, with which facts, and what each party says of it. `first`: the activity to name."""
    act = what(scope.vocabulary, region["activity"]["in"] if "activity" in region else (), first)
    phrases = where(scope, region)
    given = f", given {'; '.join(phrases)}" if phrases else ""
    return f"{act[:1].upper()}{act[1:]}{given} — {'; '.join(said)}."


def _by(clauses: Mapping[str, str]) -> str:
    if list(clauses) == [DEFAULT_DENY]:
        return "as no clause permits it"
    named = [f"{i} “{title}”" if title else i for i, title in list(clauses.items())[:MOST]]
    more = len(clauses) - MOST
    return f"by {both([*named, f'{more} more'] if more > 0 else named)}"


def _fact(scope: Scope, name: str, part: Mapping[str, Any]) -> tuple[str, bool]:
    """(one fact in words, whether it says only what is left out)."""
    if name in ("component", "model"):
        return _scoped((*(scope.components if name == "component" else scope.models), ""), name, part["in"])
    fact = scope.vocabulary.facts[name]
    label = _ASIDE.sub("", fact.text).split(",")[0]
    match part:
        case {"in": values}:
            return _values(fact, label, values)
        case {"has": has, "lacks": lacks}:
            some = [f"{_value(fact, v)} among {label}" for v in has]
            none = [f"{_value(fact, v)} not among {label}" for v in lacks]
            return both(some + none), not has
        case {"min": low, "max": high}:
            return f"{label}: {low} to {high}", False
        case {"min": low}:
            return f"{label}: {low} or more", False
        case {"max": high}:
            return f"{label}: at most {high}", False
        case _:
            pass
    raise TypeError("a region has in, has and lacks, or min and max")


def _values(fact: Fact, label: str, values: Sequence[str]) -> tuple[str, bool]:
    missing = [v for v in fact.names if v not in values]
    if len(values) > MOST:
        texts = [_value(fact, v) for v in missing]
        return f"{label}: anything but {either(texts)}", True
    known = [_value(fact, v) for v in values if v != UNKNOWN]
    if not known:
        return f"not known {label}" if label.startswith("whether") else f"{label}: not known", False
    text = either([*known, *(["not known"] if UNKNOWN in values else [])])
    plain = _words(label) & _words(known[0]) or (label.startswith("whether") and _MANY.search(known[0]))
    return (text if plain else f"{label}: {text}"), len(missing) < len(values)


def _scoped(every: Sequence[str], name: str, values: Sequence[str]) -> tuple[str, bool]:
    """Components and models by name; of the empty name is any that is not declared."""
    missing = [v for v in every if v not in values]
    some = missing if len(missing) < len(values) else values
    named = either([v or f"a {name} that is not declared" for v in some])
    return (f"the {name}: anything but {named}", True) if some is missing else (f"the {name}: {named}", False)


def _value(fact: Fact, name: str) -> str:
    if name == UNKNOWN:
        return "not known"
    return next((v.text or name for v in fact.values if v.name == name), name)


def _words(text: str) -> set[str]:
    return {w.rstrip("s") for w in _WORD.findall(text.lower())} - _IDLE
