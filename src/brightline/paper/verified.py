"""What the filed forms of a verification are made of: one answer of `verify`, and what it was an answer to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from brightline.agreement import Agreement
from brightline.assurance.verify import Result
from brightline.errors import InputError
from brightline.paper.months import Month


@dataclass(frozen=True, slots=True)
class Verified:
    """`bundle`: its file's name and hex SHA-256. `at`: when it was verified, by the clock of who did. `audits`: reports
    of random audits (`brightline audit report --json`) of the same log and agreement. `months`: of the same bundle."""

    result: Result
    agreement: Agreement
    digest: str
    bundle: str
    sha256: str
    at: datetime
    audits: Sequence[Mapping[str, Any]] = ()
    months: Mapping[str, Month] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.at.tzinfo is None:
            raise ValueError("a time without a zone")
        origins = {log.origin for log in self.agreement.logs}
        for i, audit in enumerate(self.audits):
            if audit.get("agreement") != self.digest or audit.get("origin") not in origins:
                cure = "give the reports of audits of this agreement's logs"
                raise InputError("it is of another agreement or log", place=f"audit {i + 1}", cure=cure)

    @property
    def time(self) -> str:
        return self.at.strftime("%Y-%m-%dT%H:%M:%SZ")

    @property
    def grade_words(self) -> str:
        """What the last step says: grade, what it does not show, what follows; else which step failed."""
        if self.result.verified:
            return self.result.steps[-1].text
        failed = [f"step {s.n} ({s.name})" for s in self.result.steps if s.ok is False]
        return f"No grade: of the steps {', '.join(failed)} failed, and nothing that stands on it is shown."
