"""A bundle byte by byte, in words, for the officer who decides whether it may leave (`brightline evidence explain`).

Law: every byte of the file lies in exactly one part. The entries are one part of the file; their bytes are told by
kind, and every byte of an entry lies in exactly one part of its kind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

import numpy as np

from brightline.assurance.meanings import BODY, FILE, HEAD
from brightline.assurance.verify.agreed import Agreed, check_named, pinned_vocabulary, read_agreed
from brightline.assurance.verify.bundle import MAGIC, Bundle, InMemory, Source, open_bundle
from brightline.assurance.verify.statements import KNOWN
from brightline.assurance.verify.totals import iso
from brightline.errors import RecordError
from brightline.record import note
from brightline.record.body import (
    DTYPES,
    Act,
    Api,
    ChangeSubject,
    ClockEvent,
    ClockSource,
    ErasureReason,
    ExceptionAct,
    OutcomeStatus,
    ReleaseReason,
    ReleaseVerdict,
    Verdict,
)
from brightline.record.body import unpack as unpack_body
from brightline.record.checkpoint import Checkpoint
from brightline.record.entry import (
    BODY_BYTES,
    ENTRY,
    ENTRY_BYTES,
    LAST_SECOND,
    Flag,
    Kind,
    OutcomeCode,
    clause_ranks,
    unpack,
)
from brightline.record.opening import Opened

_BODY_AT: Final = ENTRY_BYTES - BODY_BYTES
_WORDS: Final[Mapping[str, type[IntEnum]]] = {
    "kind": Kind,
    "outcome": OutcomeCode,
    "api": Api,
    "status": OutcomeStatus,
    "verdict": Verdict,
    "subject": ChangeSubject,
    "event": ClockEvent,
    "source": ClockSource,
    "clock": ClockSource,
}
_BY_KIND: Final[Mapping[tuple[Kind, str], type[IntEnum]]] = {
    (Kind.EXCEPTION, "act"): ExceptionAct,
    (Kind.DECISION, "act"): Act,
    (Kind.ERASURE, "reason"): ErasureReason,
    (Kind.RELEASE, "reason"): ReleaseReason,
    (Kind.RELEASE, "verdict"): ReleaseVerdict,
}
_TIMES: Final = frozenset({"time", "since", "until"})
_FACTS: Final = frozenset({"claimed", "missing"})


@dataclass(frozen=True, slots=True)
class Part:
    """Bytes [start, end) of the file, or of an entry where `section` names a kind; `example` is from the bundle."""

    section: str
    start: int
    end: int
    name: str
    says: str
    cannot: str
    example: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """`entries`: how many of each kind. `parts`: first the file's, in order, then each kind's."""

    size: int
    entries: Mapping[str, int]
    parts: tuple[Part, ...]

    def to_json(self) -> dict[str, Any]:
        """The document of `brightline evidence explain --json`."""
        names = Part.__slots__
        parts = [{name: getattr(part, name) for name in names} for part in self.parts]
        return {"bytes": self.size, "entries": dict(self.entries), "parts": parts}

    def text(self) -> str:
        """The same for people: each section, then each kind of entry with its first one as the example."""
        lines = [
            f"{self.size} bytes; entries: {', '.join(f'{n} {kind}' for kind, n in self.entries.items()) or 'none'}"
        ]
        section = ""
        for part in self.parts:
            if part.section != section:
                section = part.section
                lines += ["", f"{section}"]
            lines.append(f"  bytes {part.start} to {part.end - 1}: {part.name} = {part.example}")
            lines += [f"      says: {part.says}", f"      cannot say: {part.cannot}"]
        return "\n".join(lines) + "\n"


def explain(bundle: bytes | Source, agreement: bytes) -> Explanation:
    """Every byte of the bundle in words. `agreement`: the bytes of its file, for the names of clauses and models.

    It says what a bundle tells its reader, not whether it is true: that is `verify`.
    Raises RecordError or AgreementError where bundle or agreement cannot be read, or do not belong together.
    """
    # 1. the bundle and the words to tell it in
    opened = open_bundle(InMemory(bundle) if isinstance(bundle, bytes) else bundle)
    agreed = read_agreed(agreement, None)
    check_named(agreed, opened.about.agreement)
    Checkpoint.parse(note.parse(opened.checkpoint, "checkpoint").text)
    # 2. how many entries of each kind there are, and the first of each
    counts: dict[Kind, int] = {}
    firsts: dict[Kind, bytes] = {}
    for chunk in opened.entries():
        kinds, where, found = np.unique(np.frombuffer(chunk, ENTRY)["kind"], return_index=True, return_counts=True)
        for code, at, count in zip(kinds.tolist(), where.tolist(), found.tolist(), strict=True):
            if code not in frozenset(Kind):
                cure = "read it with a newer Brightline, or treat the bundle as altered"
                raise RecordError(f"an entry of kind {code}, which is not known", place="entries", cure=cure)
            counts[Kind(code)] = counts.get(Kind(code), 0) + count
            firsts.setdefault(Kind(code), chunk[at * ENTRY_BYTES : (at + 1) * ENTRY_BYTES])
    # 3. the parts of the file, then of each kind
    parts = list(_file(opened))
    size = parts[-1].end
    for kind in sorted(firsts):
        parts += _entry(kind, firsts[kind], agreed)
    return Explanation(size, {k.name.lower(): counts[k] for k in sorted(counts)}, tuple(parts))


def _file(opened: Bundle) -> Iterator[Part]:
    """The parts of the file in order; where the note has more lines than it needs, they are signatures."""
    about, checkpoint, count = opened.about.to_bytes(), opened.checkpoint, opened.about.count
    pieces: list[tuple[str, str, bytes]] = [("magic", "magic", MAGIC)]
    pieces += [("about", "line", b"about %d\n" % len(about)), ("about", "about", about)]
    pieces.append(("checkpoint", "line", b"checkpoint %d\n" % len(checkpoint)))
    lines = checkpoint.splitlines(keepends=True)
    names = ("origin", "size", "root", "blank")
    pieces += [("checkpoint", names[i] if i < 4 else "signature", line) for i, line in enumerate(lines)]
    told = [(section, name, len(data), _printable(data.decode())) for section, name, data in pieces]
    shown = [piece for o in opened.openings for piece in _opening(o)]
    told.append(("openings", "line", *_line("openings", sum(size for _, size, _ in shown))))
    told += [("openings", *piece) for piece in shown]
    told.append(("entries", "line", *_line("entries", count * ENTRY_BYTES)))
    at = 0
    for section, name, size, example in told:
        yield Part(section, at, at + size, name, *FILE[name], example)
        at += size
    yield Part("entries", at, at + count * ENTRY_BYTES, "entries", *FILE["entries"], f"{count} entries")


def _opening(opened: Opened) -> Iterator[tuple[str, int, str]]:
    """(name, bytes, example) of the parts of one entry's opening, in order. A statement that is not known is named."""
    yield "opening", 10, f"entry {opened.entry}, {len(opened.fields)} fields"
    for field in opened.fields:
        if isinstance(field, bytes):
            yield "closed", 1 + len(field), field.hex()
            continue
        known = "" if field.name in KNOWN else ", WHICH THIS PROGRAM DOES NOT KNOW"
        yield "opened", 1 + len(field.salt) + 2 + len(field.name) + 4, f"{field.name}{known}"
        if field.value:
            yield "statement", len(field.value), _printable(field.value.decode(errors="replace"))


