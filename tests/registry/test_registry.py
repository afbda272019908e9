"""What stands in a folder of signed files, and every file that must not."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brightline.agreement.reading import plain
from brightline.canonical import dump
from brightline.errors import RegistryError
from brightline.keys import Envelope
from brightline.registry import (
    REGISTRY_TYPE,
    Actor,
    Kind,
    Nature,
    Owners,
    Purpose,
    Refused,
    Version,
    read_registry,
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


def refusals(folder: Folder) -> list[Refused]:
    return list(folder.read().refused)


def test_all_that_is_signed_stands() -> None:
    registry = full().read()
    assert registry.refused == ()
    assert registry.name == "army/g2"
    assert {k: registry.items(k) for k in ITEMS} == ITEMS
    assert registry.items(Kind.OWNERS) == {"army/g2": OWNERS}
    assert registry.heads[Kind.TOOLS]["search"].owner.name == "operator"


def test_what_is_read_says_the_same_when_it_is_signed_again() -> None:
    folder = full()
    for data in folder.files.values():
        version = Version.from_bytes(data)
        assert Version.of(version.statement).digest == version.digest
        assert folder.files[version.file_name] == data


def test_history_is_a_chain_of_versions_and_removal_is_one_of_them() -> None:
    folder = full()
    first = folder.read().heads[Kind.DATASETS]["personnel"].version
    folder.sign(Kind.DATASETS, "personnel", WORSE)
    folder.sign(Kind.DATASETS, "personnel", None)
    removed = folder.read()
    assert removed.item(Kind.DATASETS, "personnel") is None
    assert removed.why_not(Kind.DATASETS, "personnel") == "it was removed"
    again = folder.sign(Kind.DATASETS, "personnel", HR)
    head = folder.read().heads[Kind.DATASETS]["personnel"]
    assert (head.version.digest, head.version.statement.version) == (again.digest, 4)
    assert [v.item for v in head.before] == [HR, WORSE, None]
    assert head.before[0].digest == first.digest
    assert folder.read().refused == ()


def test_the_digest_is_of_what_stands() -> None:
    folder = full()
    before = folder.read().digest
    assert full().read().digest == before
    folder.put(folder.next(Kind.DATASETS, "personnel", WORSE), STRANGER)
    assert folder.read().digest == before  # a forged file changes nothing
    folder.sign(Kind.DATASETS, "personnel", WORSE)
    assert folder.read().digest != before


def without_owners(folder: Folder) -> None:
    for name in [n for n in folder.files if n.startswith("owners/")]:
        del folder.files[name]


def test_without_owners_nothing_stands() -> None:
    folder = full()
    without_owners(folder)
    with pytest.raises(RegistryError, match="no list of owners"):
        folder.read()
    with pytest.raises(RegistryError, match="not signed by the customer"):
        read_registry(full().files, STRANGER.public)


# ---- forged, foreign, replayed --------------------------------------------------------------------------------


def forged(folder: Folder) -> None:
    folder.put(folder.next(Kind.DATASETS, "personnel", WORSE), STRANGER)


def unsigned(folder: Folder) -> None:
    version = Version.of(folder.next(Kind.DATASETS, "personnel", WORSE))
    folder.files["datasets/x.json"] = version.envelope.to_bytes()


def wrong_owner(folder: Folder) -> None:
    folder.put(folder.next(Kind.DATASETS, "personnel", WORSE), OPERATOR)


def claimed_keyid(folder: Folder) -> None:
    """The steward's key id beside a stranger's signature."""
    envelope = Version.of(folder.next(Kind.DATASETS, "personnel", WORSE)).envelope.signed(STRANGER)
    folder.files["x"] = envelope.to_bytes().replace(str(STRANGER.public).encode(), str(STEWARD.public).encode())


def swapped_kind(folder: Folder) -> None:
    """The operator makes a purpose of what they may sign, as a tool is."""
    tool = folder.read().heads[Kind.TOOLS]["search"].version
    payload = tool.envelope.payload.replace(b'"kind":"tools"', b'"kind":"purposes"')
    folder.files["purposes/x.json"] = Envelope(tool.envelope.payload_type, payload).signed(OPERATOR).to_bytes()


def swapped_payload(folder: Folder) -> None:
    tool = folder.read().heads[Kind.TOOLS]["search"].version.envelope
    payload = tool.payload.replace(b'"actuation":"read"', b'"actuation":"none"')
    folder.files["x"] = replace(tool, payload=payload).to_bytes()


def other_type(folder: Folder) -> None:
    version = Version.of(folder.next(Kind.DATASETS, "personnel", WORSE))
    envelope = Envelope("application/vnd.brightline.agreement+json", version.envelope.payload).signed(STEWARD)
    folder.files["x"] = envelope.to_bytes()


def other_registry(folder: Folder) -> None:
    """Signed by the same owner, for the same customer's test network."""
    elsewhere = Folder()
    elsewhere.put(statement(Kind.OWNERS, "army/test", OWNERS, NOW, None, None))
    folder.files["x"] = next(
        data
        for _ in [elsewhere.sign(Kind.DATASETS, "personnel", WORSE)]
        for name, data in elsewhere.files.items()
        if name.startswith("datasets/")
    )


