"""Step 9: epochs leave out nothing, and what is opened of them is what they committed to."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest

from brightline.agreement import Disclosure
from brightline.assurance.export import export
from brightline.assurance.verify import Result, verify
from brightline.assurance.verify.statements import MAX_STATEMENT
from brightline.canonical import dump
from brightline.errors import RecordError
from brightline.record.body import EpochBody
from brightline.record.entry import ENTRY_BYTES, OutcomeCode
from brightline.record.log import Disclosure as Buckets
from brightline.record.log import Draft
from brightline.record.log import Log as RecordLog
from brightline.record.opening import open_fields
from tests.assurance.records import METERS, NOON, ORIGIN, TERMS, Evidence, decision, failed, founding, good, opened
from tests.assurance.records import outcome as ended

KEY = bytes(32)
VALUE = {
    "type": "brightline/meters/v1", "sites": 2, "scopes": 3, "soft": 100, "hard": 500, "at_soft": 2, "at_hard": 1,
    "highest": 500, "exact": True,
}  # fmt: skip


def two_epochs(**wrong: Any) -> Evidence:
    """Two epochs of some calls each; `wrong` replaces fields of the second's body."""
    log, data = RecordLog(ORIGIN, Buckets()), b""
    batch = log.batch(NOON)
    for epoch in (1, 2):
        for _ in range(200):
            batch.add(ended(batch.add(decision(OutcomeCode.PERMIT), KEY), tokens=(100, 50)), KEY)
        since = NOON + 600 * (epoch - 1)
        body = EpochBody(epoch, 0 if epoch == 1 else log.size, since, NOON + 600 * epoch, 9, 8, 1, 1)
        if epoch == 2:
            body = body._replace(**wrong)
        log.commit(batch, batch.data())
        data += batch.data()
        batch = log.batch(NOON + 600 * epoch)
        batch.add(Draft(body, terms=TERMS, fields=(("meters", dump(VALUE)),)), KEY)
        log.commit(batch, batch.data())
        data += batch.data()
        batch = log.batch(NOON + 600 * epoch)
    return Evidence(data, founding())


def step_9(result: Result) -> str:
    assert failed(result) == [9], result.steps
    assert result.totals["epochs"] == []
    assert result.totals["entries"]
    return result.steps[8].text


def test_epochs_and_their_totals() -> None:
    evidence = two_epochs()
    result = evidence.verified()
    assert result.verified, result.steps
    first, second = result.totals["epochs"]
    entries = len(evidence.entries) // ENTRY_BYTES
    assert (first["first"], second["first"], second["last"]) == (0, first["last"] + 1, entries - 1)
    for epoch in (first, second):
        assert (epoch["decisions"], epoch["outcomes"]) == (200, 200)
        assert (epoch["input_tokens"], epoch["output_tokens"]) == (200 * 128, 200 * 64)
        assert (epoch["engine_input_tokens"], epoch["claimed"], epoch["clock"]) == (9, "C1", "synchronised")
        assert epoch["statements"] == {}
    assert first["to"] == second["from"] == "2026-12-01T12:10:00Z"


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"number": 3}, "it ends epoch 3, where 1 ended before"),
        ({"number": 1}, "it ends epoch 1, where 1 ended before"),
        ({"first": 0}, "does not begin where the last one ended"),
        ({"first": 500}, "does not begin where the last one ended"),
        ({"since": NOON}, "do not follow the last one's"),
        ({"until": NOON + 540}, "do not follow the last one's"),
        ({"until": NOON + 6000}, "do not follow the last one's"),
    ],
)
def test_an_epoch_that_leaves_out_or_overlaps(wrong: dict[str, int], text: str) -> None:
    assert text in step_9(two_epochs(**wrong).verified())


def test_an_opened_statement_is_shown() -> None:
    result = good().verified()
    assert result.verified
    assert result.totals["epochs"][0]["statements"]["meters"]["highest"] == 700
    assert result.findings == ()


