"""Forms that a verification is filed in: SVR in DSSE, OSCAL, a PDF. Each says what verify said, and no more."""

from __future__ import annotations

import base64
import json
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest

from brightline.assurance.verify.bundle import InMemory
from brightline.errors import InputError
from brightline.keys import Envelope, SigningKey
from brightline.paper import oscal, svr
from brightline.paper.months import months_of
from brightline.paper.report import report
from brightline.paper.verified import Verified
from tests.assurance.records import Evidence, changed, founding, mixed

KEY = SigningKey.new("auditor.example", bytes([5]) * 32)
AT = datetime(2026, 12, 2, 9, 30, tzinfo=UTC)
TITLE = "Terms & conditions <img src='http://x.example/a.png'> Жуков"
AUDIT = "299 of 12,000 decisions drawn, 0 failed: fewer than 10.0 in 1000 are wrong."


@cache
def good() -> Verified:
    evidence = Evidence(mixed(900, engine=True), founding(title=TITLE))
    agreement = evidence.agreement
    months = months_of(InMemory(evidence.bundle), evidence.file)
    audit = {"agreement": agreement.digest, "origin": agreement.logs[0].origin, "epoch": 1, "text": AUDIT}
    return Verified(evidence.verified(), agreement, agreement.digest, "march.bundle", "ab" * 32, AT, (audit,), months)


@cache
def bad() -> Verified:
    evidence = Evidence(mixed(), founding())
    evidence = replace(evidence, entries=changed(evidence.entries, 7, flags=1), signed=evidence.checkpoint)
    return Verified(evidence.verified(), evidence.agreement, evidence.agreement.digest, "b", "cd" * 32, AT)


class TestStatement:
    def test_it_is_a_signed_svr_of_what_passed(self) -> None:
        envelope = Envelope.from_bytes(svr.signed_statement(good(), KEY))
        assert envelope.payload_type == "application/vnd.in-toto+json"
        assert envelope.signed_by(KEY.public)
        said = json.loads(envelope.payload)
        assert said["_type"] == "https://in-toto.io/Statement/v1"
        assert said["predicateType"] == "https://in-toto.io/attestation/svr/v0.1"
        assert said["subject"] == [{"name": "march.bundle", "digest": {"sha256": "ab" * 32}}]
        assert set(said["predicate"]) == {"verifier", "timeCreated", "properties"}
        assert said["predicate"]["timeCreated"] == "2026-12-02T09:30:00Z"
        grades = [p for p in said["predicate"]["properties"] if "GRADE" in p]
        assert grades == ["BRIGHTLINE_GRADE_C0", "BRIGHTLINE_GRADE_C1"]
        assert str(KEY.public) in said["predicate"]["verifier"]["id"]

    def test_nothing_is_stated_of_what_did_not_verify(self) -> None:
        with pytest.raises(InputError, match="did not verify"):
            svr.signed_statement(bad(), KEY)

    def test_a_changed_statement_is_not_signed(self) -> None:
        document = json.loads(svr.signed_statement(good(), KEY))
        payload = base64.b64decode(document["payload"]).replace(b"GRADE_C1", b"GRADE_C2")
        document["payload"] = base64.b64encode(payload).decode()
        assert not Envelope.from_bytes(json.dumps(document).encode()).signed_by(KEY.public)


