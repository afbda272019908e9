"""The reference page of a vocabulary, in Markdown: every word, its meaning, who sets it, and its parent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from brightline.vocabulary.module import UNKNOWN, Activity, Fact, FactKind, Module
from brightline.vocabulary.shipped import shipped
from brightline.vocabulary.words import TABLES, Vocabulary

_ACTIVITIES = """\
## Activities

What is done. In a clause: `action == Action::"gen.office"`, or a whole group: `action in Action::"surv"`. Where none
fits with confidence, say `gen.unknown`: every set of terms must decide on it.
"""
_FACTS = f"""\
## Facts

What is known of a use. In a clause: `context.place == "home"`. Every fact that takes one value also has `{UNKNOWN}`,
which is what an unstated fact is; unstated sets are empty and unstated numbers 0.
"""
_ROLES = f"""\
## Roles

Who may approve. A pack may use these without declaring them. Names of its own stand in its terms.toml, in the tables
{", ".join(f"`[{t}]`" for t in TABLES)}.
"""
_KINDS = {FactKind.ENUM: "one value", FactKind.SET: "a set", FactKind.NUMBER: "a whole number from 0 to 2^63 - 1"}
_DECLARED = {
    "enclaves": "the names in `[enclaves]` of terms.toml",
    "authorities": "the names in `[authorities]` of terms.toml, each pinned to a document",
    "lanes": "the names in `[lanes]` of terms.toml",
    "roles": "the roles below and those in `[roles]` of terms.toml",
    "certificates": "the names in `[certificates]` of terms.toml",
    "facts": "the names of all facts that the gateway does not set itself",
}


def page(vocabulary: Vocabulary | None = None) -> str:
    """The words of `vocabulary`, of all shipped modules by default; the same text for the same vocabulary."""
    words = vocabulary or shipped()
    modules = _table(("module", "title", "digest"), map(_module, words.modules))
    return "\n".join(["## Modules\n", modules, *_activities(words), *_facts(words), *_roles(words)])


def _module(m: Module) -> tuple[str, str, str]:
    return f"`{m.name}`", m.title, f"`{m.digest}`"


def _activities(vocabulary: Vocabulary) -> Iterator[str]:
    yield _ACTIVITIES
    for group, text in vocabulary.groups.items():
        rows = [_activity(a) for a in vocabulary.activities.values() if a.group == group]
        yield f"### `{group}`: {text}\n\n" + _table(("activity", "meaning", "module", "parent"), rows)


def _activity(a: Activity) -> tuple[str, str, str, str]:
    return f"`{a.name}`", a.text, a.module, _code(a.parent)


def _facts(vocabulary: Vocabulary) -> Iterator[str]:
    yield _FACTS
    rows = [(f"[`{f.name}`](#{f.name})", _KINDS[f.kind], _setter(f), f.text) for f in vocabulary.facts.values()]
    yield _table(("fact", "takes", "set by", "meaning"), rows)
    for fact in vocabulary.facts.values():
        yield f"### `{fact.name}`\n\n{_sentence(fact)}\n"
        if values := [v for v in fact.values if v.module]:
            each = [(f"`{v.name}`{_open(fact, v.name)}", v.text, v.module, _code(v.parent)) for v in values]
            yield _table(("value", "meaning", "module", "parent"), each)


def _sentence(fact: Fact) -> str:
    source = f" Its values are {_DECLARED[fact.declared_in]}." if fact.declared_in else ""
    return f"{fact.text[:1].upper()}{fact.text[1:]}: {_KINDS[fact.kind]}, set by {_setter(fact)}.{source}"


def _setter(fact: Fact) -> str:
    return "the gateway alone" if fact.gateway else "declaration, screen or registry"


def _open(fact: Fact, value: str) -> str:
    return " (not known: asked about)" if value in fact.open else ""


def _roles(vocabulary: Vocabulary) -> Iterator[str]:
    yield _ROLES
    yield _table(("role", "meaning"), ((f"`{r}`", text) for r, text in vocabulary.names["roles"].items()))


def _code(name: str) -> str:
    return f"`{name}`" if name else ""


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', '&#124;') for cell in line)} |\n" for line in lines)
