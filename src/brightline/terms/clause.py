"""One clause, and the profile that lets four readings agree on it (DESIGN section 3, "Profile").

A condition is a Boolean combination of `==`, `!=`, `in`, `contains`, `containsAny`, `containsAll` and comparison with a
constant, over the facts of the vocabulary. Nothing in it can raise an error.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Never

from brightline.errors import TermsError, nearest
from brightline.terms.adoption import Adoption
from brightline.terms.cubes import cubes
from brightline.terms.formula import Formula, Has, conjunction, leaves, negation
from brightline.terms.reading import Reader
from brightline.terms.scope import Scope
from brightline.terms.source import Chunk

MAX_CUBES = 64
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")
_MONOTONE = ("approvals", "duties", "exceptions")


@dataclass(frozen=True, slots=True)
class Clause:
    """`activities`: those it binds. `condition`: when it applies, over an encoded use. `policy`, `cedar`: the words
    themselves, as Cedar JSON and as written from `line` on."""

    id: str
    permits: bool
    activities: frozenset[str]
    condition: Formula
    annotations: Mapping[str, str]
    policy: Mapping[str, Any] = field(compare=False)
    cedar: str = field(compare=False)
    line: int = field(compare=False)

    @property
    def title(self) -> str:
        return self.annotations.get("title", "")

    @property
    def text(self) -> str:
        return self.annotations.get("text", "")

    @property
    def is_law(self) -> bool:
        """`@kind("law")`: the customer's own law."""
        return self.annotations.get("kind") == "law"

    @property
    def decides(self) -> bool:
        """False for `@reading("literal")`: words taken literally against what their party says it means."""
        return self.annotations.get("reading") != "literal"


def read_clause(
    scope: Scope, adoption: Adoption, chunk: Chunk, policy: Mapping[str, Any], place: str, number: int
) -> Clause:
    """The clause in one policy and its Cedar JSON. Raises TermsError with the nearest right word and the cure."""
    # 1. what it is called and what else its annotations say
    annotations = {k: v or "" for k, v in policy.get("annotations", {}).items()}
    name = annotations.get("id", f"policy{number}")
    if not _ID.fullmatch(name):
        _bad(f"@id({name[:70]!r}) cannot name a clause", place, "use letters, digits, '.', '_', ':' and '-'")
    for key, known in (("kind", ("law",)), ("reading", ("literal",))):
        if key in annotations and annotations[key] not in known:
            _bad(f"@{key}({annotations[key][:40]!r})", place, nearest(annotations[key], known))
    # 2. its scope
    reader = Reader(scope, f"{place} ({name})", adoption)
    permits = policy["effect"] == "permit"
    activities = adoption.bound(reader.activities(policy["action"]), permits=permits)
    parts: list[Formula] = [reader.scoped("principal", policy["principal"])]
    parts.append(reader.scoped("resource", policy["resource"]))
    # 3. its conditions
    for c in policy.get("conditions", []):
        condition = reader.formula(c["body"])
        parts.append(condition if c["kind"] == "when" else negation(condition, scope.full))
    whole = conjunction(parts)
    # 4. the rest of the profile
    _check_polarity(scope, whole, permits, reader.place)
    if cubes(whole, MAX_CUBES) is None:
        _bad(f"takes more than {MAX_CUBES} cubes", reader.place, "split the clause in two with simpler conditions")
    return Clause(name, permits, activities, whole, annotations, policy, chunk.text, chunk.line)


def _check_polarity(scope: Scope, condition: Formula, permits: bool, place: str) -> None:
    """Having more approvals, duties or exceptions never forbids; claiming more never permits."""
    index = scope.vocabulary.index
    for leaf in leaves(condition):
        if not isinstance(leaf, Has):
            continue
        for name in _MONOTONE:
            if leaf.i == index[name] and leaf.absent is permits:
                how = "in a permit only as a condition" if permits else "in a forbid only under unless"
                _bad(f"having {name} must never forbid", place, f"name {name} {how}")
        if leaf.i == index["claimed"] and leaf.absent is not permits:
            how = "in a permit only under unless" if permits else "in a forbid only as a condition"
            _bad("claiming more must never permit", place, f"name claimed {how}")


def _bad(text: str, place: str, cure: str) -> Never:
    raise TermsError(text, place=place, cure=cure)
