"""The transition table: whole, and the Dataspace Protocol's."""

from __future__ import annotations

from itertools import product

import pytest

from brightline.agreement import TABLE, Kind, Role, State, moves, step
from brightline.agreement.table import DRAFTS, SIGNS
from brightline.errors import AgreementError

C, P = Role.CUSTOMER, Role.VENDOR

# The arrows of the protocol's own figure (Dataspace Protocol 2025-1, contract.negotiation.state.machine.puml), less
# VERIFIED --> TERMINATED: P. Written out again by hand, so that a slip in the table shows.
ARROWS = {
    ("START", "REQUESTED", "C"),
    ("START", "OFFERED", "P"),
    ("REQUESTED", "OFFERED", "P"),
    ("REQUESTED", "AGREED", "P"),
    ("REQUESTED", "TERMINATED", "C"),
    ("REQUESTED", "TERMINATED", "P"),
    ("OFFERED", "REQUESTED", "C"),
    ("OFFERED", "ACCEPTED", "C"),
    ("OFFERED", "TERMINATED", "C"),
    ("OFFERED", "TERMINATED", "P"),
    ("ACCEPTED", "AGREED", "P"),
    ("ACCEPTED", "TERMINATED", "P"),
    ("AGREED", "VERIFIED", "C"),
    ("AGREED", "TERMINATED", "C"),
    ("VERIFIED", "FINALIZED", "P"),
}


def test_the_arrows_are_the_protocols() -> None:
    ours = {(str(s), str(after), "P" if r is P else "C") for (s, r, _), after in TABLE.items()}
    assert ours == ARROWS
    assert len(TABLE) == len(ARROWS)


def test_each_message_leads_to_the_state_of_its_name() -> None:
    leads = {
        Kind.REQUEST: State.REQUESTED,
        Kind.OFFER: State.OFFERED,
        Kind.ACCEPTED: State.ACCEPTED,
        Kind.AGREEMENT: State.AGREED,
        Kind.VERIFICATION: State.VERIFIED,
        Kind.FINALIZED: State.FINALIZED,
        Kind.TERMINATION: State.TERMINATED,
    }
    assert all(after is leads[kind] for (_, _, kind), after in TABLE.items())
    assert {kind for _, _, kind in TABLE} == set(Kind)


@pytest.mark.parametrize(("state", "role", "kind"), list(product(State, Role, Kind)))
def test_every_message_is_a_transition_or_a_refusal_with_a_reason(state: State, role: Role, kind: Kind) -> None:
    if (state, role, kind) in TABLE:
        assert step(state, role, kind) is TABLE[state, role, kind]
        assert kind in moves(state, role)
        return
    assert kind not in moves(state, role)
    with pytest.raises(AgreementError) as e:
        step(state, role, kind, "message 3")
    assert e.value.place == "message 3"
    assert len(e.value.text) > 20
    assert e.value.cure


def test_the_reason_fits() -> None:
    with pytest.raises(
        AgreementError, match=r"the customer never sends ContractOfferMessage — it comes from the vendor"
    ):
        step(State.START, C, Kind.OFFER)
    with pytest.raises(AgreementError, match=r"not the customer's turn .* in state REQUESTED — the vendor may send"):
        step(State.REQUESTED, C, Kind.ACCEPTED)
    with pytest.raises(AgreementError, match=r"was terminated — begin a new one"):
        step(State.TERMINATED, P, Kind.OFFER)
    with pytest.raises(AgreementError, match=r"finalized — to amend, .*`supersedes`"):
        step(State.FINALIZED, P, Kind.OFFER)


@pytest.mark.parametrize("state", [State.VERIFIED, State.FINALIZED])
@pytest.mark.parametrize("role", list(Role))
def test_no_party_can_end_what_both_signed(state: State, role: Role) -> None:
    with pytest.raises(AgreementError, match="no message of one party ends what both signed"):
        step(state, role, Kind.TERMINATION)


def test_a_draft_comes_only_where_nobody_signed() -> None:
    signed = {after for (_, _, kind), after in TABLE.items() if kind in SIGNS} | {State.FINALIZED}
    assert not [s for s, _, kind in TABLE if kind in DRAFTS and s in signed]


def test_every_state_is_reached_and_every_state_but_the_last_two_goes_on() -> None:
    assert {State.START, *TABLE.values()} == set(State)
    assert {s for s, _, _ in TABLE} == set(State) - {State.FINALIZED, State.TERMINATED}
