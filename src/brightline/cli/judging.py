"""Judging what was opened: the terms decide again, or a person reads one decision at a time on a terminal."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

from brightline.agreement import Agreement
from brightline.assurance.audit import opened
from brightline.assurance.audit.challenge import Drawn
from brightline.assurance.audit.opened import Private
from brightline.assurance.audit.statements import Verdict
from brightline.assurance.verify.agreed import Agreed
from brightline.cli.printing import quote, say
from brightline.errors import RecordError
from brightline.keys import SigningKey
from brightline.record.entry import Entry, OutcomeCode
from brightline.storage.files import read_file

_ANSWERS = {"r": Verdict.RIGHT, "w": Verdict.WRONG, "u": Verdict.UNCLEAR}
_HIDDEN = ("meter", "budget", "desk")  # events of the gateway's own bookkeeping: nothing to judge by
_SHOWN = 4000  # characters of a field, on a terminal


def deciding_of(agreement: Agreement) -> Any:
    """What decides again: the agreed terms, as the gateway reads them."""
    from brightline.gateway.exchange import PERFORMABLE  # noqa: PLC0415 - loads the gateway
    from brightline.gateway.standing import agreed as standing  # noqa: PLC0415

    stands = standing(agreement)
    names: dict[bytes, list[str]] = {}
    for name, digest in stands.models.items():
        names.setdefault(digest, []).append(name)
    return stands.pack.terms, PERFORMABLE, names


def judged_one(
    letters: Path,
    drawn: Drawn,
    entry: Entry,
    said: Any,
    key: SigningKey,
    deciding: Any,
    which: str,
    agreed: Agreed,
) -> Verdict | None:
    """The verdict on one decision; None where there is none yet."""
    from brightline.assurance.audit.replay import replayed  # noqa: PLC0415 - loads the Cedar engine

    path = letters / f"{entry.sequence}.letter"
    try:
        sealed = read_file(path, opened.MAX_LETTER, error=RecordError)
        private = opened.read_private(entry, said[entry.sequence], sealed, drawn.id, key)
    except RecordError as e:
        if deciding is None:
            say(f"{which}: {e}: it was not opened, which counts as unclear")
        return Verdict.UNCLEAR
    if deciding is not None:
        terms, performable, names = deciding
        return replayed(private, terms, performable, names.get(entry.model, []))
    _show(private, which, agreed)
    return _ask()


def _show(private: Private, which: str, agreed: Agreed) -> None:
    entry = private.entry
    say("")
    say(
        f"{which}: entry {entry.sequence}, {agreed.activity(entry.activity)}: {OutcomeCode(entry.outcome).name.lower()}"
    )
    named = [agreed.clause(rank) for rank in range(entry.clauses.bit_length()) if entry.clauses >> rank & 1]
    say(f"  decided by {', '.join(named) or 'no clause (default-deny)'}")
    for name, value in private.fields:
        if name not in _HIDDEN:
            text = value.decode("utf-8", "backslashreplace")
            say(f"  {name}:" if len(text) > 60 else f"  {name}: {text}")
            if len(text) > 60:
                quote(re.sub(r"\s+", " ", text[:_SHOWN]))
                if len(text) > _SHOWN:
                    say(f"    │ … and {len(text) - _SHOWN} characters more")


def _ask() -> Verdict | None:
    """What the person says; None at the end, or where they stop."""
    say("  Do the facts say what this was, and is it decided rightly? r right · w wrong · u unclear · q stop here")
    while answer := sys.stdin.readline():
        word = answer.strip().lower()[:1]
        if word == "q":
            return None
        if word in _ANSWERS:
            return _ANSWERS[word]
        say("  write r, w, u or q")
    return None
