"""The truth that meters are compared with: every touch ever, and a loop."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Naive:
    """`touches`: (scope, person, second). Counts with no bound on anything."""

    seconds: int
    touches: list[tuple[object, str, int]] = field(default_factory=list)

    def persons(self, scope: object, now: int) -> set[str]:
        return {p for s, p, at in self.touches if s == scope and at > now - self.seconds}
