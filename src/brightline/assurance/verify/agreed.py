"""Step 2: the agreement, signed by both, and the words it gives to ranks and findings.

Clauses are numbered by their place among the sorted ids in the agreement's own `terms.cedar`, activities by their
place in the vocabulary whose digests both signed; nothing of that is taken from the bundle.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from brightline.agreement import Agreement, Code, Keys, Note, Trigger, in_force, read_envelope
from brightline.agreement.rotation import Rotation, read_rotation, rotated
from brightline.errors import RecordError
from brightline.record.checkpoint import Checkpoint
from brightline.vocabulary import SHIPPED, Vocabulary, module, shipped

DEFAULT_DENY: Final = "default-deny"
_TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|//[^\n]*|;|[^"/;]+|/')
_ID = re.compile(r'@\s*id\s*\(\s*"([A-Za-z0-9][A-Za-z0-9._:-]{0,63})"\s*\)')


@dataclass(frozen=True, slots=True)
class Agreed:
    """An agreement in force. `clauses`, `activities`: names by rank, None where they cannot be told from here.

    Clause ranks begin at 0, activity ranks at 1. `rotations`: of keys of its logs; `agreement.logs` are then those that
    count now, and its digest is `digest` alone.
    """

    agreement: Agreement
    digest: str
    terms: bytes
    clauses: tuple[str, ...] | None
    activities: tuple[str, ...] | None
    notes: tuple[Note, ...]
    rotations: tuple[Rotation, ...] = ()

    def passed(self, origin: str) -> list[Checkpoint]:
        """Where the keys of this log changed: checkpoints that its entries must pass through."""
        return [Checkpoint(r.origin, r.size, bytes.fromhex(r.root)) for r in self.rotations if r.origin == origin]

    def clause(self, rank: int) -> str:
        return self.clauses[rank] if self.clauses and rank < len(self.clauses) else f"clause of rank {rank}"

    def activity(self, rank: int) -> str:
        if rank == 0:
            return "none"
        known = self.activities
        return known[rank - 1] if known and rank <= len(known) else f"activity of rank {rank}"

    def follows(self, code: str) -> str:
        """What the agreement says follows from a finding or grade, in one sentence or two."""
        row = self.agreement.consequence(code)
        cure = f" To be cured within {row.cure_days} days." if row.cure_days else ""
        dispute = f" If it is not: {row.dispute}" if row.cure_days and row.dispute else ""
        return f"{_TRIGGERS[row.trigger]} {row.text}{cure}{dispute}"


_TRIGGERS: Mapping[Trigger, str] = {
    Trigger.NOTE: "A note in the report.",
    Trigger.NOTICE: "Written notice.",
    Trigger.EXPLAIN: "The customer explains in writing.",
    Trigger.AUDIT: "One more random audit.",
    Trigger.CONFER: "The signatories meet.",
    Trigger.DISPUTE: "The dispute step begins.",
}


def read_agreed(file: bytes, keys: Keys | None, rotations: Sequence[bytes] = ()) -> Agreed:
    """The agreement in `file`, if it is in force.

    keys: the parties' keys as known from elsewhere; None believes those that the agreement names, which a note says.
    rotations: statements that changed a log's key, oldest first; `agreement.logs` then has the keys that count now.
    Raises AgreementError or RecordError.
    """
    # 1. signed by both
    status = in_force([read_envelope(file, "agreement")], keys=keys)
    if not status.in_force:
        said = " ".join([status.text, *(n.text for n in status.notes if n.code is Code.OTHER_KEYS)])
        raise RecordError(said, place="agreement", cure="give the agreement as both signed it")
    # 2. its words
    agreement = status.agreement
    terms = bytes.fromhex(agreement.terms.digest.removeprefix("sha256:"))
    clauses = clause_ids(agreement.terms.files.get("terms.cedar", ""))
    words = pinned_vocabulary(agreement)
    activities = None if words is None else tuple(words.activities)
    # 3. its logs' keys, as they are by now
    read = tuple(read_rotation(r, agreement.parties.customer.key, f"rotation {i + 1}") for i, r in enumerate(rotations))
    agreement = replace(agreement, logs=rotated(agreement, status.digest, read)) if read else agreement
    return Agreed(agreement, status.digest, terms, clauses, activities, status.notes, read)


def check_named(agreed: Agreed, named: str) -> None:
    """Raises RecordError unless the bundle names this agreement."""
    if agreed.digest != named:
        cure = "give the agreement that it names, or ask for the bundle of this one"
        raise RecordError(f"the bundle is about {named}, this agreement is {agreed.digest}", place="about", cure=cure)


def clause_ids(cedar: str) -> tuple[str, ...] | None:
    """The sorted ids of the policies in a Cedar text, by its words alone; None where that leaves a doubt.

    Law: where it is not None, these are the ids by rank of `brightline.terms.read_terms` (tests compare them). It
    splits at each `;` outside of strings and comments; a policy without @id is called `policyN` by its place.
    """
    ids: list[str] = []
    words, last = "", 0
    for token in _TOKEN.finditer(cedar):
        if token.start() != last:
            return None  # a string that never closes
        last = token.end()
        if token[0] != ";":
            words += " " if token[0].startswith("//") else token[0]
            continue
        found = _ID.findall(_OTHERS.sub('@other("")', words))
        if len(found) > 1 or (not found and re.search(r"@\s*id\b", words)):
            return None  # two ids, or one that is spelt in another way
        ids.append(found[0] if found else f"policy{len(ids)}")
        words = ""
    if last != len(cedar) or words.strip() or len(set(ids)) != len(ids) or not ids:
        return None
    return tuple(sorted(ids))


# Annotations other than @id hold prose, and prose may speak of ids.
_OTHERS = re.compile(r'@\s*(?!id\b)\w+\s*\(\s*"(?:\\.|[^"\\])*"\s*\)')


def pinned_vocabulary(agreement: Agreement) -> Vocabulary | None:
    """The vocabulary that both signed, where this program holds every module of it with the same digest."""
    pinned = agreement.vocabulary
    if any(name not in SHIPPED or module(name).digest != digest for name, digest in pinned.items()):
        return None
    return shipped(*sorted(pinned, key=SHIPPED.index))
