"""One case: what a verifier is given, what it must answer, and how both are written down in little space."""

from __future__ import annotations

import base64
import json
import struct
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

STEPS: Final = 11
CODES: Final = {2: "agreement.invalid", 7: "terms.drift"}
_DECIDED: Final = ("permit", "hold", "ask", "deny")


@dataclass(frozen=True)
class Case:
    """`fails`: the steps that must fail, by its author. `findings`: those beside the failures'. `base`: what bundle and
    agreement are written as a difference from. `entries`: those of the bundle, where they can be counted.
    `clauses`: how many are agreed, 512 where that cannot be told."""

    name: str
    why: str
    bundle: bytes
    agreement: bytes
    keys: Mapping[str, str] | None
    base: str
    entries: bytes
    fails: tuple[int, ...] = ()
    findings: tuple[str, ...] = ()
    grade: str | None = "C0"
    earlier: tuple[bytes, ...] = ()
    witnesses: tuple[str, ...] = ()
    clauses: int = 4

    def answer(self) -> dict[str, Any]:
        steps = steps_of(self.fails)
        codes = {*self.findings, *(CODES.get(n, "record.invalid") for n in self.fails)}
        return {
            "verified": not self.fails,
            "grade": None if self.fails else self.grade,
            "steps": steps,
            "findings": sorted(codes),
            "totals": totals(self.entries, self.terms(), self.clauses, epochs=steps[8] is True) if steps[9] else {},
        }

    def terms(self) -> bytes:
        """The agreed digest."""
        payload = json.loads(base64.b64decode(json.loads(self.agreement)["payload"]))
        return bytes.fromhex(payload["terms"]["digest"].removeprefix("sha256:"))


def steps_of(fails: Sequence[int]) -> list[bool | None]:
    """The `ok` of each step: what stands on a step that did not pass is not checked."""
    oks: list[bool | None] = []
    for n in range(1, STEPS + 1):
        needs = range(max(1, n - 1), n) if n <= 5 else range(5, 6) if n <= 10 else range(6, 11)
        blocked = n > 1 and not all(oks[need - 1] for need in needs)
        oks.append(None if blocked else n not in fails)
    return oks


def totals(entries: bytes, terms: bytes, known: int, epochs: bool) -> dict[str, Any]:
    """The core totals, counted here in the plainest way."""
    rows = [entries[i : i + 256] for i in range(0, len(entries), 256)]
    ends = [struct.unpack(">QBIIHH", r[184:205]) for r in rows if r[16] == 2]
    decided = [r for r in rows if r[16] == 1]
    clauses: dict[str, int] = {}
    for row in decided:
        for rank in range(known):
            if row[88:120] == terms and row[24 + rank // 8] >> rank % 8 & 1:
                clauses[str(rank)] = clauses.get(str(rank), 0) + 1
    return {
        "entries": len(rows),
        "kinds": {str(k): n for k in range(1, 12) if (n := sum(r[16] == k for r in rows))},
        "clauses": clauses,
        "outcomes": {word: sum(r[17] == i + 1 for r in decided) for i, word in enumerate(_DECIDED)},
        "tokens": {"input": sum(e[2] for e in ends), "output": sum(e[3] for e in ends)},
        "statuses": {str(s): n for s in range(1, 9) if (n := sum(e[1] == s for e in ends))},
        "estimated": sum(r[16] == 2 and bool(r[22] & 0x40) for r in rows),
        "epochs": sum(r[16] == 8 for r in rows) if epochs else 0,
    }


def written(bases: Mapping[str, tuple[bytes, bytes]], cases: Iterable[Case], vocabulary: Any) -> str:
    """cases.jsonl: the vocabulary, the bases, the cases. bases: bundle and agreement by name."""
    lines: list[Any] = [{"format": "brightline-conformance/v1", "vocabulary": vocabulary}]
    for name, (bundle, agreement) in bases.items():
        lines.append({"base": name, "bundle": _packed(bundle), "agreement": _packed(agreement)})
    for c in cases:
        bundle, agreement = bases[c.base]
        lines.append(
            {
                "name": c.name,
                "why": c.why,
                "base": c.base,
                "bundle": difference(bundle, c.bundle),
                "agreement": difference(agreement, c.agreement),
                "keys": c.keys,
                "earlier": [base64.b64encode(e).decode() for e in c.earlier],
                "witnesses": list(c.witnesses),
                "answer": c.answer(),
            }
        )
    return "".join(json.dumps(line, separators=(",", ":"), ensure_ascii=False) + "\n" for line in lines)


def difference(old: bytes, new: bytes) -> list[list[Any]]:
    """[[at, remove, base64 of what is put there]], ascending places of `old`: what makes `new` of it. Put pieces that
    zlib makes shorter are written as "~" and base64 of that."""
    head = _common(old, new)
    tail = _common(old[head:][::-1], new[head:][::-1])
    before, after = old[head : len(old) - tail], new[head : len(new) - tail]
    if len(before) != len(after):
        return [[head, len(before), _piece(after)]] if old != new else []
    patches, at = [], 0
    while at < len(before):
        if before[at] == after[at]:
            at += 1
            continue
        end = at + 1
        while end < len(before) and before[end : end + 12] != after[end : end + 12]:
            end += 1
        patches.append([head + at, end - at, _piece(after[at:end])])
        at = end
    return patches


def _piece(data: bytes) -> str:
    return f"~{_packed(data)}" if len(data) > 400 else base64.b64encode(data).decode()


def _common(a: bytes, b: bytes) -> int:
    """How many bytes both begin with."""
    low, high = 0, min(len(a), len(b))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if a[:middle] == b[:middle] else (low, middle - 1)
    return low


def _packed(data: bytes) -> str:
    return base64.b64encode(zlib.compress(data, 9)).decode()
