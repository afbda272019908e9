"""What a person says at the desk, signed: DSSE over canonical JSON, payload type `STATEMENT_TYPE`.

Every statement names the desk that it is for. What is said of a hold names the hold by digest, which covers a random
nonce, so nothing can be said of an act before it is held, and nothing said of one hold serves for another; it names
the act too, so that the signer's own screen and the desk speak of the same thing.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal, TypeAlias

from msgspec import Meta

from brightline.approvals.reading import Digest, Millis, Name, Reason, Struct, Words, digest_of, payload, read_envelope
from brightline.keys import Envelope, SigningKey

STATEMENT_TYPE: Final = "application/vnd.brightline.desk+json"
MAX_SCOPE = 64
"""Activities, components, facts or values of one exception's scope."""


class _Statement(Struct, frozen=True, kw_only=True, tag_field="say"):
    """`person`: the signer's name on the roster. `time`: when it was signed, by the signer's clock."""

    type: Literal["brightline/desk/v1"] = "brightline/desk/v1"
    desk: Name
    person: Name
    time: Millis


class _OfHold(_Statement, frozen=True, kw_only=True):
    hold: Digest
    act: Digest


class _OfRole(_OfHold, frozen=True, kw_only=True):
    role: Name


class Grant(_OfRole, frozen=True, kw_only=True, tag="grant"):
    """The act may happen once, before `until`."""

    until: Millis
    reason: Words = ""


class Refuse(_OfRole, frozen=True, kw_only=True, tag="refuse"):
    """The act may not happen; what was granted is void."""

    reason: Reason


class Overturn(_OfRole, frozen=True, kw_only=True, tag="overturn"):
    """An appeal is right: a refused act is on the desk again, a denied one was denied wrongly."""

    reason: Reason


class Uphold(_OfRole, frozen=True, kw_only=True, tag="uphold"):
    """An appeal is not right."""

    reason: Reason


class Look(_OfRole, frozen=True, kw_only=True, tag="look"):
    """The signer reads the content of the act."""


class Appeal(_OfHold, frozen=True, kw_only=True, tag="appeal"):
    """By the person who asked."""

    reason: Reason


class Withdraw(_OfHold, frozen=True, kw_only=True, tag="withdraw"):
    """By the person who asked: it need not happen any more."""


Names: TypeAlias = Annotated[tuple[Name, ...], Meta(max_length=MAX_SCOPE)]
Scoped: TypeAlias = Annotated[dict[Name, Names], Meta(max_length=MAX_SCOPE)]


class Except(_Statement, frozen=True, kw_only=True, tag="exception"):
    """A certificate, in force at once and until `until`, for the uses in its scope.

    `activities`: activities or groups; `components`: with what lies in them; `facts`: fact → the values it may have.
    An empty one leaves that side open. `cites`: what the certificate rests on (senior-review number, test evidence,
    system, theatre), by name.
    """

    role: Name
    certificate: Name
    until: Millis
    reason: Reason
    activities: Names
    components: Names
    facts: Scoped
    cites: Annotated[dict[Name, Name], Meta(max_length=MAX_SCOPE)]


class Revoke(_Statement, frozen=True, kw_only=True, tag="revocation"):
    """`exception`: the digest of what is revoked."""

    role: Name
    exception: Digest
    reason: Reason


class BreakGlass(_Statement, frozen=True, kw_only=True, tag="break-glass-start"):
    """Every use is decided, and served without durable record or meter, until `until`."""

    role: Name
    until: Millis
    reason: Reason


class Mend(_Statement, frozen=True, kw_only=True, tag="break-glass-end"):
    """`started`: the digest of the statement that began it."""

    role: Name
    started: Digest
    reason: Reason


Statement: TypeAlias = (
    Grant | Refuse | Overturn | Uphold | Look | Appeal | Withdraw | Except | Revoke | BreakGlass | Mend
)
OfHold: TypeAlias = Grant | Refuse | Overturn | Uphold | Look | Appeal | Withdraw


def sign(statement: Statement, key: SigningKey) -> Envelope:
    """The statement as a file. Raises ApprovalError where it could not be read."""
    envelope = Envelope(STATEMENT_TYPE, payload(statement))
    read_statement(envelope, "statement")
    return envelope.signed(key)


def read_statement(envelope: Envelope, place: str = "") -> Statement:
    """What an envelope says. Raises ApprovalError; whose it is, the desk verifies."""
    statement: Statement = read_envelope(envelope, STATEMENT_TYPE, Statement, place)
    return statement


def identity(envelope: Envelope) -> str:
    """Of the payload, so that nobody makes a second grant by changing how a signature is written."""
    return digest_of(envelope.payload)
