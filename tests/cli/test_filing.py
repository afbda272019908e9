"""`verify --report --statement --oscal`: files that say what verify said, all or none."""

from __future__ import annotations

from pathlib import Path

import pytest

from brightline.keys import Envelope, SigningKey
from tests.assurance.records import Evidence, changed, founding, mixed
from tests.cli.shell import Shell

KEY = SigningKey.new("auditor.example", bytes([5]) * 32)


@pytest.fixture
def office(tmp_path: Path) -> Shell:
    evidence = Evidence(mixed(engine=True), founding())
    (tmp_path / "a.bundle").write_bytes(evidence.bundle)
    (tmp_path / "agreement.json").write_bytes(evidence.file)
    (tmp_path / "me.key").write_text(KEY.secret_text())
    return Shell(tmp_path)


FILES = ("--report", "out.pdf", "--statement", "out.dsse", "--key", "me.key", "--oscal", "oscal")


def test_all_forms_at_once(office: Shell) -> None:
    said = office("verify", "a.bundle", "--agreement", "agreement.json", *FILES)
    assert said.status == 0, said.err
    assert "wrote out.pdf" in said.out
    assert Envelope.from_bytes((office.folder / "out.dsse").read_bytes()).signed_by(KEY.public)
    assert sorted(p.name for p in (office.folder / "oscal").iterdir()) == [
        "assessment-results.json",
        "component-definition.json",
    ]


def test_of_what_did_not_verify_a_report_is_written_and_no_statement(office: Shell) -> None:
    evidence = Evidence(mixed(engine=True), founding())
    forged = Evidence(changed(evidence.entries, 7, flags=1), founding(), signed=evidence.checkpoint)
    (office.folder / "a.bundle").write_bytes(forged.bundle)
    said = office("verify", "a.bundle", "--agreement", "agreement.json", "--report", "out.pdf")
    assert (said.status, (office.folder / "out.pdf").exists()) == (1, True)
    said = office("verify", "a.bundle", "--agreement", "agreement.json", "--statement", "o.dsse", "--key", "me.key")
    assert said.status == 2
    assert "did not verify" in said.err
    assert not (office.folder / "o.dsse").exists()


def test_a_file_that_is_there_is_never_written_over(office: Shell) -> None:
    (office.folder / "out.pdf").write_text("mine")
    said = office("verify", "a.bundle", "--agreement", "agreement.json", *FILES)
    assert said.status == 2
    assert "already" in said.err
    assert (office.folder / "out.pdf").read_text() == "mine"
    assert not (office.folder / "out.dsse").exists()


@pytest.mark.parametrize("option", [("--statement", "o.dsse"), ("--key", "me.key")])
def test_a_statement_and_its_key_go_together(office: Shell, option: tuple[str, str]) -> None:
    said = office("verify", "a.bundle", "--agreement", "agreement.json", *option)
    assert (said.status, "go together" in said.err) == (2, True)


def test_what_is_no_audit_s_report_is_refused(office: Shell) -> None:
    (office.folder / "audit.json").write_text('{"epoch": 1}')
    said = office("verify", "a.bundle", "--agreement", "agreement.json", *FILES, "--audit", "audit.json")
    assert (said.status, "not an audit's report" in said.err) == (2, True)
    assert not (office.folder / "out.pdf").exists()
