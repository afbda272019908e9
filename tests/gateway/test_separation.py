"""Separation of duties: nobody on a desk's roster holds the key of a party, a log, an auditor or the officer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from brightline.approvals import Person, Roster, sign_roster
from brightline.errors import ApprovalError
from brightline.gateway.inbox import Inbox
from brightline.keys import SigningKey
from brightline.storage.desk import DeskFolder
from brightline.storage.order import check_duties
from tests.agreement import founding
from tests.agreement.founding import AUDITOR, GATEWAY, VENDOR, agreement
from tests.approvals.scene import CUSTOMER, PERSONS, roster
from tests.cli.desks import agreed
from tests.gateway.desks import CUSTOMER as DESK_CUSTOMER
from tests.gateway.desks import People
from tests.gateway.desks import roster as desk_roster
from tests.gateway.stage import MemoryRecorder

OFFICER = SigningKey.new("releases.example", bytes([61]) * 32)
WHOSE = {
    "the vendor's": VENDOR,
    "that of the log": GATEWAY,
    "the auditor IG's": AUDITOR,
    "the customer's own": founding.CUSTOMER,
    "the releasing officer's": OFFICER,
}


def with_key(made: Callable[..., Roster], key: SigningKey, **changes: Any) -> Roster:
    """A roster on which one more person has this key, under a name of its own: the bytes are compared."""
    person = Person(name="zeno", key=str(replace(key.public, name="zeno.example")), roles=("official",))
    return made(persons=(*made().persons, person), **changes)


@pytest.mark.parametrize(("whose", "key"), WHOSE.items(), ids=WHOSE)
def test_a_person_of_the_desk_has_a_key_of_their_own(whose: str, key: SigningKey) -> None:
    with pytest.raises(ApprovalError, match=rf"the key of 'zeno' is {whose}") as e:
        check_duties(with_key(roster, key), agreement(), OFFICER.public)
    assert (e.value.fault, e.value.place) == ("wrong_person", "roster")
    check_duties(roster(persons=PERSONS), agreement(), OFFICER.public)


def test_no_desk_is_made_without_it(tmp_path: Path) -> None:
    with pytest.raises(ApprovalError, match="the key of 'zeno' is the vendor's"):
        DeskFolder.make(tmp_path / "army", agreed(), sign_roster(with_key(roster, VENDOR), CUSTOMER))
    assert not (tmp_path / "army" / "roster-1.json").exists()


@pytest.mark.parametrize("key", [VENDOR, OFFICER], ids=["vendor", "officer"])
async def test_a_roster_that_comes_to_a_running_gateway_is_refused_too(key: SigningKey, tmp_path: Path) -> None:
    people, recorder = People(), MemoryRecorder()
    inbox = Inbox(people.live, agreement(), recorder, tmp_path, officer=OFFICER.public)
    newer = sign_roster(with_key(desk_roster, key, number=1), DESK_CUSTOMER)
    with pytest.raises(ApprovalError, match="the key of 'zeno' is"):
        await inbox.take(newer.to_bytes(), "roster-2.json")
    assert people.live.desk.roster.number == 0
    await inbox.take(sign_roster(desk_roster(number=1), DESK_CUSTOMER).to_bytes(), "roster-2.json")
    assert people.live.desk.roster.number == 1