def missing_link(folder: Folder) -> None:
    middle = folder.copy().sign(Kind.DATASETS, "personnel", WORSE)
    folder.put(folder.next(Kind.DATASETS, "personnel", WORSE, version=3, supersedes=middle.digest))


def jumped_number(folder: Folder) -> None:
    folder.put(folder.next(Kind.DATASETS, "personnel", WORSE, version=9))


def anothers_chain(folder: Folder) -> None:
    head = folder.read().heads[Kind.DATASETS]["found"].version
    folder.put(folder.next(Kind.DATASETS, "personnel", WORSE, supersedes=head.digest))


def huge(folder: Folder) -> None:
    folder.files["x"] = b'{"payload": "' + b"A" * (1 << 20)


def torn(folder: Folder) -> None:
    folder.files["x"] = next(iter(folder.files.values()))[:-20]


def not_canonical(folder: Folder) -> None:
    envelope = Version.of(folder.next(Kind.DATASETS, "personnel", WORSE)).envelope
    payload = json.dumps(json.loads(envelope.payload), indent=1).encode()
    folder.files["x"] = Envelope(envelope.payload_type, payload).signed(STEWARD).to_bytes()


def hidden_letters(folder: Folder) -> None:
    s = statement(Kind.TOOLS, "s\u0435arch", ITEMS[Kind.TOOLS]["search"], NOW, folder.read().roots.digest, None)
    folder.files["x"] = Envelope(REGISTRY_TYPE, dump(plain(s))).signed(OPERATOR).to_bytes()


HOSTILE = {
    forged: "signed by no owner",
    unsigned: "signed by no owner",
    wrong_owner: "operator may not sign datasets",
    claimed_keyid: "signed by no owner",
    swapped_kind: "no such field|missing",
    swapped_payload: "signed by no owner",
    other_type: "no statement",
    other_registry: "no list of owners of this registry",
    missing_link: "the version before it is missing",
    jumped_number: "the version before it is missing",
    anothers_chain: "the version before it is missing",
    huge: "bytes",
    torn: "line 1",
    not_canonical: "not canonical",
    hidden_letters: "is not a name of letters",
}


@pytest.mark.parametrize(("attack", "said"), HOSTILE.items(), ids=lambda a: getattr(a, "__name__", ""))
def test_a_hostile_file_changes_nothing_but_the_refusals(attack: object, said: str) -> None:
    folder = full()
    before = folder.read()
    attack(folder)
    after = folder.read()
    assert after.digest == before.digest
    assert {k: after.items(k) for k in Kind} == {k: before.items(k) for k in Kind}
    (refused,) = after.refused
    assert re.search(said, refused.text)
    assert refused.cure
    assert refused.place


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_flipped_byte_of_a_file_changes_what_stands(data: st.DataObject) -> None:
    folder = full()
    name = data.draw(st.sampled_from(sorted(n for n in folder.files if not n.startswith("owners/"))))
    content = bytearray(folder.files[name])
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    folder.files[name] = bytes(content)
    after = folder.read()
    for kind, items in ITEMS.items():
        assert all(items[n] == item for n, item in after.items(kind).items())


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
