"""A brief: what one party wants, and clauses it could sign instead. It stays home, in no pack, message or bundle.

A folder with `requirements.cedar` and `options.cedar`, either of which may be missing, and `brief.toml`, which names
the party where the folder's name does not. This module reads texts that were handed to it.

A requirement is a property of the text to be signed, over every use that its condition covers:
`permit`: each such use is permitted with no approvals but those that the condition names (duties may be asked of the
gateway). `forbid`: no such use is permitted, whatever is approved, save where the approvals named under `unless` are.
With `@weight("5")` it is a wish; without, it is hard.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Never

from brightline.analysis.cover import Ground, Point, all_duties
from brightline.canonical import parse_toml, toml_line
from brightline.errors import TermsError, nearest
from brightline.terms import Scope
from brightline.terms.adoption import Adoption
from brightline.terms.cedar import parse_policies, validate
from brightline.terms.clause import Clause, read_clause
from brightline.terms.cubes import meet
from brightline.terms.formula import FALSE
from brightline.terms.source import Chunk
from brightline.vocabulary.use import use_json

FILES = ("brief.toml", "requirements.cedar", "options.cedar")
LEAST = (
    'a brief says what the party wants, or could sign; the least is a requirements.cedar with `@id("R1") @title("no '
    'engagement without an operator") forbid (principal, action == Action::"weapon.engage", resource) unless { '
    'context.approvals.contains("operator") };` and a brief.toml with `party = "vendor"` (or customer)'
)
MAX_WEIGHT = 1_000_000
MAX_CLAUSES = 2_048
_KEYS = ("party", "title")
_WORDS = ("id", "title", "text", "source")


@dataclass(frozen=True, slots=True)
class Requirement:
    """`weight`: of a wish; 0 where it is hard. `place`: file and line."""

    party: str
    clause: Clause
    weight: int
    place: str

    @property
    def id(self) -> str:
        return self.clause.id

    @property
    def title(self) -> str:
        return self.clause.title or self.clause.id

    @property
    def is_hard(self) -> bool:
        return not self.weight

    def to_json(self) -> dict[str, Any]:
        return {"party": self.party, "id": self.id, "title": self.title} | (
            {"weight": self.weight} if self.weight else {}
        )


@dataclass(frozen=True, slots=True)
class Option:
    """One way to word the matter `menu`; of each menu a text has exactly one. No clauses: nothing is said of it.

    `from_brief`: a party worded it; else it is what a pack says, or its absence.
    """

    menu: str
    name: str
    clauses: tuple[Clause, ...]
    place: str
    from_brief: bool = True


@dataclass(frozen=True, slots=True)
class Brief:
    name: str
    party: str
    title: str
    requirements: tuple[Requirement, ...]
    options: tuple[Option, ...]


def read_brief(name: str, files: Mapping[str, str], scope: Scope) -> Brief:
    """The brief in `files`, in the words of `scope`. Raises TermsError naming file, line and cure."""
    for extra in files:
        if extra not in FILES:
            _bad(f"no brief holds a file {extra!r}", name, nearest(extra, FILES))
    if not {"requirements.cedar", "options.cedar"} & set(files):
        _bad("neither requirements.cedar nor options.cedar", name, LEAST)
    about = _about(files.get("brief.toml", ""), f"{name}/brief.toml")
    party = about.get("party", name.rstrip("/").rpartition("/")[2])
    requirements = tuple(_requirements(files.get("requirements.cedar", ""), f"{name}/requirements.cedar", scope, party))
    options = tuple(_options(files.get("options.cedar", ""), f"{name}/options.cedar", scope))
    check_consistent(scope, requirements)
    return Brief(name, party, about.get("title", party), requirements, options)


def _about(text: str, place: str) -> dict[str, str]:
    data = parse_toml(text, place, error=TermsError)
    for key, value in data.items():
        here = f"{place}:{toml_line(text, key)}"
        if key not in _KEYS:
            _bad(f"unknown key {key[:60]!r}", here, nearest(key, _KEYS))
        if not isinstance(value, str) or not value:
            _bad(f"{key} is text", here, f'write {key} = "…"')
    return data


def _requirements(text: str, place: str, scope: Scope, party: str) -> Iterator[Requirement]:
    seen: dict[str, int] = {}
    for clause, here in _clauses(text, place, scope, ("weight",)):
        if clause.id in seen:
            _bad(f"@id({clause.id!r}) stands twice", here, f"line {seen[clause.id]} has it too: rename one")
        seen[clause.id] = clause.line
        if clause.condition == FALSE:
            _bad(
                "covers no use", f"{here} ({clause.id})", "its condition contradicts itself: say which uses it is about"
            )
        yield Requirement(party, clause, _weight(clause, f"{here} ({clause.id})"), here)


def _weight(clause: Clause, place: str) -> int:
    text = clause.annotations.get("weight")
    if text is None:
        return 0
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:8]) <= MAX_WEIGHT and len(text) <= 7):
        _bad(
            f"@weight({text[:20]!r}) is no weight",
            place,
            f'write @weight("5"): 1 to {MAX_WEIGHT}; none where it is hard',
        )
    return int(text)


def _options(text: str, place: str, scope: Scope) -> Iterator[Option]:
    """Clauses of one @option of one @menu, wherever they stand, gathered in the order of their first."""
    found: dict[tuple[str, str], list[Clause]] = {}
    for clause, here in _clauses(text, place, scope, ("menu", "option", "kind")):
        where = f"{here} ({clause.id})"
        menu, option = clause.annotations.get("menu", ""), clause.annotations.get("option", "")
        for word, given in (("menu", menu), ("option", option)):
            if not given:
                _bad(f"the clause has no @{word}", where, 'write @menu("matter") @option("one way to word it")')
        mine = found.setdefault((menu, option), [])
        if any(c.id == clause.id for c in mine):
            _bad(f"@id({clause.id!r}) stands twice in one option", where, "rename one")
        mine.append(clause)
    for (menu, option), some in found.items():
        # a clause that applies to nothing says "nothing": it is how an option without words is written
        yield Option(menu, option, tuple(c for c in some if c.condition != FALSE), f"{place}:{some[0].line}")


def _clauses(text: str, place: str, scope: Scope, more: Sequence[str]) -> Iterator[tuple[Clause, str]]:
    """(clause, file and line) of each policy: within the profile, strictly valid, named, with known annotations."""
    parsed = parse_policies(text, place)
    if len(parsed) > MAX_CLAUSES:
        _bad(f"{len(parsed)} clauses", place, f"at most {MAX_CLAUSES} fit a brief")
    out = [_clause(chunk, policy, f"{place}:{chunk.line}", scope, more, n) for n, (chunk, policy) in enumerate(parsed)]
    validate(scope, [(f"{here} ({c.id})", c.cedar) for c, here in out])
    yield from out


def _clause(
    chunk: Chunk, policy: Mapping[str, Any], place: str, scope: Scope, more: Sequence[str], number: int
) -> tuple[Clause, str]:
    known = (*_WORDS, *more)
    for word in policy.get("annotations", {}):
        if word not in known:
            _bad(f"@{word[:40]} means nothing here", place, nearest(word, known))
    if not policy.get("annotations", {}).get("id"):
        _bad("the clause has no @id", place, "name it, so that it can be cited")
    return read_clause(scope, Adoption(), chunk, policy, place, number), place


def check_consistent(scope: Scope, requirements: Sequence[Requirement]) -> None:
    """Raises TermsError where two hard requirements of one party ask for opposites, showing a use."""
    ground = Ground(scope)
    hard = [r for r in requirements if r.is_hard]
    regions = {r.id: ground.cubes(r.clause) for r in hard}
    for permit in (r for r in hard if r.clause.permits):
        for forbid in (r for r in hard if not r.clause.permits):
            if not permit.clause.activities & forbid.clause.activities:
                continue
            for mine in all_duties(ground, regions[permit.id]):
                for other in regions[forbid.id]:
                    both = meet(mine, other)
                    box = ground.possible(both) if both is not None else None
                    if box is not None:
                        _contradict(permit, forbid, ground, ground.point(box))


def _contradict(permit: Requirement, forbid: Requirement, ground: Ground, point: Point) -> Never:
    use = use_json(ground.use(point))
    facts = ", ".join(f"{k} = {v}" for k, v in use["facts"].items() if k != "duties")
    _bad(
        f"{permit.id} and {forbid.id} (line {forbid.clause.line}) contradict each other on {use['activity']}"
        + (f" with {facts}" if facts else ""),
        permit.place,
        f"{permit.id} must permit that use, {forbid.id} must not: take it out of one, or make one a wish with @weight",
    )


def _bad(text: str, place: str, cure: str) -> Never:
    raise TermsError(text, place=place, cure=cure)
