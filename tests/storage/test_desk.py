"""A desk's folder: bounds, older rosters, and files in any order come to the same desk."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from brightline.approvals import Grant, sign_roster
from brightline.errors import ApprovalError
from brightline.storage.desk import DeskFolder
from tests.agreement.founding import GATEWAY
from tests.approvals.scene import CUSTOMER, act, roster, says
from tests.cli.desks import agreed, posted


@pytest.fixture
def opened(tmp_path: Path) -> DeskFolder:
    return DeskFolder.make(tmp_path / "army", agreed(), sign_roster(roster(), CUSTOMER))


def now() -> int:
    return int(time.time() * 1000)


def test_too_many_files_are_refused(opened: DeskFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("brightline.storage.desk.MAX_FILES", 1)
    posted(opened, act(b"1"), now())
    assert DeskFolder.open(opened.folder).void == []
    posted(opened, act(b"2"), now())
    with pytest.raises(ApprovalError, match="2 files, more than 1"):
        DeskFolder.open(opened.folder)


def test_what_is_too_large_to_be_read_is_not_posted(opened: DeskFolder) -> None:
    hold = posted(opened, act(b"1"), now())
    event = next(h.held for h in opened.desk.holds(now()) if h.id == hold)
    before = sorted(opened.folder.rglob("*"))
    with pytest.raises(ApprovalError, match="leave the letters out"):
        opened.post(event, GATEWAY, letters={"lee": bytes(1 << 20)})
    assert sorted(opened.folder.rglob("*")) == before


def test_a_newer_roster_takes_the_place_of_the_older(opened: DeskFolder) -> None:
    newer = sign_roster(roster(number=10, desk="army"), CUSTOMER)
    (opened.folder / "roster-10.json").write_bytes(newer.to_bytes())
    (opened.folder / "roster-9.json").write_bytes(sign_roster(roster(number=9), CUSTOMER).to_bytes())
    again = DeskFolder.open(opened.folder)
    assert again.desk.roster.number == 10
    assert again.void == []
    (opened.folder / "roster-999.json").write_bytes(sign_roster(roster(number=3), CUSTOMER).to_bytes())
    again = DeskFolder.open(opened.folder)
    assert again.desk.roster.number == 10
    assert [v.path.name for v in again.void] == ["roster-999.json"]


def test_the_names_of_files_decide_nothing(opened: DeskFolder) -> None:
    """A disc that renames files, or a clock of a signer that is a little slow, changes no state."""
    at = now() - 9000
    ids = [posted(opened, act(b"%d" % i), at + i) for i in range(3)]
    for hold in [h for h in opened.desk.holds(at) if h.id in ids[:2]]:
        path = opened.folder / "said" / f"{hold.id[7:15]}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(says(Grant, "lee", hold, at - 4000).to_bytes())  # signed, by its clock, before it was held
    states = {h.id: h.state for h in DeskFolder.open(opened.folder).desk.holds(now())}
    files = [p for kind in ("posted", "said") for p in (opened.folder / kind).iterdir()]
    random.Random(1).shuffle(files)
    for i, path in enumerate(files):
        path.rename(path.with_name(f"{i:02}.json"))
    again = DeskFolder.open(opened.folder)
    assert again.void == []
    assert {h.id: h.state for h in again.desk.holds(now())} == states
    assert sorted(states.values()) == ["granted", "granted", "waiting"]
