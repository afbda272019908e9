"""A newer issue of a document that terms cite: it changes a floating reference and never a dated one.

A reference is dated unless `[authorities.NAME]` of terms.toml says `reference = "as amended"`. What the document asks
stands in the clauses marked `@authority("NAME")`. A newer issue is itself a pack: the document's title, date and digest
under [authorities.NAME], and what it asks in clauses marked so.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from brightline.canonical import parse_toml
from brightline.errors import TermsError
from brightline.terms.clause import Clause
from brightline.terms.pack import AS_AMENDED, Pack, read_pack


def amended(pack: Pack, issue: Pack) -> Pack:
    """`pack` as it reads once `issue` is out; `pack` itself where all that it cites of it is dated or no older.

    Law: only clauses marked with a document that is cited "as amended" are replaced, by the issue's clauses of that
    mark; with the new title, date and digest the digest of the terms changes, so nobody can be bound unawares.
    Raises TermsError where the issue asks nothing, or in names that the pack has not.
    """
    newer = [name for name in issue.terms.authorities if _moves(pack, issue, name)]
    if not newer:
        return pack
    # 1. the clauses of those documents go, and what the new issues ask comes
    kept = [c for c in _in_order(pack) if c.annotations.get("authority") not in newer]
    new = [c for c in _in_order(issue) if c.annotations.get("authority") in newer]
    for name in newer:
        if not any(c.annotations["authority"] == name for c in new):
            cure = f'mark what it asks with @authority("{name}"); where it asks nothing, a forbid `when {{ false }}`'
            raise TermsError(f"no clause says what {name} asks", place=f"{issue.name}/terms.cedar", cure=cure)
    # 2. and the references say which issue they mean now
    about = pack.files["terms.toml"]
    for name in newer:
        about = _pointed(about, name, issue.terms.authorities[name], f"{pack.name}/terms.toml")
    cedar = "\n\n".join(c.cedar for c in [*kept, *new]) + "\n"
    return read_pack(pack.name, {**pack.files, "terms.toml": about, "terms.cedar": cedar})


def _moves(pack: Pack, issue: Pack, name: str) -> bool:
    """Whether the pack cites `name` as amended, and an older issue of it."""
    mine, theirs = pack.terms.authorities.get(name, {}), issue.terms.authorities[name]
    for key in ("date", "digest"):
        if not theirs.get(key):
            place = f"{issue.name}/terms.toml: authorities.{name}"
            raise TermsError(
                f"an issue without {key}", place=place, cure="write title, date and digest of the document"
            )
    return mine.get("reference") == AS_AMENDED and theirs["date"] > mine.get("date", "")


def _in_order(pack: Pack) -> list[Clause]:
    return sorted(pack.terms.clauses, key=lambda c: c.line)


def _pointed(about: str, name: str, issue: Mapping[str, str], place: str) -> str:
    """terms.toml with the title, date and digest of `issue` for the authority `name`."""
    head, table, rest = _cut(about, name)
    keys = ("title", "date", "digest")
    lines = [line for line in table.splitlines() if not re.match(rf"\s*({'|'.join(keys)})\s*=", line)]
    entry = [f"{k} = {json.dumps(issue[k], ensure_ascii=False)}" for k in keys]
    text = "\n".join([head + "\n".join([*entry, *lines]).rstrip("\n"), rest])
    try:
        found = parse_toml(text, place, error=TermsError)["authorities"][name]
    except TermsError:
        found = {}
    if any(str(found.get(k)) != issue[k] for k in keys):
        cure = f"write [authorities.{name}] as a table of its own, one line for each of {', '.join(keys)}"
        raise TermsError(f"the authority {name} cannot be pointed to a newer issue", place=place, cure=cure)
    return text


def _cut(about: str, name: str) -> tuple[str, str, str]:
    """(up to and with the header of the authority's table, the table, the rest)."""
    found = re.search(rf'^\[authorities\."?{re.escape(name)}"?\][^\n]*\n', about, re.MULTILINE)
    if found is None:
        return about, "", ""
    after = re.search(r"^\s*\[", about[found.end() :], re.MULTILINE)
    end = found.end() + after.start() if after else len(about)
    return about[: found.end()], about[found.end() : end], about[end:]
