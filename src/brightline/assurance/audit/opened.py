"""Opening what was drawn: each decision's own key and private fields, in a letter that only the auditor can read.

The key opens exactly one entry: its salts, and so its commitment, follow from it and from nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import msgspec

from brightline.agreement.payload import sha256
from brightline.assurance.audit.challenge import Drawn
from brightline.assurance.audit.statements import Letter, Opened, Unopened, Why
from brightline.errors import BrightlineError, RecordError
from brightline.keys import SigningKey, VerifyKey, read_letter, write_letter
from brightline.record.commitment import commit
from brightline.record.entry import Entry

MAX_LETTER = 64 << 20
"""Bytes of one decision's letter: its content and facts."""
Fields = tuple[tuple[str, bytes], ...]


class Private(NamedTuple):
    """A decision's private side as the auditor has it, shown to be what the entry commits to."""

    entry: Entry
    fields: Fields

    def get(self, name: str) -> bytes | None:
        return next((value for own, value in self.fields if own == name), None)


def open_drawn(
    drawn: Drawn, opened: Callable[[int], tuple[bytes, Fields] | None], refused: frozenset[int]
) -> tuple[Opened, dict[int, bytes]]:
    """The statement and the letters by entry. `opened`: an entry's key and fields, None where it was erased.

    `refused`: entries that the customer will not open, which the statement says and the report counts.
    Raises RecordError where one of these was not drawn.
    """
    if strange := sorted(refused - set(drawn.entries)):
        cure = "name entries that were drawn, or none"
        raise RecordError(f"entry {strange[0]} was not drawn", place="--refuse", cure=cure)
    letters: dict[int, bytes] = {}
    unopened: list[Unopened] = []
    for entry in drawn.entries:
        found = None if entry in refused else opened(entry)
        if found is None:
            unopened.append(Unopened(entry=entry, why=Why.REFUSED if entry in refused else Why.ERASED))
        else:
            letters[entry] = write_letter(drawn.auditor.key, msgspec.msgpack.encode(found), subject(drawn.id, entry))
    listed = tuple(Letter(entry=entry, digest=sha256(letter)) for entry, letter in letters.items())
    said = Opened(challenge=drawn.id, auditor=drawn.auditor.name, letters=listed, unopened=tuple(unopened))
    return said, letters


def check_opened(said: Opened, drawn: Drawn) -> Mapping[int, Why | Letter]:
    """What was said of each decision drawn. Raises RecordError unless it is said of exactly these, each once."""
    if said.challenge != drawn.id or said.auditor != drawn.auditor.name:
        raise RecordError("it answers another challenge", place="opened", cure="ask the customer for this one's")
    of: dict[int, Why | Letter] = {letter.entry: letter for letter in said.letters}
    of |= {u.entry: u.why for u in said.unopened}
    if sorted(of) != list(drawn.entries) or len(of) != len(said.letters) + len(said.unopened):
        cure = "count what is missing as refused, and ask the customer for exactly what was drawn"
        raise RecordError("it does not speak of exactly the decisions that were drawn", place="opened", cure=cure)
    return of


def read_private(entry: Entry, letter: Letter, sealed: bytes, challenge: str, key: SigningKey) -> Private:
    """A decision as it was opened to the auditor.

    Raises RecordError where the letter is another, does not open, or is not what the entry commits to: then the
    decision was not opened.
    """
    place = f"letter of entry {entry.sequence}"
    if sha256(sealed) != letter.digest:
        raise RecordError("it is not the file that the customer signed for", place=place, cure="ask for it again")
    try:
        own, fields = msgspec.msgpack.decode(
            read_letter(key, sealed, subject(challenge, entry.sequence)), type=tuple[bytes, Fields]
        )
        same = commit(own, fields) == entry.commitment
    except (BrightlineError, msgspec.MsgspecError, UnicodeError):
        raise RecordError("it does not open with this key", place=place, cure="count it as not opened") from None
    if not same:
        raise RecordError("it is not what the entry commits to", place=place, cure="count it as not opened")
    return Private(entry, fields)


def subject(challenge: str, entry: int) -> str:
    """What a letter is about: it opens for no other challenge and no other entry."""
    return f"brightline/audit/v1 {challenge} {entry}"


def auditors_key(drawn: Drawn, key: SigningKey) -> VerifyKey:
    """The auditor's own public key. Raises RecordError where `key` is not the accepted auditor's."""
    if key.public.public != drawn.auditor.key.public:
        cure = f"use the key of {drawn.auditor.name}, whom both parties accepted"
        raise RecordError("it is not the accepted auditor's key", place=key.name, cure=cure)
    return drawn.auditor.key
