"""Forks, owners that change, duties kept apart, and names that look alike."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from brightline.errors import RegistryError
from brightline.registry import (
    Actor,
    Kind,
    Nature,
    Owners,
    Purpose,
    Version,
    statement,
)
from tests.registry.made import (
    CUSTOMER,
    ITEMS,
    LEGAL,
    NOW,
    OFFICIAL,
    OPERATOR,
    OWNERS,
    PERSONNEL,
    STEWARD,
    STRANGER,
    Folder,
    begun,
    full,
    key,
    owner,
)

HR = ITEMS[Kind.DATASETS]["personnel"]
WORSE = replace(HR, protected_persons="none")


# ---- two heads, owners that change ----------------------------------------------------------------------------


def test_two_heads_of_one_chain_are_none_and_the_files_are_named() -> None:
    folder = full()
    one, two = folder.next(Kind.DATASETS, "personnel", WORSE), folder.next(Kind.DATASETS, "personnel", None)
    folder.put(one)
    right = folder.copy()
    wrong = folder.put(two).file_name
    registry = folder.read()
    assert registry.item(Kind.DATASETS, "personnel") is None
    assert {r.text for r in registry.refused} == {"two versions at once"}
    assert all(wrong in r.cure for r in registry.refused)
    with pytest.raises(RegistryError, match="two versions at once"):
        registry.next(Kind.DATASETS, "personnel", HR, NOW)
    del folder.files[wrong]
    assert folder.read().digest == right.read().digest


def test_two_firsts_of_one_name_are_none() -> None:
    folder = full()
    folder.put(statement(Kind.DATASETS, "personnel", WORSE, NOW, folder.read().roots.digest, None))
    assert folder.read().item(Kind.DATASETS, "personnel") is None


def test_a_newer_date_does_not_make_a_newer_version() -> None:
    folder = full()
    folder.put(folder.next(Kind.DATASETS, "personnel", WORSE, time=NOW - timedelta(days=900)))
    later = folder.read()
    assert later.item(Kind.DATASETS, "personnel") == WORSE


def with_owners(folder: Folder, owners: Owners) -> None:
    folder.sign(Kind.OWNERS, "army/g2", owners)


NEW_STEWARD = key("steward-2", 12)


def test_an_owner_who_is_no_longer_named_signs_nothing_more_and_their_items_must_be_signed_anew() -> None:
    folder = full()
    with_owners(folder, Owners(owners=(owner(NEW_STEWARD, Kind.DATASETS), *OWNERS.owners[1:])))
    registry = folder.read()
    assert registry.items(Kind.DATASETS) == {}
    assert {r.text for r in registry.refused if r.kind is Kind.DATASETS} == {"its owner may no longer sign this kind"}


def test_a_new_owner_takes_over() -> None:
    folder = full()
    with_owners(folder, Owners(owners=(owner(NEW_STEWARD, Kind.DATASETS), *OWNERS.owners[1:])))
    roots = folder.read().roots.digest
    first = next(v for d in folder.files.values() if (v := Version.from_bytes(d)).key == (Kind.DATASETS, "personnel"))
    folder.sign(Kind.DATASETS, "personnel", HR, NEW_STEWARD)
    assert folder.read().item(Kind.DATASETS, "personnel") == HR
    # the old owner tries to fork what was, and to go on from what is
    for before in (first, folder.read().heads[Kind.DATASETS]["personnel"].version):
        for owners in (first.statement.owners, roots):
            attacked = folder.copy()
            attacked.put(statement(Kind.DATASETS, "personnel", WORSE, NOW, owners, before), STEWARD)
            assert attacked.read().item(Kind.DATASETS, "personnel") == HR
            assert len(attacked.read().refused) == len(folder.read().refused) + 1


def test_nobody_takes_an_item_from_an_owner_who_is_still_there() -> None:
    folder = begun(Owners(owners=(*OWNERS.owners, owner(NEW_STEWARD, Kind.DATASETS))))
    folder.sign(Kind.DATASETS, "personnel", HR)
    folder.put(folder.next(Kind.DATASETS, "personnel", WORSE), NEW_STEWARD)
    registry = folder.read()
    assert registry.item(Kind.DATASETS, "personnel") == HR
    assert [r.text for r in registry.refused] == ["it is steward's, and steward-2 signed"]


def test_nobody_goes_back_to_a_list_on_which_the_owner_was_not_there_yet() -> None:
    folder = begun(Owners(owners=(owner(NEW_STEWARD, Kind.DATASETS),)))
    early = folder.read().roots.digest
    with_owners(folder, Owners(owners=(*OWNERS.owners, owner(NEW_STEWARD, Kind.DATASETS))))
    folder.sign(Kind.DATASETS, "personnel", HR)
    folder.put(folder.next(Kind.DATASETS, "personnel", WORSE, owners=early), NEW_STEWARD)
    assert folder.read().item(Kind.DATASETS, "personnel") == HR


def test_two_lists_of_owners_at_once_stop_everything() -> None:
    folder = full()
    one = folder.next(Kind.OWNERS, "army/g2", OWNERS)
    two = folder.next(Kind.OWNERS, "army/g2", Owners(owners=()))
    folder.put(one)
    folder.put(two)
    with pytest.raises(RegistryError, match="two lists of owners at once"):
        folder.read()


def test_a_registry_keeps_its_name() -> None:
    """Else one history could be taken for another network's."""
    folder = full()
    folder.put(replace(folder.next(Kind.OWNERS, "", Owners(owners=())), name="army/live"))
    registry = folder.read()
    assert registry.name == "army/g2"
    assert registry.items(Kind.TOOLS) == ITEMS[Kind.TOOLS]
    assert [r.text for r in registry.refused] == ["the version before it is missing"]


