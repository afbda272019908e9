"""A concern reaches the inspector and nobody else."""

from __future__ import annotations

import pytest

from brightline.approvals import Fault, Raised, decode, encode, raise_concern, read_concern
from brightline.approvals.concern import MAX_CONCERN
from brightline.errors import ApprovalError, KeyFileError
from tests.approvals.scene import CUSTOMER, KEYS, NOON, PERSONS, roster

TEXT = "the second approver is the first one's aide"


def test_the_inspector_reads_it_and_no_administrator() -> None:
    raised = raise_concern(roster(), TEXT, NOON, who="army/ops-3")
    written = encode(raised)
    assert TEXT.encode() not in written
    assert b"ops-3" not in written
    (again,) = decode(written)
    assert isinstance(again, Raised)
    assert read_concern(again, "army", "iris", KEYS["iris"]) == {
        "who": "army/ops-3",
        "hold": "",
        "text": TEXT,
        "time": NOON,
    }
    for key in (KEYS["quinn"], CUSTOMER):
        with pytest.raises(KeyFileError, match="does not open"):
            read_concern(again, "army", "iris", key)
    with pytest.raises(KeyFileError, match="does not open"):
        read_concern(again, "navy", "iris", KEYS["iris"])
    with pytest.raises(ApprovalError, match="no letter is to quinn"):
        read_concern(again, "army", "quinn", KEYS["quinn"])


def test_without_an_inspector_nobody_is_fooled() -> None:
    without = roster(persons=tuple(p for p in PERSONS if p.name != "iris"))
    with pytest.raises(ApprovalError, match="nobody is there to read it"):
        raise_concern(without, TEXT, NOON)


@pytest.mark.parametrize("text", ["", "  \n", "x" * (MAX_CONCERN + 1)])
def test_it_says_something_and_not_too_much(text: str) -> None:
    with pytest.raises(ApprovalError) as refused:
        raise_concern(roster(), text, NOON)
    assert refused.value.fault == Fault.MALFORMED