class TestOscal:
    def test_a_control_is_satisfied_iff_its_steps_passed(self) -> None:
        for verified, state in ((good(), "satisfied"), (bad(), "not-satisfied")):
            (result,) = oscal.assessment_results(verified)["assessment-results"]["results"]
            by_control = {f["target"]["target-id"]: f["target"]["status"]["state"] for f in result["findings"]}
            assert by_control["au-9_obj"] == state
            known = {o["uuid"] for o in result["observations"]}
            assert {r["observation-uuid"] for f in result["findings"] for r in f["related-observations"]} <= known
            assert {
                c["control-id"] for c in result["reviewed-controls"]["control-selections"][0]["include-controls"]
            } >= {f["target"]["target-id"].removesuffix("_obj") for f in result["findings"]}

    def test_the_same_verification_gives_the_same_bytes(self) -> None:
        assert oscal.to_bytes(oscal.assessment_results(good())) == oscal.to_bytes(oscal.assessment_results(good()))

    @pytest.mark.extras
    @pytest.mark.parametrize("verified", [good, bad])
    def test_trestle_reads_both_documents(self, verified: object, tmp_path: Path) -> None:
        from trestle.oscal.assessment_results import AssessmentResults  # noqa: PLC0415 - an extra
        from trestle.oscal.component import ComponentDefinition  # noqa: PLC0415

        made = verified()
        for model, document in (
            (AssessmentResults, oscal.assessment_results(made)),
            (ComponentDefinition, oscal.component_definition(made)),
        ):
            path = tmp_path / "document.json"
            path.write_bytes(oscal.to_bytes(document))
            read = model.oscal_read(path)
            assert read is not None
            assert read.metadata.oscal_version.root.root == oscal.OSCAL_VERSION


class TestReport:
    def test_the_same_verification_gives_the_same_bytes(self) -> None:
        assert report(good()) == report(good())
        assert report(good()).startswith(b"%PDF-1.")

    @pytest.mark.extras
    def test_its_pages_say_what_verify_said(self, tmp_path: Path) -> None:
        said = pages(good(), tmp_path)
        for text in (
            "Verified, grade C1",
            "could have passed unseen",
            "whose counters lie",
            "By clause and month",
            "default-deny",
            "2026-12",
            "The screen did not read it",
            "Some fact rests on a claim alone",
            "Erasures",
            "no epoch opened a statement",
            AUDIT,
        ):
            assert " ".join(text.split()) in said, text
        assert "<img src='http://x.example/a.png'>" in said  # words, and no picture
        assert "\\u0416" in said
        totals = good().result.totals
        for clause, counts in totals["clauses"].items():
            assert f"{clause} {sum(counts.values()):,}" in said

    @pytest.mark.extras
    def test_what_did_not_verify_says_so_and_shows_no_figures(self, tmp_path: Path) -> None:
        said = pages(bad(), tmp_path)
        assert "NOT VERIFIED" in said
        assert "FAILED" in said
        assert "By month" not in said
        assert "grade C" not in said

    @pytest.mark.extras
    def test_every_page_renders(self, tmp_path: Path) -> None:
        (tmp_path / "r.pdf").write_bytes(report(good()))
        subprocess.run(["pdftoppm", "-r", "50", "-png", "r.pdf", "page"], cwd=tmp_path, check=True)
        found = list(tmp_path.glob("page*.png"))
        assert len(found) >= 2
        assert all(page.stat().st_size > 5_000 for page in found)  # a blank page has less than two


def test_months_add_up_to_the_totals() -> None:
    result, months = good().result, good().months
    for outcome, count in result.totals["outcomes"].items():
        assert sum(m.outcomes[outcome] for m in months.values()) == count
    for clause, counts in result.totals["clauses"].items():
        assert sum(m.clauses.get(clause, 0) for m in months.values()) == sum(counts.values())
    tokens = result.totals["tokens"]
    assert sum(m.tokens for m in months.values()) == tokens["input"] + tokens["output"]


def test_an_audit_of_another_log_is_refused() -> None:
    with pytest.raises(InputError, match="another agreement or log"):
        replace(good(), audits=({**good().audits[0], "origin": "elsewhere.example/log"},))


def pages(verified: Verified, folder: Path) -> str:
    """The text of the report's pages, spaces made one."""
    (folder / "report.pdf").write_bytes(report(verified))
    subprocess.run(["pdftotext", "-layout", "report.pdf", "report.txt"], cwd=folder, check=True)
    return " ".join((folder / "report.txt").read_text().split())
