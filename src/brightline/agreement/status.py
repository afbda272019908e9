"""Whether an agreement is in force.

Law: it is in force iff the keys of both its parties signed the same payload (DESIGN section 3; BRIEF). Nothing else
starts or ends it: not a draft that one party signed, not a signature added by a stranger, not a date that passed.
What a reader must know beside is a note, which may lower an assurance grade and never stops service.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import pairwise

from brightline.agreement.difference import Difference, difference
from brightline.agreement.message import agreement_in
from brightline.agreement.payload import Agreement, Keys, sha256
from brightline.agreement.reading import fail
from brightline.agreement.table import Role
from brightline.errors import InputError
from brightline.keys import Envelope, VerifyKey


class Code(StrEnum):
    NOT_BEGUN = "agreement.not_begun"
    EXPIRED = "agreement.expired"
    INTERIM = "agreement.interim"
    KEYS_UNKNOWN = "agreement.keys_unknown"
    OTHER_KEYS = "agreement.other_keys"
    ONE_SIDED = "agreement.one_sided"
    NO_SIGNATORY = "agreement.no_signatory"


@dataclass(frozen=True, slots=True)
class Note:
    code: Code
    text: str


@dataclass(frozen=True, slots=True)
class Signed:
    """One signature: whose, with which key, over which digest. `good` iff it is that party's over that payload."""

    party: Role | None
    key: str
    over: str
    good: bool
    text: str


@dataclass(frozen=True, slots=True)
class Status:
    """`agreement` is the one in force, or the last one given where none is; `text` says it in one sentence."""

    in_force: bool
    agreement: Agreement
    digest: str
    signatures: tuple[Signed, ...]
    notes: tuple[Note, ...]
    differences: tuple[Difference, ...]
    text: str


@dataclass(frozen=True, slots=True)
class _Paper:
    """One payload with every signature given over it, from however many files."""

    agreement: Agreement
    digest: str
    envelope: Envelope

    def signed_by(self, role: Role, known: Keys | None = None) -> bool:
        return self.envelope.signed_by((known or self.agreement.keys).of(role))

    @property
    def complete(self) -> bool:
        return all(self.signed_by(role) for role in Role)


def in_force(files: Sequence[Envelope], *, keys: Keys | None = None, today: date | None = None) -> Status:
    """The status of the agreement in these files: agreements, or messages that carry one, in any number.

    keys: the parties' keys as known from elsewhere; without them the keys that the agreement names are believed, and
    a note says so. today: for the dates alone, which are notes.
    Raises AgreementError where a file is none, or two agreements stand and neither supersedes the other.
    """
    papers = _papers(files)
    complete = [p for p in papers if p.complete and (keys is None or p.agreement.keys == keys)]
    standing = _standing(complete, today)
    chosen = standing or papers[-1]
    notes = _key_notes(chosen, keys)
    if standing:
        notes += _date_notes(chosen, today)
        notes += [_one_sided(p) for p in papers if not p.complete and p.envelope.signatures]
    differences = [] if standing else [difference(a.agreement, b.agreement) for a, b in pairwise(papers)]
    return Status(
        in_force=standing is not None,
        agreement=chosen.agreement,
        digest=chosen.digest,
        signatures=tuple(s for p in papers for s in _signatures(p)),
        notes=tuple(notes),
        differences=tuple(differences),
        text=_sentence(standing, papers, keys, today),
    )


def _papers(files: Sequence[Envelope]) -> list[_Paper]:
    if not files:
        fail("agreement", "no file is given", "give the agreement's file")
    papers: dict[bytes, _Paper] = {}
    for n, file in enumerate(files):
        envelope = agreement_in(file, f"file {n + 1}" if len(files) > 1 else "")
        before = papers.pop(envelope.payload, None)
        if before:
            signatures = dict.fromkeys((*before.envelope.signatures, *envelope.signatures))
            envelope = Envelope(envelope.payload_type, envelope.payload, tuple(signatures))
        papers[envelope.payload] = _Paper(Agreement.of(envelope), sha256(envelope.payload), envelope)
    return list(papers.values())


