"""Changes of a registry as entries of the record: none is lost, and going back is seen."""

from __future__ import annotations

from dataclasses import replace

from brightline.canonical import parse
from brightline.record.body import ChangeBody, ChangeSubject, check
from brightline.record.entry import NO_DIGEST
from brightline.registry import Kind, Owners, change_of, changes_of
from tests.registry.made import ITEMS, OWNERS, Folder, full

HR = ITEMS[Kind.DATASETS]["personnel"]


def test_what_says_the_same_has_not_changed() -> None:
    assert changes_of(full().read(), full().read()) == ()


def test_at_the_first_start_all_that_stands_is_added() -> None:
    changes = changes_of(None, full().read())
    assert {c.kind: set(c.added) for c in changes} == {k: set(of) for k, of in ITEMS.items()} | {
        Kind.OWNERS: {"army/g2"}
    }
    assert not any(c.altered or c.removed or c.rolled_back for c in changes)


def changed(folder: Folder, before: Folder) -> dict[Kind, tuple[tuple[str, ...], ...]]:
    found = changes_of(before.read(), folder.read())
    return {c.kind: (c.added, c.altered, c.removed, c.rolled_back) for c in found}


def test_each_act_of_an_owner_is_one_change_of_its_kind() -> None:
    before, folder = full(), full()
    folder.sign(Kind.DATASETS, "new", HR)
    assert changed(folder, before) == {Kind.DATASETS: (("new",), (), (), ())}
    folder = full()
    folder.sign(Kind.DATASETS, "personnel", replace(HR, protected_persons="none"))
    assert changed(folder, before) == {Kind.DATASETS: ((), ("personnel",), (), ())}
    folder = full()
    folder.sign(Kind.TOOLS, "search", None)
    assert changed(folder, before) == {Kind.TOOLS: ((), (), ("search",), ())}
    folder = full()
    folder.sign(Kind.OWNERS, "", Owners(owners=OWNERS.owners[1:]))
    assert changed(folder, before)[Kind.OWNERS] == ((), ("army/g2",), (), ())


def test_a_newer_version_that_is_gone_is_a_rollback_and_not_a_change_like_any_other() -> None:
    before = full()
    newer = before.sign(Kind.DATASETS, "personnel", replace(HR, protected_persons="bulk"))
    folder = before.copy()
    del folder.files[newer.file_name]
    assert folder.read().refused == ()  # the folder alone cannot know
    assert changed(folder, before) == {Kind.DATASETS: ((), ("personnel",), (), ("personnel",))}
    without = full()
    for name in [n for n in without.files if n.startswith("prices/")]:
        del without.files[name]
    assert changed(without, full()) == {Kind.PRICES: ((), (), ("harbor",), ("harbor",))}


def test_the_entry_shows_nothing_of_what_is_the_customers_own() -> None:
    folder = full()
    folder.sign(Kind.DATASETS, "personnel", None)
    change = change_of(full().read(), folder.read(), Kind.DATASETS)
    assert change is not None
    draft = change.draft(b"t" * 32)
    assert draft.body == (ChangeSubject.DATASETS, NO_DIGEST, NO_DIGEST)
    assert draft.terms == b"t" * 32
    ((name, value),) = draft.fields
    assert name == "registered"
    assert parse(value) == change.to_json()
    check(draft.body)


def test_the_entry_shows_the_digest_of_what_both_hold() -> None:
    folder = full()
    folder.sign(Kind.MODELS, "harbor-k", None)
    change = change_of(full().read(), folder.read(), Kind.MODELS)
    assert change is not None
    body = change.draft(b"t" * 32).body
    assert isinstance(body, ChangeBody)
    assert body.subject == ChangeSubject.MODELS
    assert body.digest.hex() == change.digest.removeprefix("sha256:")
    assert body.previous.hex() == change.previous.removeprefix("sha256:")
    assert body.digest != body.previous
