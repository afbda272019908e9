"""A stopped gateway's site with a record of some calls, a roster, and keys of its persons."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from brightline.agreement import Agreement
from brightline.approvals import Person, Roster, sign_roster
from brightline.keys import SigningKey
from brightline.record.body import Act, DecisionBody, OutcomeBody, OutcomeStatus
from brightline.record.entry import OutcomeCode
from brightline.record.log import Disclosure, Draft
from brightline.storage.record import Receipt, Record
from tests.agreement.founding import CUSTOMER
from tests.cli.shell import Said, Shell
from tests.live.stage import LOG_KEY, SITE_KEY, Site, agreed, make_site, pack

KEYS = {name: SigningKey.new(name, bytes([40 + i]) * 32) for i, name in enumerate(("quinn", "ames", "ito", "ortiz"))}
ROLES = {"quinn": ("official",), "ames": ("legal_adviser",), "ito": ("inspector",), "ortiz": ("commander",)}
TERMS = bytes.fromhex(pack().terms.digest.removeprefix("sha256:"))
SECRET = "SECRET words of call"


def roster(**changes: Any) -> Roster:
    persons = tuple(Person(name=n, key=str(k.public), roles=ROLES[n]) for n, k in KEYS.items())
    return Roster(**{"desk": "army", "number": 3, "persons": persons, **changes})


@dataclass(frozen=True)
class Recorded:
    """`calls`: decision and outcome of each call; `tool`: decision and outcome of a tool call of the first."""

    site: Site
    calls: Sequence[tuple[int, int]]
    tool: tuple[int, int]

    @property
    def shell(self) -> Shell:
        return self.site.shell

    def order(self, verb: str, *words: str | int, by: str = "quinn", reason: str = "a spill") -> Said:
        key = ("--key", f"{by}.key", "--roster", "roster.json", "--reason", reason, "--json")
        return self.shell("evidence", verb, *map(str, words), *key)

    def refused(self, verb: str, *words: str | int, by: str = "quinn") -> str:
        key = ("--key", f"{by}.key", "--roster", "roster.json", "--reason", "a spill")
        return self.shell.fails("evidence", verb, *map(str, words), *key)

    def record(self) -> Record:
        return open_record(self.site)

    def record_as(self, key: SigningKey) -> Record:
        """As a gateway with another key of the log opens it."""
        return Record.open(self.site.data, key, SITE_KEY, Disclosure())


def open_record(site: Site, at: float | None = None) -> Record:
    clock = time.time if at is None else (lambda: at)
    return Record.open(site.data, LOG_KEY, SITE_KEY, Disclosure(), clock=clock)


def keep_people(folder: Path, listed: Roster | None = None) -> None:
    for name, key in {**KEYS, "customer": CUSTOMER}.items():
        (folder / f"{name}.key").write_text(key.secret_text() + "\n")
    (folder / "roster.json").write_bytes(sign_roster(listed or roster(), CUSTOMER).to_bytes())


def recorded(folder: Path, calls: int = 4, at: float | None = None, paper: Agreement | None = None) -> Recorded:
    """A record of so many calls at the time `at` (now where None), closed again."""
    site = make_site(folder, "http://127.0.0.1:9", paper=paper or agreed())
    keep_people(folder)
    return replace_calls(site, calls, at)


def replace_calls(site: Site, calls: int, at: float | None = None) -> Recorded:
    record = open_record(site, at)
    made = [_call(record, f"{SECRET} {i}") for i in range(calls)]
    tool = _call(record, f"{SECRET} of a tool", parent=made[0][0])
    record.journal.publish()
    record.close()
    return Recorded(site, made, tool)


def _call(record: Record, text: str, parent: int = 0) -> tuple[int, int]:
    body = DecisionBody(parent=parent, act=Act.TOOL_CALL if parent else Act.MODEL_CALL)
    fields = (
        ("content", text.encode()),
        ("purpose", b"ordinary"),
        ("meter", b"counts"),
        ("fact.place", b"home declared"),
    )
    decision = _written(record, Draft(body, 1, OutcomeCode.PERMIT, clauses=1, terms=TERMS, fields=fields))
    answer = (("answer", f"{text}: answered".encode()), ("budget", b"paid"))
    return decision, _written(record, Draft(OutcomeBody(decision, OutcomeStatus.COMPLETED), terms=TERMS, fields=answer))


def _written(record: Record, draft: Draft) -> int:
    (receipt,) = record.write([draft])
    assert isinstance(receipt, Receipt)
    return receipt.index


def bytes_in(folder: Path) -> bytes:
    return b"".join(p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file())


def documents(said: Said) -> dict[str, Any]:
    assert said.status == 0, said.err
    return json.loads(said.out)


__all__ = ["KEYS", "Recorded", "recorded", "replace", "roster"]
