"""A negotiation: the ordered list of signed messages, and the state that follows from it alone.

Laws. `receive` accepts a message only if its sender's known key signed it, it follows the latest message by digest
and number, the table has its arrow, and it carries the agreement on the table with exactly the signatures due.
`send` makes only messages that `receive` accepts. A draft bears no signature over the agreement, so one that was
answered by a counter-offer can never be put in force by its receiver. Both have signed the same payload from
ContractAgreementMessage on, or from ContractAgreementVerificationMessage where the customer's own request was agreed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final, Self
from uuid import UUID

from brightline.agreement.message import Message
from brightline.agreement.payload import Agreement, Keys
from brightline.agreement.reading import fail
from brightline.agreement.table import DRAFTS, SIGNS, Kind, Role, State, step
from brightline.keys import Envelope, SigningKey

MAX_MESSAGES: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Negotiation:
    """`keys` are those known from elsewhere, or else those that the first draft names; then `keys_known` is false."""

    id: str
    keys: Keys | None = None
    keys_known: bool = False
    state: State = State.START
    messages: tuple[Message, ...] = ()
    envelopes: tuple[Envelope, ...] = ()
    digests: tuple[str, ...] = ()
    signers: frozenset[Role] = frozenset()

    @classmethod
    def begin(cls, randomness: bytes, keys: Keys | None = None) -> Self:
        """An empty negotiation with an id of its own, from 16 random bytes."""
        uuid = UUID(bytes=randomness, version=4)
        return cls(id=uuid.urn, keys=keys, keys_known=keys is not None)

    @classmethod
    def replay(cls, messages: Iterable[Envelope], keys: Keys | None = None) -> Self:
        """The negotiation after these messages, in this order. Raises AgreementError naming the message at fault."""
        envelopes = list(messages)
        if not envelopes:
            fail("messages", "none is given", "give the files in their order, the first offer or request first")
        first = Message.of(envelopes[0], "message 0")
        negotiation = cls(id=first.negotiation, keys=keys, keys_known=keys is not None)
        for n, envelope in enumerate(envelopes):
            negotiation = negotiation.receive(envelope, f"message {n}")
        return negotiation

    @property
    def agreement(self) -> Agreement | None:
        """The draft on the table, or the agreement."""
        return next((m.agreement for m in reversed(self.messages) if m.agreement is not None), None)

    @property
    def drafts(self) -> tuple[Agreement, ...]:
        """Every draft that was on the table, oldest first."""
        return tuple(m.agreement for m in self.messages if m.message in DRAFTS and m.agreement is not None)

    @property
    def both_signed(self) -> bool:
        return self.signers == frozenset(Role)

    @property
    def signed_agreement(self) -> Envelope | None:
        """The agreement with the signatures that stand: a file for the gateway and the verifier."""
        carried = (m.signed_agreement() for m in reversed(self.messages) if m.agreement is not None)
        return next(carried, None)

    def send(
        self, kind: Kind, key: SigningKey, time: datetime, agreement: Agreement | None = None, reason: str | None = None
    ) -> tuple[Self, Envelope]:
        """The negotiation with one message more, and that message as a signed file.

        `agreement` is given with an offer or request and with nothing else. Raises AgreementError where the other
        side would refuse the message.
        """
        # 1 who sends: the key says it
        draft = agreement if kind in DRAFTS else self.agreement
        if (agreement is None) == (kind in DRAFTS) or draft is None:
            fail("agreement", f"{kind} does not fit what is on the table", "give a draft with an offer or request only")
        role = (self.keys or draft.keys).role_of(key.public)
        if role is None:
            fail("key", f"{key.public} is neither party's key", "sign with the key that the agreement names")
        # 2 the message, with the sender's signature over the agreement where its kind gives one
        signatures = () if kind in DRAFTS or not self.messages else self.messages[-1].signatures
        if kind in SIGNS and role not in self.signers:
            signatures = (*signatures, *draft.envelope().signed(key).signatures)
        message = Message(
            negotiation=self.id,
            sequence=len(self.messages),
            previous=self.digests[-1] if self.digests else None,
            sender=role,
            message=kind,
            time=time.astimezone(UTC).replace(microsecond=0),
            agreement=None if kind is Kind.TERMINATION else draft,
            signatures=() if kind is Kind.TERMINATION else signatures,
            reason=reason,
        )
        # 3 signed, and read as the other side will read it
        envelope = message.envelope().signed(key)
        return self.receive(envelope, "message"), envelope

    def receive(self, envelope: Envelope, place: str = "message") -> Self:
        """The negotiation after this message. Raises AgreementError that says why it cannot follow."""
        message = Message.of(envelope, place)
        # 1 authentic: before anything that it says is believed
        keys = self.keys or (message.agreement.keys if message.agreement else None)
        if keys is None:
            fail(place, "a negotiation begins with an offer or a request", "give the first message")
        if not envelope.signed_by(keys.of(message.sender)):
            fail(place, _forged(envelope, keys, message.sender), "use the file as it was sent, and the right keys")
        # 2 of this negotiation, new, and next
        self._check_order(message, place)
        # 3 the sender's turn
        state = step(self.state, message.sender, message.message, place)
        if message.message is Kind.TERMINATION and self.both_signed:
            fail(
                place,
                "both have signed, and no message of one party ends what both signed",
                "agree on a successor that names this agreement in `supersedes`",
            )
        # 4 the agreement on the table, with the signatures due
        self._check_draft(message, keys, place)
        signers = self._check_signatures(message, keys, place)
        return replace(
            self,
            keys=keys,
            state=state,
            messages=(*self.messages, message),
            envelopes=(*self.envelopes, envelope),
            digests=(*self.digests, message.digest),
            signers=signers,
        )

    def _check_order(self, message: Message, place: str) -> None:
        due = len(self.messages)
        if message.negotiation != self.id:
            fail(place, f"it belongs to negotiation {message.negotiation}, not {self.id}", "keep the two apart")
        if message.digest in self.digests:
            fail(place, f"replayed: it is message {message.sequence}, already received", "leave it out")
        if message.sequence < due:
            taken = self.messages[message.sequence]
            fail(
                place,
                f"stale: it is number {message.sequence}, where the {taken.sender}'s {taken.message} stands",
                f"answer the latest message, number {due - 1}",
            )
        if due >= MAX_MESSAGES:
            cure = "terminate this one, and begin another from the last offer"
            fail(place, f"the negotiation has its {MAX_MESSAGES} messages", cure)
        if message.sequence > due:
            fail(place, f"number {message.sequence} where {due} is due", "give every message, in order")
        if due and message.previous != self.digests[-1]:
            fail(
                place,
                f"stale: it does not answer message {due - 1} that stands here",
                "the two parties hold different messages: compare their digests",
            )

    def _check_draft(self, message: Message, keys: Keys, place: str) -> None:
        draft, table = message.agreement, self.agreement
        if draft is None:
            return
        if draft.keys != keys:
            fail(
                f"{place}: agreement.parties",
                "it names other keys than the parties'",
                "a new key needs a new negotiation",
            )
        same = table is not None and draft.digest == table.digest
        if message.message in DRAFTS and same:
            fail(f"{place}: agreement", "it is the draft on the table: a counter-offer changes something", "accept it")
        if message.message not in DRAFTS and not same:
            fail(
                f"{place}: agreement",
                f"it is {draft.digest}, not the draft on the table, {table.digest if table else 'none'}",
                "answer the latest draft",
            )

    def _check_signatures(self, message: Message, keys: Keys, place: str) -> frozenset[Role]:
        if message.message is Kind.TERMINATION:
            return self.signers
        due = self.signers  # empty wherever the table lets a draft come: nobody signed what can still be changed
        if message.message in SIGNS:
            due |= {message.sender}
        carried = message.signed_agreement()
        found = {role for role in Role if carried is not None and carried.signed_by(keys.of(role))}
        if found != due or len(message.signatures) != len(due):
            fail(
                f"{place}: signatures",
                f"the agreement is signed by {_names(found)}; due are {_names(due)} and nobody else",
                "a signature over other bytes is void: sign the draft on the table",
            )
        return due


def _forged(envelope: Envelope, keys: Keys, sender: Role) -> str:
    other = next((role for role in Role if role is not sender and envelope.signed_by(keys.of(role))), None)
    if other:
        return f"forged: it says it is the {sender}'s, but the {other} signed it"
    if str(keys.of(sender)) in [s.keyid for s in envelope.signatures]:
        return f"changed after it was signed, or forged: the {sender}'s signature does not fit its bytes"
    return f"forged: not signed by the {sender}'s key"


def _names(roles: Iterable[Role]) -> str:
    return " and ".join(sorted(roles)) or "nobody"
