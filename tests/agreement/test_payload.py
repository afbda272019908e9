"""The payload: one sequence of bytes an agreement, and every field checked."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brightline.agreement import (
    USUAL_CONSEQUENCES,
    Agreement,
    Ceiling,
    Consequence,
    Disclosure,
    Log,
    Model,
    Parties,
    Prevails,
    Retention,
    Signatory,
    Terms,
    Trigger,
)
from brightline.canonical import dump
from brightline.errors import AgreementError
from brightline.keys import Envelope, SigningKey
from tests.agreement.founding import GATEWAY, VENDOR, WORD, agreement

WORDS = st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=40)
HASHES = st.binary(min_size=32, max_size=32).map(lambda b: "sha256:" + b.hex())
LINES = st.text(st.characters(categories=["L", "N", "P", "S"], include_characters=" \n\t"), max_size=200)
DAYS = st.dates(date(2020, 1, 1), date(2100, 1, 1))
MONEY = st.decimals(0, 10**12, allow_nan=False, places=2)


@st.composite
def agreements(draw: st.DrawFn) -> Agreement:
    first, last = sorted([draw(DAYS), draw(DAYS)])
    funded, ceiling = sorted([draw(MONEY), draw(MONEY)])
    consequence = st.builds(
        Consequence, trigger=st.sampled_from(Trigger), text=WORDS, cure_days=st.integers(0, 3650), dispute=WORDS
    )
    signatory = st.builds(Signatory, name=WORDS, title=WORDS, authority=WORDS)
    model = st.builds(Model, name=WORDS, digest=st.none() | HASHES, family=WORDS, variant=WORDS)
    named = {"unique_by": lambda item: item.name}
    base = agreement()
    vendor = replace(base.parties.vendor, signatories=tuple(draw(st.lists(signatory, max_size=3, **named))))
    return replace(
        base,
        title=draw(WORDS),
        contract=draw(st.none() | WORDS),
        parties=replace(base.parties, vendor=vendor),
        terms=Terms(digest=draw(HASHES), files={"t.cedar": draw(LINES), "terms.toml": draw(LINES)}),
        vocabulary={"core": draw(HASHES), "defence": draw(HASHES)},
        models=tuple(draw(st.lists(model, max_size=3, **named))),
        ceiling=draw(st.none() | st.just(Ceiling(currency="EUR", amount=ceiling, funded=funded))),
        begins=first,
        until=draw(st.none() | st.just(last)),
        supersedes=draw(st.none() | HASHES),
        interim=draw(st.booleans()),
        disclosure=Disclosure(time_seconds=draw(st.integers(1, 86_400)), erasures=draw(st.integers(0, 1000))),
        retention=Retention(record_days=draw(st.integers(1, 36_525))),
        prevails=draw(st.sampled_from(Prevails)),
        consequences={"other": draw(consequence), "record.gap": draw(consequence)},
    )


@given(agreements())
def test_what_was_written_is_read_back_and_written_alike(a: Agreement) -> None:
    payload = a.to_bytes()
    read = Agreement.from_bytes(payload)
    assert read == a
    assert read.to_bytes() == payload
    assert read.digest == "sha256:" + hashlib.sha256(payload).hexdigest()


def test_the_payload_has_the_members_of_the_brief() -> None:
    body = json.loads(agreement().to_bytes())
    assert set(body) >= {"type", "title", "contract", "supersedes", "parties", "terms", "vocabulary", "models", "logs"}
    assert set(body) >= {"ceiling", "disclosure", "prevails", "from", "until", "consequences", "audit", "retention"}
    assert body["type"] == "brightline/agreement/v1"
    assert body["parties"]["vendor"]["key"] == str(VENDOR.public)
    assert body["ceiling"] == {"currency": "USD", "amount": "200000000.00", "funded": "50000000"}
    assert body["disclosure"]["time_seconds"] == 60
    assert body["prevails"] == "words"


def test_few_inputs_are_enough() -> None:
    full = agreement()
    made = Agreement(
        title="t", parties=full.parties, terms=full.terms, vocabulary=full.vocabulary, begins=date(2026, 12, 1)
    )
    assert Agreement.from_bytes(made.to_bytes()) == made
    assert made.consequences == USUAL_CONSEQUENCES


def body_with(path: str, value: Any) -> bytes:
    body = json.loads(agreement().to_bytes())
    *steps, last = path.split(".")
    inner = body
    for step in steps:
        inner = inner[int(step) if step.isdigit() else step]
    inner[last] = value
    return dump(body)


REFUSED = [
    ("tittle", "x", "tittle: no such field — did you mean 'title'?"),
    ("parties.vendor.kee", "x", "parties.vendor.kee: no such field — did you mean 'key'?"),
    ("disclosure.token", 1, "disclosure.token: no such field — did you mean 'tokens'?"),
    ("type", "brightline/agreement/v2", "type: expected 'brightline/agreement/v1'"),
    ("title", "", "title: a text of 0 characters"),
    ("title", "   ", "title: a text of 3 characters"),
    ("title", "x" * 201, "title: a text of 201 characters"),
    ("title", "a\nb", "title: holds the character U+000A"),
    ("title", "Terms\u202ecod.exe", "title: holds the character U+202E"),
    ("title", 3, "title: expected text"),
    ("interim", 1, "interim: expected true or false"),
    ("prevails", "wards", "prevails: 'wards' is no prevails — did you mean 'words'?"),
    ("from", "2026-13-01", "from: '2026-13-01' is no date"),
    ("from", "20261201", "from: '20261201' is no date"),
    ("until", "2026-11-30", "until: it ends before it begins"),
    ("supersedes", "sha256:XY", "supersedes: 'sha256:XY' is not 'sha256:' and 64 hex digits"),
    ("vocabulary", {"defence": WORD}, "vocabulary: the core vocabulary is not named"),
    ("terms.digest", WORD[:-1], "terms.digest: "),
    ("terms.files", {"terms.toml": ""}, "terms.files: no clauses"),
    ("terms.files", {"a.cedar": "", "A.cedar": ""}, "terms.files: two file names differ only in upper"),
    ("terms.files", {"../a.cedar": ""}, "terms.files, name: '../a.cedar' is not a plain name"),
    ("terms.files", {"a.cedar": "permit\r\n"}, "terms.files.a.cedar: holds the character U+000D"),
    ("terms.files", {"a.cedar": "// \u2066 hidden"}, "terms.files.a.cedar: holds the character U+2066"),
    ("ceiling.amount", 200, "ceiling.amount: 200 is no amount"),
    ("ceiling.amount", "01", "ceiling.amount: '01' is no amount"),
    ("ceiling.funded", "200000000.01", "ceiling.funded: more is funded"),
    ("ceiling.currency", "usd", "ceiling.currency: 'usd' is not a currency code"),
    ("disclosure.time_seconds", 0, "disclosure.time_seconds: expected a whole number, found 0"),
    ("disclosure.time_seconds", True, "disclosure.time_seconds: expected a whole number, found True"),
    ("models", [{"name": "m"}], "models[0].digest: this field is missing"),
    ("models.0.digest", "md5:1", "models[0].digest: 'md5:1' is not 'sha256:'"),
    ("logs", "x", "logs: expected a list"),
    ("logs", [{"origin": VENDOR.name, "key": str(VENDOR.public)}], "logs[0].key: the vendor's key cannot sign the"),
    ("logs.0.origin", "department.example/g2", "logs[0].key: the key is of 'department.example/g1', and the log is"),
    ("logs.0.key", str(VENDOR.public), "logs[0].key: the key is of 'vendor.example', and the log is"),
    ("parties.customer.key", "nonsense", "parties.customer.key: not a key in signed-note form"),
    ("parties.customer.key", str(VENDOR.public), "parties.customer.key: it is the vendor's key too"),
    ("parties.customer.key", f" {GATEWAY.public}", "parties.customer.key: "),
    ("parties", [], "parties: expected an object, found []"),
    ("consequences", {}, "consequences: expected an object"),
    ("terms.files", {f"{n}.cedar": "" for n in range(17)}, "terms.files: expected an object"),
    ("parties.vendor.signatories", [{}] * 17, "parties.vendor.signatories: expected a list"),
    ("consequences", {"Not a code": {}}, "consequences, name: 'Not a code' is not a code"),
    ("audit.epochs", 0, "audit.epochs: expected a whole number"),
]


@pytest.mark.parametrize(("path", "value", "said"), REFUSED, ids=[f"{p}={str(v)[:20]!r}" for p, v, _ in REFUSED])
def test_a_wrong_field_is_named_with_its_cure(path: str, value: Any, said: str) -> None:
    with pytest.raises(AgreementError) as e:
        Agreement.from_bytes(body_with(path, value))
    assert str(e.value).startswith(said)
    assert e.value.cure


def test_the_file_stands_before_the_field() -> None:
    with pytest.raises(AgreementError, match=r"^offer\.json: title: a text of 0 characters"):
        Agreement.from_bytes(body_with("title", ""), "offer.json")


def test_every_member_is_required() -> None:
    body = json.loads(agreement().to_bytes())
    for name in body:
        less = {k: v for k, v in body.items() if k != name}
        with pytest.raises(AgreementError, match=f"{name}: this field is missing"):
            Agreement.from_bytes(dump(less))


def test_an_item_stands_once() -> None:
    log = agreement().logs[0]
    with pytest.raises(AgreementError, match=r"logs: .* stands twice"):
        agreement(logs=(log, log)).to_bytes()


def test_one_key_under_two_names_is_one_signer() -> None:
    alias = SigningKey.new("alias.example", VENDOR.seed)
    parties = Parties(
        vendor=agreement().parties.vendor, customer=replace(agreement().parties.customer, key=alias.public)
    )
    with pytest.raises(AgreementError, match="nobody agrees with themselves"):
        agreement(parties=parties).to_bytes()
    with pytest.raises(AgreementError, match="the vendor's key cannot sign"):
        agreement(logs=(Log(origin=alias.name, key=alias.public),)).to_bytes()


def test_a_finding_without_a_row_is_refused_and_with_one_found() -> None:
    rows = {"record.gap": USUAL_CONSEQUENCES["audit.refused"]}
    with pytest.raises(AgreementError, match="nothing follows from a finding that is not listed"):
        agreement(consequences=rows).to_bytes()
    a = agreement()
    assert a.consequence("audit.refused").trigger is Trigger.CONFER
    assert a.consequence("never.heard.of") == USUAL_CONSEQUENCES["other"]


def test_nothing_an_agreement_can_trigger_stops_service() -> None:
    assert {str(t) for t in Trigger} == {"note", "notice", "explain", "audit", "confer", "dispute"}
    with pytest.raises(AgreementError, match=r"consequences\.other\.trigger: 'disable' is no trigger"):
        Agreement.from_bytes(body_with("consequences.other.trigger", "disable"))


@pytest.mark.parametrize(
    "payload",
    [
        b" " + agreement().to_bytes(),
        json.dumps(json.loads(agreement().to_bytes())).encode(),
        agreement().to_bytes().replace(b'"interim":false', b'"interim": false'),
        agreement().to_bytes().replace(b"Terms of use", b"Terms \\u006ff use"),
    ],
    ids=["space before", "other separators", "space inside", "escape"],
)
def test_a_second_way_to_write_the_same_agreement_is_refused(payload: bytes) -> None:
    with pytest.raises(AgreementError, match="not canonical JSON"):
        Agreement.from_bytes(payload)


def test_a_number_that_json_cannot_carry_is_refused() -> None:
    with pytest.raises(AgreementError):
        Agreement.from_bytes(agreement().to_bytes().replace(b'"tokens":64', b'"tokens":64.0'))
    with pytest.raises(AgreementError):
        Agreement.from_bytes(agreement().to_bytes().replace(b'"tokens":64', b'"tokens":18014398509481984'))


def test_too_large_is_refused_before_it_is_read() -> None:
    with pytest.raises(AgreementError, match="send at most"):
        Agreement.from_bytes(b'"' + b"x" * (4 << 20) + b'"')


def test_another_type_of_envelope_is_no_agreement() -> None:
    envelope = Envelope("application/vnd.in-toto+json", agreement().to_bytes())
    with pytest.raises(AgreementError, match="is no agreement"):
        Agreement.of(envelope, "a.json")


def test_the_cap_on_erasures_is_the_greater_of_both() -> None:
    profile = Disclosure(erasures=100, erasures_per_10000=10)
    assert [profile.erasure_cap(n) for n in (0, 50, 100, 100_000, 1_000_000)] == [0, 50, 100, 100, 1000]


def test_money_is_exact() -> None:
    ceiling = Ceiling(currency="USD", amount=Decimal("0.30"), funded=Decimal("0.10"))
    read = Agreement.from_bytes(agreement(ceiling=ceiling).to_bytes())
    assert read.ceiling is not None
    assert read.ceiling.amount - read.ceiling.funded == Decimal("0.20")
