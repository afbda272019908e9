"""What documents for people say of a comparison, in plain words: the same on every page and in every file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from brightline.analysis.difference import Comparison
from brightline.analysis.sentence import what, where
from brightline.analysis.sides import Signature
from brightline.terms import DEFAULT_DENY, Terms
from brightline.terms.explain import either
from brightline.terms.outcome import Outcome
from brightline.terms.scope import Scope
from brightline.vocabulary import FactKind, Use, Vocabulary

_KINDS = {"outcome": "the outcome", "needs": "the approvals needed", "duties": "duties alone"}


@dataclass(frozen=True, slots=True)
class Example:
    """One use: `text` in words, `code` as the machine has it."""

    text: str
    code: str


@dataclass(frozen=True, slots=True)
class ClauseWords:
    """`id` is empty where no clause decides."""

    id: str
    title: str
    text: str = ""
    source: str = ""


def headline(compared: Comparison) -> list[str]:
    """The answer in a sentence or two, then what no region shows; what is not proven stands in `compared.open`."""
    return [*answer(compared), *(f"Note: {text}." for text in compared.notes)]


def answer(compared: Comparison) -> list[str]:
    who = named(" and ".join([", ".join(compared.names[:-1]), compared.names[-1]]))
    if compared.equivalent:
        return [f"{who} say the same of every use: proven over the whole vocabulary."]
    kinds = Counter(d.kind for d in compared.differences)
    parts = [f"{kinds[k]} in {text}" for k, text in _KINDS.items() if kinds[k]]
    if not parts:
        return [f"No use was found on which {compared.names[0]} and the others differ."]
    count = len(compared.differences)
    how = ", ".join(parts) if len(parts) > 1 else f"{'all ' * (count > 1)}{parts[0].partition(' ')[2]}"
    out = [f"{who} differ on {count} kind{'s' * (count > 1)} of use, {how}."]
    return [*out, "Proven complete: every other use is decided alike."] if compared.complete else out


def example(scope: Scope, use: Use) -> Example:
    """A use in words, and as `decide` takes it, on one line."""
    words = scope.vocabulary
    phrases: list[str] = []
    code = [use.activity]
    for name, value in use.facts.items():
        match words.facts[name].kind:
            case FactKind.ENUM:
                part: Mapping[str, object] = {"in": [value]}
            case FactKind.NUMBER:
                part = {"min": value, "max": value}
            case _ if isinstance(value, frozenset):
                part = {"has": sorted(value), "lacks": []}
            case _:
                raise TypeError(f"{name} is no set")
        source = f" ({use.sources[name]})" if name in use.sources else ""
        if value != frozenset():
            phrases += [f"{p}{source}" for p in where(scope, {name: part})]
        stated = ", ".join(sorted(value)) or "none" if isinstance(value, frozenset) else str(value)
        code.append(f"{name}={stated}{source}")
    named = [(k, v) for k, v in (("component", use.component), ("model", use.model)) if v]
    phrases += [f"the {k}: {v}" for k, v in named]
    code += [f"{k}={v}" for k, v in named]
    act = capital(what(words, [use.activity]))
    return Example(f"{act} ({'; '.join(phrases)})." if phrases else f"{act}.", "; ".join(code))


def given(words: Vocabulary, signature: Signature) -> str:
    """What an outcome asks for besides: approvals and duties; empty where nothing."""
    approvals, duties = words.facts["approvals"], words.facts["duties"]
    named = {f.name: {v.name: v.text or v.name for v in f.values} for f in (approvals, duties)}

    def done(some: Sequence[str]) -> str:
        return " and ".join(named["duties"][d] for d in some)

    match signature.outcome:
        case Outcome.PERMIT if signature.duties:
            return f"The gateway will {done(signature.duties)}."
        case Outcome.HOLD:
            ways = [
                " and ".join(named["approvals"][a] for a in n.approvals)
                + (f" (the gateway will {done(n.duties)})" if n.duties else "")
                for n in signature.needs
            ]
            return f"Until approved by {either(ways)}."
        case _:
            return ""


def clause_words(terms: Terms, ids: Sequence[str]) -> list[ClauseWords]:
    """The clauses of those ids as people read them."""
    out = []
    for i in ids:
        if i == DEFAULT_DENY or i not in terms.rank:
            out.append(ClauseWords("", "No clause permits it" if i == DEFAULT_DENY else i))
        else:
            c = terms.clauses[terms.rank[i]]
            out.append(ClauseWords(c.id, c.title, c.text, c.annotations.get("source", "")))
    return out


def named(who: str) -> str:
    """A party at the head of a column: "The vendor"; a pack's own name is left as it is."""
    return capital(who) if who.startswith("the ") else who


def capital(text: str) -> str:
    """`text` with its first letter large."""
    return text[:1].upper() + text[1:]
