"""The forms that a verification is filed in: a PDF for people, an in-toto Statement, OSCAL (`brightline verify`)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import typer

from brightline.agreement import Agreement, read_envelope
from brightline.assurance.verify import Result
from brightline.canonical import parse
from brightline.cli.printing import read_bytes, refuse_existing, write_new
from brightline.errors import ConfigError
from brightline.storage.keyfile import read_signing_key

Report = Annotated[Path | None, typer.Option(help="Write a report for people (PDF).")]
Statement = Annotated[Path | None, typer.Option(help="Write an in-toto Statement in DSSE; needs --key.")]
Key = Annotated[Path | None, typer.Option(help="The key of whoever verifies, which signs the statement.")]
Oscal = Annotated[Path | None, typer.Option(help="Write OSCAL component-definition and assessment-results here.")]
Audits = Annotated[
    list[Path] | None, typer.Option("--audit", help="A random audit's report (`audit report --json`), for the PDF.")
]


@dataclass(frozen=True, slots=True)
class Filing:
    """What is to be written. Nothing is there yet: each file is refused before anything is verified."""

    report: Path | None
    statement: Path | None
    key: Path | None
    oscal: Path | None
    audits: Sequence[Path]

    def __post_init__(self) -> None:
        if (self.statement is None) != (self.key is None):
            cure = "give both: a statement that nobody signed says nothing"
            raise ConfigError("--statement and --key go together", place="verify", cure=cure)
        for path in (self.report, self.statement, *self._oscal().values()):
            if path is not None:
                refuse_existing(path)

    def __bool__(self) -> bool:
        return any((self.report, self.statement, self.oscal))

    def _oscal(self) -> dict[str, Path]:
        names = ("component-definition", "assessment-results")
        return {name: self.oscal / f"{name}.json" for name in names} if self.oscal else {}

    def write(self, bundle: BinaryIO, name: str, agreement: bytes, result: Result) -> list[str]:
        """Write what was asked for; returns the files. A statement of a bundle that did not verify is refused."""
        # Imported here, so that the other verbs do not wait for the setter of pages.
        from brightline.paper import oscal, svr  # noqa: PLC0415
        from brightline.paper.months import months_of  # noqa: PLC0415
        from brightline.paper.report import report  # noqa: PLC0415
        from brightline.paper.verified import Verified  # noqa: PLC0415

        # 1. what was verified
        bundle.seek(0)
        found = hashlib.sha256()
        while piece := bundle.read(1 << 20):
            found.update(piece)
        agreed = Agreement.of(read_envelope(agreement, "agreement"), "agreement")
        bundle.seek(0)
        months = months_of(bundle, agreement) if self.report and result.totals else {}
        audits = tuple(_audit(path) for path in self.audits)
        verified = Verified(result, agreed, agreed.digest, name, found.hexdigest(), datetime.now(UTC), audits, months)
        # 2. made before anything is written
        made: list[tuple[Path, bytes]] = []
        if self.report:
            made.append((self.report, report(verified)))
        if self.statement and self.key:
            key = read_signing_key(self.key)
            made.append((self.statement, svr.signed_statement(verified, key)))
        for document, path in self._oscal().items():
            maker = oscal.component_definition if document.startswith("component") else oscal.assessment_results
            made.append((path, oscal.to_bytes(maker(verified))))
        # 3. written
        if self.oscal:
            self.oscal.mkdir(parents=True, exist_ok=True)
        for path, data in made:
            write_new(path, data)
        return [str(path) for path, _ in made]


def _audit(path: Path) -> dict[str, Any]:
    found = parse(read_bytes(str(path)), str(path), error=ConfigError)
    keys = ("agreement", "origin", "epoch", "text")
    if not isinstance(found, dict) or any(key not in found for key in keys) or not isinstance(found["text"], str):
        raise ConfigError(
            "not an audit's report", place=str(path), cure="write it with `brightline audit report --json`"
        )
    return found
