"""What stands in a folder of signed files, and every file that must not."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brightline.agreement.reading import plain
from brightline.canonical import dump
from brightline.errors import RegistryError
from brightline.keys import Envelope
from brightline.registry import (
    REGISTRY_TYPE,
    Kind,
    Version,
    read_registry,
    statement,
)
from tests.registry.made import (
    ITEMS,
    NOW,
    OPERATOR,
    OWNERS,
    STEWARD,
    STRANGER,
    Folder,
    full,
)

HR = ITEMS[Kind.DATASETS]["personnel"]
WORSE = replace(HR, protected_persons="none")


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