def _line(name: str, size: int) -> tuple[int, str]:
    line = f"{name} {size}"
    return len(line) + 1, line


def _printable(text: str) -> str:
    """A name on a signature line, or a statement, may hold what disturbs a terminal."""
    return "".join(c if c.isprintable() else "·" for c in text.rstrip("\n"))


def _entry(kind: Kind, data: bytes, agreed: Agreed) -> Iterator[Part]:
    """The parts of one entry of this kind. Raises RecordError where its fields are not lawful."""
    section, show = f"entry: {kind.name.lower()}", _shower(kind, agreed)
    head, body = unpack(data), unpack_body(kind, data[_BODY_AT:])
    for name, start, end in _fields(ENTRY, 0):
        if name != "body":
            yield Part(section, start, end, name, *HEAD[name], show(name, getattr(head, name)))
    for name, start, end in _fields(DTYPES[kind], _BODY_AT):
        value = data[start:end] if name == "spare" else getattr(body, name)
        yield Part(section, start, end, name, *BODY[kind][name], show(name, value))


def _fields(dtype: np.dtype[np.void], at: int) -> Iterator[tuple[str, int, int]]:
    """(name, start, end) of the fields that have bytes, from offset `at`."""
    for name, (field, offset, *_) in (dtype.fields or {}).items():
        if field.itemsize:
            yield name, at + offset, at + offset + field.itemsize


def _shower(kind: Kind, agreed: Agreed) -> Callable[[str, Any], str]:
    """Gives the value of a field in words."""
    words = pinned_vocabulary(agreed.agreement)
    facts = tuple(words.facts) if words else ()
    models = {m.digest: m.name for m in agreed.agreement.models if m.digest}

    def show(name: str, value: Any) -> str:
        if isinstance(value, bytes):
            return _digest(name, value, agreed, models)
        if name in _TIMES:
            return iso(value) if 0 < value <= LAST_SECOND else str(value)
        if words_of := _BY_KIND.get((kind, name)) or _WORDS.get(name):
            return words_of(value).name.lower()
        if name == "activity":
            return agreed.activity(value)
        if name == "flags":
            return _list((f.name or "").lower() for f in Flag if value & f)
        if name == "clauses":
            return _list(agreed.clause(rank) for rank in clause_ranks(value))
        if name in _FACTS:
            return _list(facts[r] if r < len(facts) else f"rank {r}" for r in clause_ranks(value))
        if (name == "approvals" and kind is Kind.DECISION) or name == "duties":
            return _list(f"rank {r}" for r in clause_ranks(value))
        return str(value)

    return show


def _digest(name: str, value: bytes, agreed: Agreed, models: Mapping[str, str]) -> str:
    if not any(value):
        return "zeros"
    if name == "terms" and value == agreed.terms:
        return f"{value.hex()}, the agreed terms"
    known = models.get(f"sha256:{value.hex()}")
    return f"{value.hex()}, {known}" if name == "model" and known else value.hex()


def _list(names: Iterator[str]) -> str:
    return ", ".join(names) or "none"
