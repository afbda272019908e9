"""A concern to the inspector: sealed to the inspectors' keys, so that no administrator of the desk can read it."""

from __future__ import annotations

from typing import Any

from brightline.approvals.event import Raised
from brightline.approvals.reading import Fault, refuse
from brightline.approvals.roster import Roster, verify_key
from brightline.canonical import dump, parse
from brightline.errors import ApprovalError
from brightline.keys import SigningKey, read_letter, write_letter

MAX_CONCERN = 100_000
"""Bytes of a concern, as canonical JSON."""


def raise_concern(roster: Roster, text: str, now: int, *, who: str = "", hold: str = "") -> Raised:
    """The concern as an event: one letter to each person who is inspector. `who` may be empty: nobody must say.

    Raises ApprovalError where there is no inspector to read it, or nothing is said.
    """
    readers = roster.holders(roster.inspector_role)
    if not readers:
        cure = f"let the customer put somebody who is {roster.inspector_role} on the roster"
        refuse(Fault.UNKNOWN_SIGNER, "nobody is there to read it", cure, "roster")
    plain = dump({"who": who, "hold": hold, "text": text, "time": now})
    if not text.strip() or len(plain) > MAX_CONCERN:
        refuse(Fault.MALFORMED, f"a concern of {len(text)} characters", f"say it in at most {MAX_CONCERN} bytes")
    subject = _subject(roster.desk)
    return Raised(at=now, letters={p.name: write_letter(verify_key(p), plain, subject) for p in readers})


def read_concern(raised: Raised, desk: str, person: str, key: SigningKey) -> dict[str, Any]:
    """`who`, `hold`, `text`, `time`. Raises KeyFileError where the key is not the reader's."""
    letter = raised.letters.get(person)
    if letter is None:
        refuse(Fault.WRONG_PERSON, f"no letter is to {person}", f"readers: {', '.join(raised.letters)}")
    said: dict[str, Any] = parse(read_letter(key, letter, _subject(desk)), error=ApprovalError)
    return said


def _subject(desk: str) -> str:
    return f"brightline/concern/v1 {desk}"