# ---- separation of duties -------------------------------------------------------------------------------------

ONE_HAND = {
    "approvers and tools": (Kind.ACTORS, Kind.TOOLS),
    "approvers and purposes": (Kind.PURPOSES, Kind.ACTORS),
    "law and purposes": (Kind.AUTHORITIES, Kind.PURPOSES),
    "law and data": (Kind.AUTHORITIES, Kind.DATASETS),
    "the owners": (Kind.OWNERS,),
    "nothing": (),
}


@pytest.mark.parametrize("kinds", ONE_HAND.values(), ids=ONE_HAND)
def test_two_duties_in_one_hand_are_refused(kinds: tuple[Kind, ...]) -> None:
    with pytest.raises(RegistryError):
        begun(Owners(owners=(owner(STRANGER, *kinds),)))


def test_one_key_under_two_names_is_two_duties_in_one_hand() -> None:
    with pytest.raises(RegistryError, match="one key"):
        begun(Owners(owners=(owner(key("a", 3), Kind.ACTORS), owner(key("b", 3), Kind.TOOLS))))


def test_the_customers_key_signs_the_owners_and_nothing_else() -> None:
    with pytest.raises(RegistryError, match="the customer's key"):
        begun(Owners(owners=(owner(key("me", 1), Kind.ACTORS),))).read()


@pytest.mark.parametrize("signing", [OPERATOR, STEWARD, PERSONNEL])
def test_who_operates_does_not_approve(signing: object) -> None:
    folder = full()
    actor = Actor(nature=Nature.PERSON, component="army", roles=("official",), key=key("x", 0).public)
    folder.sign(Kind.ACTORS, "second", replace(actor, key=signing.public))
    assert folder.read().item(Kind.ACTORS, "second") is None
    folder.sign(Kind.ACTORS, "third", replace(actor, key=LEGAL.public))
    assert folder.read().item(Kind.ACTORS, "third") is not None


def test_two_approvers_with_one_key_are_one_and_so_none() -> None:
    folder = full()
    again = Actor(nature=Nature.PERSON, component="army", roles=("inspector",), key=OFFICIAL.public)
    folder.sign(Kind.ACTORS, "g2/second", again)
    registry = folder.read()
    assert registry.item(Kind.ACTORS, "g2/official") is None
    assert registry.item(Kind.ACTORS, "g2/second") is None


# ---- look-alikes ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "name", "like"),
    [
        (Kind.DATASETS, "personne1", "personnel"),
        (Kind.TOOLS, "Send_order", "send_order"),
        (Kind.TOOLS, "send-order", "send_order"),
        (Kind.ACTORS, "g2/officia1", "g2/official"),
    ],
)
def test_names_that_look_alike_stand_neither_until_one_is_gone(kind: Kind, name: str, like: str) -> None:
    folder = full()
    lure = folder.sign(kind, name, next(iter(ITEMS[kind].values())))
    registry = folder.read()
    assert registry.item(kind, like) is None
    assert registry.item(kind, name) is None
    assert f"it looks like {like}" in {r.text for r in registry.refused}
    folder.put(statement(kind, name, None, NOW, registry.roots.digest, lure))
    assert folder.read().item(kind, like) == ITEMS[kind][like]


def test_a_purpose_by_two_owners_hands_reads_the_same() -> None:
    """A second signature beside the owner's, such as a co-signer's, does no harm."""
    folder = begun()
    purpose = Purpose(activity="gen.office", text="x", may_use=("a",))
    folder.put(folder.next(Kind.PURPOSES, "p", purpose), STRANGER, STEWARD)
    assert folder.read().item(Kind.PURPOSES, "p") == purpose
    assert CUSTOMER.public not in {o.key for o in OWNERS.owners}
