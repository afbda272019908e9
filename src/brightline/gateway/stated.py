"""What a use leaves in the entry of its decision, beside content and decision: flags, claims and private fields.

A call that declares nothing is the same use each time, so this is worked out once for each purpose, key and model.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from brightline.record.entry import Flag
from brightline.vocabulary import FactValue, Source, Use, Vocabulary

# Flags as plain integers: `|` on an enum costs a microsecond.
_FLAGS: tuple[tuple[str, FactValue, int], ...] = (
    ("screen", "not_screened", int(Flag.NOT_SCREENED)),
    ("screen", "flagged", int(Flag.SCREEN_FLAGGED)),
    ("integrity", "drifted", int(Flag.DRIFTED)),
    ("meter", "missing", int(Flag.METER_MISSING)),
    ("approval_tempo", "hurried", int(Flag.HURRIED)),
    ("end_user", "unidentified", int(Flag.UNIDENTIFIED)),
)
_OF_CALL = ("datasets", "end_user")
_CLAIMED, _ALTERNATIVE = int(Flag.CLAIMED), int(Flag.ALTERNATIVE)


class Stated(NamedTuple):
    """`use` with its `flags`; `claimed`: facts that rest on a claim alone, bits by rank in the vocabulary.

    `fields` are private: who uses it for what, and every fact as `fact.NAME` = `VALUE SOURCE`. `unattested`: what was
    named and no owner attests, a sentence each; `endpoints`: by tool, as the caller tells them.
    """

    use: Use
    flags: int
    claimed: int
    fields: tuple[tuple[str, bytes], ...]
    unattested: tuple[str, ...] = ()
    endpoints: Mapping[str, str] = MappingProxyType({})


def stated(words: Vocabulary, purpose: str, use: Use) -> Stated:
    """What the entry of a decision on `use` says of it."""
    claimed = sum(1 << words.index[name] for name, source in use.sources.items() if source is Source.DECLARED)
    flags = sum(flag for name, value, flag in _FLAGS if use.facts.get(name) == value)
    flags |= (_CLAIMED if claimed else 0) | (_ALTERNATIVE if use.alternatives else 0)
    fields = (
        ("actor", use.actor.encode()),
        ("component", use.component.encode()),
        ("purpose", purpose.encode()),
        *((f"fact.{n}", _said(v, use.sources.get(n, Source.OBSERVED))) for n, v in use.facts.items()),
    )
    return Stated(use, flags, claimed, fields)


def restated(words: Vocabulary, said: Stated, use: Use) -> Stated:
    """The same call said of another use: of a tool call that it led to, or with facts that were added. Who asked, for
    what and about which data stay in its fields."""
    kept = tuple(f for f in said.fields if f[0] in _OF_CALL)
    made = stated(words, purpose_of(said), use)
    return made._replace(fields=(*made.fields, *kept), unattested=said.unattested, endpoints=said.endpoints)


def purpose_of(said: Stated) -> str:
    """The registered name of the purpose."""
    return next(value for name, value in said.fields if name == "purpose").decode()


def _said(value: FactValue, source: Source) -> bytes:
    """Members of a set are joined with plus signs."""
    return f"{'+'.join(sorted(value)) if isinstance(value, frozenset) else value} {source}".encode()
