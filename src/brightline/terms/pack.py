"""A pack: a folder with terms.toml, terms.cedar and scenarios.jsonl; a bare .cedar file is a pack too.

This module reads texts that were handed to it; folders are read where I/O is allowed (`brightline.storage.packs`).
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Never, TypeAlias

from brightline.canonical import parse_toml, toml_line
from brightline.errors import TermsError, nearest
from brightline.terms.cedar import BOM
from brightline.terms.scope import Scope
from brightline.terms.terms import Terms, read_terms
from brightline.vocabulary import SHIPPED, TABLES, Vocabulary, module, shipped

FILES = ("terms.toml", "terms.cedar", "scenarios.jsonl")
MAX_NAMES = 1_024  # in one table of terms.toml
_PLAIN = ("title", "party", "date", "protected_persons", "home", "summary")
_KEYS = (*_PLAIN, "vocabulary", "adopted", "components", "models", *TABLES)
_AUTHORITY = ("title", "date", "digest", "reference")
AS_AMENDED = "as amended"
_BARE = ("core", "defence")  # never more: a module that is added later would change the digest of every bare file
_REFERENCES = ("dated", AS_AMENDED)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@/-]{0,127}")
_SHA256 = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True)
class Pack:
    """`files`: name → text, as read; `about`: what terms.toml says in plain words."""

    name: str
    terms: Terms
    about: Mapping[str, str]
    files: Mapping[str, str]

    @property
    def party(self) -> str:
        return self.about.get("party", self.name)


def read_pack(name: str, files: Mapping[str, str]) -> Pack:
    """The pack in `files`. Raises TermsError naming file, line and cure."""
    if "terms.cedar" not in files:
        _bad("no terms.cedar", name, "a pack needs its clauses; `brightline terms new` makes one to start from")
    for extra in files:
        if extra not in FILES:
            _bad(f"no pack holds a file {extra!r}", name, nearest(extra, FILES))
    for file, text in files.items():
        if text.startswith("\ufeff"):
            _bad("a byte-order mark", f"{name}/{file}:1" if "terms.toml" in files else f"{name}:1", BOM)
    if "terms.toml" not in files:
        return Pack(name, read_terms(Scope(shipped(*_BARE)), files["terms.cedar"], name), {}, dict(files))
    scope, about, authorities, adopted = _read_toml(files["terms.toml"], f"{name}/terms.toml")
    pinned: dict[str, str] = {k: about[k] for k in ("protected_persons", "home") if k in about}
    terms = read_terms(scope, files["terms.cedar"], f"{name}/terms.cedar", authorities, pinned, adopted)
    _check_documents(terms, f"{name}/terms.cedar")
    return Pack(name, terms, about, dict(files))


def _check_documents(terms: Terms, place: str) -> None:
    """`@authority("…")` on a clause names a declared document: the clause says what that document asks."""
    for c in terms.clauses:
        name = c.annotations.get("authority")
        if name is not None and name not in terms.authorities:
            cure = f"declare it under [authorities]; {nearest(name, terms.authorities)}"
            _bad(f"no authority {name[:60]!r}", f"{place}:{c.line} ({c.id})", cure)


_Parts: TypeAlias = tuple[Scope, dict[str, str], dict[str, dict[str, str]], list[str]]


def _read_toml(text: str, place: str) -> _Parts:
    """(scope, plain words, authorities, adopted modules) of a terms.toml. Raises TermsError naming the line."""
    data = parse_toml(text, place, error=TermsError)
    try:
        return _parts(data, place)
    except TermsError as e:
        line = toml_line(text, e.place.removeprefix(place).removeprefix(": "))
        here = e.place.replace(place, f"{place}:{line}", 1) if line else e.place
        raise TermsError(e.text, place=here, cure=e.cure) from None


def _parts(data: Mapping[str, Any], place: str) -> _Parts:
    for key in data:
        if key not in _KEYS:
            _bad(f"unknown key {key[:60]!r}", f"{place}: {key[:60]}", nearest(key, _KEYS))
    # 1. the vocabulary both parties pinned, and what they added to it since
    vocabulary, adopted = _vocabulary(data.get("vocabulary", {}), data.get("adopted", {}), place)
    # 2. names of the pack's own
    tables = {t: _table(data, t, place) for t in TABLES if t != "authorities"}
    authorities = _authorities(data.get("authorities", {}), place)
    tables["authorities"] = {k: v["title"] for k, v in authorities.items()}
    models = _models(data.get("models", {}), place)
    scope = Scope(vocabulary.with_names(tables), tuple(_table(data, "components", place)), models)
    # 3. plain words
    about: dict[str, str] = {}
    for key in _PLAIN:
        value = data.get(key)
        if isinstance(value, str | datetime.date):
            about[key] = str(value)
        elif value is not None:
            _bad(f"{key} is text", f"{place}: {key}", f'write {key} = "…"')
    return scope, about, authorities, adopted


def _vocabulary(table: Any, adopted: Any, place: str) -> tuple[Vocabulary, list[str]]:
    """The modules pinned in [vocabulary] and [adopted], and the names of the latter."""
    if not isinstance(table, dict) or "core" not in table:
        known = "\n".join(f'{n} = "{module(n).digest}"' for n in SHIPPED)
        _bad("names no vocabulary", place, f"add:\n[vocabulary]\n{known}")
    if not isinstance(adopted, dict):
        _bad("adopted is a table", place, 'write:\n[adopted]\nMODULE = "sha256:…"')
    for key, pins in (("vocabulary", table), ("adopted", adopted)):
        for name, pinned in pins.items():
            here = f"{place}: {key}.{name}"
            if name not in SHIPPED:
                _bad(f"no module is called {name[:60]!r}", here, nearest(name, SHIPPED))
            if pinned != module(name).digest:
                cure = f"this program has {module(name).digest}: read what changed, then both parties sign it anew"
                _bad(f"the module {name} is not the one pinned", here, cure)
            if key == "adopted" and name in table:
                _bad(
                    f"{name} stands in [vocabulary] too", here, "adopted is what was added after the words were written"
                )
    return shipped(*sorted({*table, *adopted}, key=SHIPPED.index)), list(adopted)


def _table(data: Mapping[str, Any], key: str, place: str) -> dict[str, str]:
    table = _few(data.get(key, {}), f"{place}: {key}")
    if not isinstance(table, dict) or not all(isinstance(v, str) for v in table.values()):
        _bad(f'{key} is a table of name = "meaning"', place, f'for example:\n[{key}]\nname = "what it means"')
    for name in table:
        _named(name, f"{place}: {key}")
    return dict(table)


def _authorities(table: Any, place: str) -> dict[str, dict[str, str]]:
    cure = "write [authorities.NAME] with title, date (as it stood) and digest (sha256:…) of the document"
    if not isinstance(_few(table, f"{place}: authorities"), dict):
        _bad("authorities is a table", place, cure)
    out: dict[str, dict[str, str]] = {}
    for name, entry in table.items():
        here = f"{place}: authorities.{_named(name, place)}"
        if not isinstance(entry, dict) or not set(entry) <= set(_AUTHORITY) or "title" not in entry:
            _bad("an authority has title, date and digest", here, cure)
        if not all(isinstance(v, str | datetime.date) for v in entry.values()):
            _bad("title, date and digest are texts", here, cure)
        if entry.get("reference", "dated") not in _REFERENCES:
            _bad(f"reference is {entry['reference']!r}", here, nearest(str(entry["reference"])[:60], _REFERENCES))
        if "digest" in entry and not _SHA256.fullmatch(str(entry["digest"])):
            _bad("digest is no SHA-256", here, cure)
        out[name] = {k: str(v) for k, v in entry.items()}
    return out


def _models(table: Any, place: str) -> dict[str, tuple[str, ...]]:
    """name → what it lies in: families and variants, which are declared the same way."""
    cure = 'write name = "meaning", or [models.NAME] with text and in = ["family"]'
    if not isinstance(_few(table, f"{place}: models"), dict):
        _bad("models is a table", place, cure)
    out: dict[str, tuple[str, ...]] = {}
    for name, entry in table.items():
        here = f"{place}: models.{_named(name, place)}"
        above = entry.get("in", []) if isinstance(entry, dict) else []
        if not isinstance(entry, str | dict) or not isinstance(above, list):
            _bad("a model is a text or a table", here, cure)
        if isinstance(entry, dict) and not set(entry) <= {"text", "in"}:
            _bad("a model's table has text and in", here, cure)  # a misspelt `in` would take it out of its family
        for up in above:
            if not isinstance(up, str) or up not in table:
                _bad(f"lies in {str(up)[:60]!r}, which is not declared", here, nearest(str(up)[:60], table))
        out[name] = tuple(above)
    for name in out:
        _no_circle(name, out, f"{place}: models.{name}")
    return out


def _no_circle(name: str, models: Mapping[str, tuple[str, ...]], place: str) -> None:
    seen: set[str] = set()
    todo = list(models[name])
    while todo:
        up = todo.pop()
        if up == name:
            _bad("lies in itself", place, "take one of its `in` away")
        if up not in seen:
            seen.add(up)
            todo.extend(models[up])


def _few(table: Any, place: str) -> Any:
    """`table` if it is of a size that every reading of the terms can bear."""
    if isinstance(table, dict) and len(table) > MAX_NAMES:
        _bad(f"{len(table)} names", place, f"declare at most {MAX_NAMES}")
    return table


def _named(name: str, place: str) -> str:
    if not _NAME.fullmatch(name) or name == "unknown":
        _bad(f"{name[:60]!r} is no name", place, "use letters, digits and . _ - / @; not `unknown`")
    return name


def _bad(text: str, place: str, cure: str) -> Never:
    raise TermsError(text, place=place, cure=cure)
