"""`terms lint`: what is wrong with words before anyone signs them. Here: all that needs no solver."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from brightline.errors import nearest
from brightline.terms.clause import Clause
from brightline.terms.cubes import cubes
from brightline.terms.pack import Pack

WEAK_WORDS = (
    (r"intentional(?:ly)?|deliberate(?:ly)?", "what is incidental stays allowed"),
    (r"unconstrained", "any constraint, however small, makes it allowed"),
    (r"private", "purchased and public data may not count as private"),
    (r"(?:as )?appropriate", "it does not say who judges, nor by what"),
    (r"independently direct", "directing together with a person stays allowed"),
    (r"where (?:law|regulation|policy|\w+ policy)[^.;]{0,60}? requires", "empty once the law or policy changes"),
    (r"not intended for|should not", "it binds nobody"),
    (r"consistent with (?:applicable )?law|in accordance with applicable law", "it adds nothing to the law"),
    (r"(?:mass|bulk|en masse)(?!\w)(?![^.;]*\d)", "no number says where it begins"),
    (r"domestic", "it may mean the place or the person"),
    (r"as amended", "it floats: whoever amends the document changes the terms"),
)
"""Words that changed real deals (domain/POSITIONS.md, section 2), each with what it lets through."""

PARTIES = ("vendor", "customer", "legislator")
"""Whose position a pack can be; of several with `and` between them."""

_COMPILED = tuple((re.compile(rf"\b(?:{p})\b", re.IGNORECASE), why) for p, why in WEAK_WORDS)


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """`use`: an example in JSON form where there is one; `place`: file and line."""

    code: str
    clause: str
    severity: Severity
    text: str
    place: str
    use: Any = None

    def to_json(self) -> dict[str, Any]:
        return {
            "code": self.code,
            "clause": self.clause,
            "severity": str(self.severity),
            "use": self.use,
            "text": self.text,
            "place": self.place,
        }


def lint(pack: Pack) -> list[Finding]:
    """All findings that need no solver, in the order of the text. The pack is ok iff none is an error."""
    found = [f for c in pack.terms.clauses for f in _clause(pack, c)]
    return in_order(pack, [*found, *_undecided(pack), *_authorities(pack), *_party(pack)])


def in_order(pack: Pack, findings: Iterable[Finding]) -> list[Finding]:
    """`findings` by the lines of their clauses, those of one clause as they come; last those about no clause."""
    line = {c.id: c.line for c in pack.terms.clauses}
    return sorted(findings, key=lambda f: line.get(f.clause, sys.maxsize))


def _clause(pack: Pack, c: Clause) -> Iterator[Finding]:
    place = place_of(pack, c)

    def finding(code: str, severity: Severity, text: str) -> Finding:
        return Finding(code, c.id, severity, text, place)

    # 1. a clause can be cited, read and traced
    for name in ("id", "title", "text", "source"):
        if not c.annotations.get(name):
            cure = f"add @{name}(…) so that the other side can " + ("cite it" if name == "id" else "read and trace it")
            yield finding(f"no-{name}", Severity.WARNING, f"the clause has no @{name}: {cure}")
    # 2. it can apply at all
    if cubes(c.condition, 64) == []:
        yield finding("never-applies", Severity.ERROR, "its condition contradicts itself: no use can meet it")
    # 3. its words bind
    for pattern, why in _COMPILED:
        for m in pattern.finditer(c.text):
            text = f"weak words {m.group(0)!r}: {why}; say it in facts or give a number"
            yield finding("weak-words", Severity.WARNING, text)


def _undecided(pack: Pack) -> Iterator[Finding]:
    """Activities on which no clause says anything: denied by default, which may not be what was meant."""
    for activity in pack.terms.scope.vocabulary.activities:
        if not pack.terms.applicable(activity):
            severity = Severity.ERROR if activity == "gen.unknown" else Severity.WARNING
            yield Finding(
                "undecided",
                "",
                severity,
                f"no clause decides {activity}, so it is denied by default: say so, or permit it",
                pack_place(pack),
                {"activity": activity, "facts": {}},
            )


def _party(pack: Pack) -> Iterator[Finding]:
    """Whose position it is, in words that everyone knows: a slip here puts a text on nobody's side."""
    for name in pack.about.get("party", PARTIES[0]).split(" and "):
        if name not in PARTIES:
            text = f"no party is called {name[:60]!r}: {nearest(name[:60], PARTIES)}"
            line = _line(pack, r"^\s*party\s*=")
            yield Finding("unknown-party", "", Severity.ERROR, text, f"{pack.name}/terms.toml:{line}")


def _authorities(pack: Pack) -> Iterator[Finding]:
    """An authority cited without date and digest floats: it can be rewritten while the agreement stands."""
    for name, entry in pack.terms.authorities.items():
        missing = [k for k in ("date", "digest") if not entry.get(k)]
        if missing:
            text = f"the authority {name} has no {' and no '.join(missing)}: pin the document as it stands today"
            quoted = rf'"?{re.escape(name)}"?'
            line = _line(pack, rf"^\s*(?:\[authorities\.{quoted}\]|{quoted}\s*=)")
            yield Finding("unpinned-authority", "", Severity.ERROR, text, f"{pack.name}/terms.toml:{line}")


def _line(pack: Pack, pattern: str) -> int:
    """The line of terms.toml on which `pattern` is first found."""
    text = pack.files["terms.toml"]
    found = re.search(pattern, text, re.MULTILINE)
    return text.count("\n", 0, found.end() if found else 0) + 1


def place_of(pack: Pack, c: Clause) -> str:
    """File and line of a clause."""
    return f"{pack_place(pack)}:{c.line}"


def pack_place(pack: Pack) -> str:
    """The file of a pack's clauses."""
    return f"{pack.name}/terms.cedar" if "terms.toml" in pack.files else pack.name