def _standing(complete: Sequence[_Paper], today: date | None) -> _Paper | None:
    """The one that no other replaces. A successor that has not begun leaves its predecessor standing."""
    begun = [p for p in complete if today is None or p.agreement.begins <= today] or list(complete)
    replaced = {old.digest for new in begun for old in begun if _supersedes(new, old)}
    left = [p for p in begun if p.digest not in replaced]
    if len(left) > 1:
        fail(
            "agreement",
            f"{left[0].digest} and {left[1].digest} are both signed by both, and neither supersedes the other",
            "give one of them, or sign a successor that names the other in `supersedes`, with the old keys too",
        )
    return left[0] if left else None


def _supersedes(new: _Paper, old: _Paper) -> bool:
    # With the old keys' signatures too: else anyone could invent two parties and "supersede" a real agreement.
    named = new.agreement.supersedes == old.digest
    return named and all(new.envelope.signed_by(old.agreement.keys.of(role)) for role in Role)


def _signatures(paper: _Paper) -> list[Signed]:
    out = []
    for signature in paper.envelope.signatures:
        one = Envelope(paper.envelope.payload_type, paper.envelope.payload, (signature,))
        role = next((r for r in Role if one.signed_by(paper.agreement.keys.of(r))), None)
        if role:
            out.append(Signed(role, str(paper.agreement.keys.of(role)), paper.digest, True, f"good: the {role}'s"))
            continue
        named = next((r for r in Role if str(paper.agreement.keys.of(r)) == signature.keyid), None)
        text = f"bad: it names the {named}'s key and does not fit these bytes: they were changed after it was signed"
        if named is None:
            text = "void: this key is not a party's"
        out.append(Signed(named, _hint(signature.keyid), paper.digest, False, text))
    return out


def _hint(keyid: str) -> str:
    # Nothing vouches for this text, which may hold what disturbs a terminal.
    try:
        return str(VerifyKey.parse(keyid))
    except InputError:
        return "unreadable"


def _key_notes(paper: _Paper, known: Keys | None) -> list[Note]:
    if known is None:
        return [Note(Code.KEYS_UNKNOWN, "The keys are those that the agreement names: compare them with each party.")]
    other = [role for role in Role if paper.agreement.keys.of(role) != known.of(role)]
    return [
        Note(Code.OTHER_KEYS, f"The {role}'s key is not the one that you know: {known.of(role)}.") for role in other
    ]


def _date_notes(paper: _Paper, today: date | None) -> list[Note]:
    agreement, notes = paper.agreement, []
    if today is not None and today < agreement.begins:
        notes.append(Note(Code.NOT_BEGUN, f"It takes effect on {agreement.begins}; today is {today}."))
    if today is not None and agreement.until is not None and agreement.until < today:
        text = f"Its term ended on {agreement.until} without a successor: it stays in force, with a lower grade."
        notes.append(Note(Code.EXPIRED, text))
    if agreement.interim:
        notes.append(Note(Code.INTERIM, "An interim agreement: it holds what is undisputed."))
    unnamed = [role for role in Role if not agreement.parties.of(role).signatories]
    return notes + [Note(Code.NO_SIGNATORY, f"No signatory is named for the {role}.") for role in unnamed]


def _one_sided(paper: _Paper) -> Note:
    signers = [f"the {role}" for role in Role if paper.signed_by(role)] or ["no party"]
    return Note(Code.ONE_SIDED, f"The draft {paper.digest}, signed by {signers[0]} only, changes nothing.")


def _sentence(standing: _Paper | None, papers: Sequence[_Paper], known: Keys | None, today: date | None) -> str:
    if standing:
        begins = standing.agreement.begins
        when = f" from {begins}" if today is not None and today < begins else ""
        return f"In force{when}: both parties signed the same agreement."
    latest = {role: next((p.digest for p in reversed(papers) if p.signed_by(role, known)), None) for role in Role}
    vendor, customer = latest[Role.VENDOR], latest[Role.CUSTOMER]
    if vendor and customer and vendor != customer:
        return f"Not in force: the parties signed different agreements, the vendor {vendor}, the customer {customer}."
    missing = [f"the {role}" for role in Role if not papers[-1].signed_by(role, known)]
    return f"Not in force: no good signature of {' and '.join(missing)}."
