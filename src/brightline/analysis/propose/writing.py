"""A proposal as a pack: terms.toml and terms.cedar, in the words of the two packs and of the options.

Nothing of a brief goes in but the words of the options chosen: no requirement, no weight, no menu, no comment.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from brightline.analysis.propose.menus import Table, covered, meaning
from brightline.canonical import parse_toml
from brightline.errors import TermsError
from brightline.terms import Pack, read_pack
from brightline.terms.clause import Clause
from brightline.vocabulary import TABLES

WORDS = ("id", "title", "text", "source", "kind")
"""Annotations that are words of the text; whatever else stands there is its party's own business."""

_NAMED = ("components", "models", *TABLES)
_HEAD = re.compile(r'\s*(?://[^\n]*\n\s*)*@\w+(?:\s*\(\s*"(?:[^"\\]|\\.)*"\s*\))?', re.DOTALL)
_COMMENT = re.compile(r'("(?:[^"\\]|\\.)*")|[ \t]*//[^\n]*', re.DOTALL)


def clauses_of(table: Table, options: Iterable[int]) -> list[Clause]:
    """The text's clauses in the order of the table: none twice, and none of a pack's that the others say already."""
    # 1. all of them; what says the same is said once, in the words that an option chose
    chosen = [table.options[o] for o in sorted(options)]
    kept = {meaning(c) for o in chosen if o.from_brief for c in o.clauses}
    every = {meaning(c): c for c in table.base} | {meaning(c): c for o in chosen for c in o.clauses}
    # 2. words of the packs that the rest covers add nothing
    for key, clause in reversed(list(every.items())):
        if key not in kept:
            others = [c for k, c in every.items() if k != key and c.permits is clause.permits]
            region = table.ground.cubes(clause)
            if covered(table.ground, region, [cube for c in others for cube in table.ground.cubes(c)]):
                del every[key]
    return list(every.values())


def write_pack(name: str, title: str, a: Pack, b: Pack, clauses: Sequence[Clause]) -> Pack:
    """The text as a pack, read again as anyone will read it. Raises TermsError where it is outside the profile."""
    files = {"terms.toml": _toml(title, a, b), "terms.cedar": "\n\n".join(map(words, clauses)) + "\n"}
    return read_pack(name, files)


def words(clause: Clause) -> str:
    """The clause's Cedar with the annotations that are words of the text, and no comment."""
    head = [f"@{w}({_quoted(clause.annotations[w])})" for w in WORDS if clause.annotations.get(w)]
    short, long = head[:2], head[2:]
    return "\n".join([" ".join(short), *long, code(clause)])


def code(clause: Clause) -> str:
    """The clause's Cedar as written, without annotations, comments and empty lines."""
    at = 0
    while m := _HEAD.match(clause.cedar, at):
        at = m.end()
    body = _COMMENT.sub(lambda m: m[1] or "", clause.cedar[at:]).strip()
    return re.sub(r"\n\s*\n", "\n", body)


def _quoted(text: str) -> str:
    """A Cedar string; what a terminal or an editor could hide is an escape."""
    plain = (
        text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")
    )
    return '"' + re.sub(r"[\x00-\x1f\x7f]", lambda m: f"\\u{{{ord(m[0]):x}}}", plain) + '"'


def _toml(title: str, a: Pack, b: Pack) -> str:
    """What both packs declare, together."""
    mine, other = (_declared(p) for p in (a, b))
    scope = a.terms.scope
    out = [f"title = {_text(title)}", f"party = {_text(f'{a.party} and {b.party}')}"]
    for key in ("protected_persons", "home"):
        value = mine.get(key) or other.get(key)
        if value:
            out.append(f"{key} = {_text(value)}")
    adopted = set(a.terms.adopted)
    for table, some in (
        ("vocabulary", {m.name: m.digest for m in scope.vocabulary.modules if m.name not in adopted}),
        ("adopted", {m.name: m.digest for m in scope.vocabulary.modules if m.name in adopted}),
    ):
        out += _table(table, some)
    for key in _NAMED:
        both = {**other.get(key, {}), **mine.get(key, {})}
        ordered = {**{k: both[k] for k in mine.get(key, {})}, **both}
        plain = {k: v for k, v in ordered.items() if not isinstance(v, Mapping)}
        out += _table(key, plain)
        for k, v in ordered.items():
            if isinstance(v, Mapping):
                out += _table(f"{key}.{json.dumps(k)}", v)
    return "\n".join(out) + "\n"


def _declared(pack: Pack) -> Mapping[str, Any]:
    if "terms.toml" not in pack.files:
        return {}
    return parse_toml(pack.files["terms.toml"], f"{pack.name}/terms.toml", error=TermsError)


def _table(name: str, some: Mapping[str, Any]) -> list[str]:
    return ["", f"[{name}]", *(f"{_text(k)} = {_value(v)}" for k, v in some.items())] if some else []


def _value(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_text(v) for v in value) + "]"
    return _text(str(value))


def _text(text: str) -> str:
    """A TOML basic string."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
