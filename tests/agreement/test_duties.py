"""Separation of duties that an agreement itself can see: refused where it is signed, and where it is loaded."""

from __future__ import annotations

from dataclasses import replace

import pytest

from brightline.agreement import Agreement, Audit, Auditor
from brightline.agreement.reading import plain
from brightline.canonical import dump
from brightline.errors import AgreementError
from brightline.keys import SigningKey
from tests.agreement.founding import AUDITOR, CUSTOMER, GATEWAY, VENDOR, WORD, agreement

WHOSE = {"the vendor's": VENDOR, "the customer's": CUSTOMER, "that of the log": GATEWAY, "the auditor IG's": AUDITOR}


@pytest.mark.parametrize(("whose", "key"), WHOSE.items(), ids=WHOSE)
def test_an_auditors_key_is_nobody_elses(whose: str, key: SigningKey) -> None:
    """Under whatever name: the bytes of the key are compared."""
    auditors = (Auditor(name="IG", key=AUDITOR.public), Auditor(name="second", key=replace(key.public, name="second")))
    made = agreement(audit=Audit(commitment=WORD, auditors=auditors))
    with pytest.raises(AgreementError, match=whose):
        made.to_bytes()  # as whoever signs
    with pytest.raises(AgreementError, match="nobody audits themselves"):
        Agreement.from_bytes(dump(plain(made)))  # as whoever loads it


def test_auditors_with_keys_of_their_own_stand() -> None:
    assert Agreement.from_bytes(agreement().to_bytes()) == agreement()