def test_every_flipped_byte_of_the_openings_is_refused() -> None:
    bundle, file, met = good().bundle, good().file, set()
    data, draw = opened("meters").to_bytes(), random.Random(9)
    start = bundle.index(data)
    for at in range(len(data)):
        forged = bytearray(bundle)
        forged[start + at] ^= 1 << draw.randrange(8)
        result = verify(bytes(forged), file, good().keys)
        assert not result.verified, at
        met |= set(failed(result))
    assert met == {1, 9}


def test_only_epochs_may_be_opened() -> None:
    whole = replace(opened("meters"), entry=3)
    text = step_9(replace(good(), openings=whole.to_bytes()).verified())
    assert text == "entry 3: it is opened in the bundle, and only entries of epochs may be"


def test_an_entry_past_the_end_is_refused_at_step_1() -> None:
    late = replace(opened("meters"), entry=len(good().entries) // ENTRY_BYTES)
    assert failed(replace(good(), openings=late.to_bytes()).verified()) == [1]


def test_a_statement_of_another_name_is_proven_and_not_read() -> None:
    result = replace(good(), openings=opened("meters", "notes").to_bytes()).verified()
    assert result.verified
    assert [f.code for f in result.findings] == ["statement.unknown", "disclosure.more"]
    assert result.findings[0].text.endswith("not read: notes.")
    assert "notes" not in result.totals["epochs"][0]["statements"]


def stated(value: bytes) -> Result:
    log = RecordLog(ORIGIN, Buckets())
    batch = log.batch(NOON)
    fields = (("meters", value),)
    index = batch.add(Draft(EpochBody(1, 0, NOON, NOON), terms=TERMS, fields=fields), KEY)
    made = open_fields(index, KEY, fields, ("meters",))
    assert made is not None
    return Evidence(batch.data(), founding(), openings=made.to_bytes()).verified()


@pytest.mark.parametrize(
    "wrong",
    [
        {"sites": 0}, {"soft": 0}, {"soft": 501}, {"at_soft": 4}, {"at_hard": 3}, {"highest": 501}, {"at_hard": 0},
        {"highest": 499}, {"exact": 1}, {"sites": True}, {"scopes": -1}, {"hard": "500"},
        {"type": "brightline/meters/v2"}, {"names": []},
    ],
)  # fmt: skip
def test_a_statement_of_another_form_is_refused(wrong: dict[str, object]) -> None:
    assert "the statement meters" in step_9(stated(dump({**VALUE, **wrong})))


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff",
        METERS + b"\n",
        METERS.replace(b":0,", b":0.0,"),
        b"[" * 5000,
        b'"' * (MAX_STATEMENT + 1),
    ],
)
def test_a_statement_that_is_no_canonical_object_is_refused(value: bytes) -> None:
    step_9(stated(value))


def test_a_limit_that_the_sum_of_two_sites_reached_is_found() -> None:
    """E07: the merge inside the customer finds it, and the evidence tells the vendor without a name or hash."""
    result = stated(dump({**VALUE, "exact": False}))
    assert result.verified
    found = {f.code: f.text for f in result.findings}
    assert "1 of 3 counts over 2 sites" in found["limit.exceeded"]
    assert "lower bounds" in found["meters.bounded"]


class TestExport:
    def test_what_is_opened_stands_in_the_bundle(self) -> None:
        pieces = export(good().file, good().note, [good().entries], [opened("meters")])
        assert b"".join(pieces) == good().bundle

    @pytest.mark.parametrize("names", [("notes",), ("meters", "notes")])
    def test_what_no_officer_could_read_does_not_leave(self, names: tuple[str, ...]) -> None:
        with pytest.raises(RecordError, match="notes would be shown"):
            list(export(good().file, good().note, [good().entries], [opened(*names)]))

    def test_what_was_not_agreed_does_not_leave(self) -> None:
        evidence = Evidence(good().entries, founding(disclosure=Disclosure(statements=())))
        with pytest.raises(RecordError, match="meters would be shown"):
            list(export(evidence.file, evidence.note, [evidence.entries], [opened("meters")]))
        shown = replace(evidence, openings=opened("meters").to_bytes()).verified()
        assert [f.code for f in shown.findings] == ["disclosure.more"]
