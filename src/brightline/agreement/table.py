"""The negotiation's states, messages and roles: one transition table, from which code, tests and docs are made.

Names are those of the Dataspace Protocol 2025-1 (Contract Negotiation Protocol, "State Machine"); its provider is
our vendor, its consumer our customer. One arrow of the protocol is missing on purpose, VERIFIED -> TERMINATED by
the provider: there both have signed, and what both signed no message of one party ends (DESIGN: no kill switch).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from brightline.errors import AgreementError


class Role(StrEnum):
    VENDOR = "vendor"  # the protocol's provider
    CUSTOMER = "customer"  # the protocol's consumer


class State(StrEnum):
    START = "START"  # before the first message; the protocol draws it as a dot
    REQUESTED = "REQUESTED"
    OFFERED = "OFFERED"
    ACCEPTED = "ACCEPTED"
    AGREED = "AGREED"
    VERIFIED = "VERIFIED"
    FINALIZED = "FINALIZED"
    TERMINATED = "TERMINATED"


class Kind(StrEnum):
    """A message type, with the event where the type has several (as the protocol's diagram writes it)."""

    REQUEST = "ContractRequestMessage"
    OFFER = "ContractOfferMessage"
    ACCEPTED = "ContractNegotiationEventMessage:ACCEPTED"
    AGREEMENT = "ContractAgreementMessage"
    VERIFICATION = "ContractAgreementVerificationMessage"
    FINALIZED = "ContractNegotiationEventMessage:FINALIZED"
    TERMINATION = "ContractNegotiationTerminationMessage"


_V, _C, _S, _K = Role.VENDOR, Role.CUSTOMER, State, Kind

TABLE: Final[Mapping[tuple[State, Role, Kind], State]] = MappingProxyType(
    {
        (_S.START, _C, _K.REQUEST): _S.REQUESTED,
        (_S.START, _V, _K.OFFER): _S.OFFERED,
        (_S.REQUESTED, _V, _K.OFFER): _S.OFFERED,
        (_S.REQUESTED, _V, _K.AGREEMENT): _S.AGREED,
        (_S.REQUESTED, _V, _K.TERMINATION): _S.TERMINATED,
        (_S.REQUESTED, _C, _K.TERMINATION): _S.TERMINATED,
        (_S.OFFERED, _C, _K.REQUEST): _S.REQUESTED,
        (_S.OFFERED, _C, _K.ACCEPTED): _S.ACCEPTED,
        (_S.OFFERED, _V, _K.TERMINATION): _S.TERMINATED,
        (_S.OFFERED, _C, _K.TERMINATION): _S.TERMINATED,
        (_S.ACCEPTED, _V, _K.AGREEMENT): _S.AGREED,
        (_S.ACCEPTED, _V, _K.TERMINATION): _S.TERMINATED,
        (_S.AGREED, _C, _K.VERIFICATION): _S.VERIFIED,
        (_S.AGREED, _C, _K.TERMINATION): _S.TERMINATED,
        (_S.VERIFIED, _V, _K.FINALIZED): _S.FINALIZED,
    }
)

DRAFTS: Final = frozenset({Kind.OFFER, Kind.REQUEST})
"""Messages that put a draft on the table and void every signature given before."""

SIGNS: Final = frozenset({Kind.ACCEPTED, Kind.AGREEMENT, Kind.VERIFICATION})
"""Messages whose sender signs the agreement itself; an offer is signed as a message only."""


def moves(state: State, role: Role) -> list[Kind]:
    """What `role` may send in `state`, in the table's order."""
    return [kind for (s, r, kind) in TABLE if (s, r) == (state, role)]


def step(state: State, role: Role, kind: Kind, place: str = "") -> State:
    """The state after `kind` from `role`. Raises AgreementError with the reason where the table has no such arrow."""
    after = TABLE.get((state, role, kind))
    if after is not None:
        return after
    if state is State.TERMINATED:
        text, cure = "the negotiation was terminated", "begin a new one with a new id"
    elif kind is Kind.TERMINATION and state in (State.VERIFIED, State.FINALIZED):
        text = "both have signed, and no message of one party ends what both signed"
        cure = "agree on a successor that names this agreement in `supersedes`"
    elif state is State.FINALIZED:
        text, cure = "the negotiation is finalized", "to amend, begin a new one whose draft names it in `supersedes`"
    elif not any(r is role and k is kind for (_, r, k) in TABLE):
        text, cure = f"the {role} never sends {kind}", f"it comes from the {_other(role)}"
    else:
        text, cure = f"not the {role}'s turn for {kind} in {_named(state)}", _turns(state)
    raise AgreementError(text, place=place, cure=cure)


def diagram() -> str:
    """The table as a Mermaid state diagram: C = customer (consumer), P = vendor (provider)."""
    lines = ["stateDiagram-v2"]
    for (state, role, kind), after in TABLE.items():
        start = "[*]" if state is State.START else str(state)
        lines.append(f"    {start} --> {after}: {'P' if role is Role.VENDOR else 'C'} {kind.replace(':', ' ')}")
    return "\n".join([*lines, "    FINALIZED --> [*]", "    TERMINATED --> [*]"])


def _other(role: Role) -> Role:
    return Role.CUSTOMER if role is Role.VENDOR else Role.VENDOR


def _named(state: State) -> str:
    return "a negotiation that has not begun" if state is State.START else f"state {state}"


def _turns(state: State) -> str:
    turns = [f"the {role} may send {' or '.join(kinds)}" for role in Role if (kinds := moves(state, role))]
    return "; ".join(turns)
