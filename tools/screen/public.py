"""The public texts: read from a path that is given, since their licences differ and none is ours to pass on."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HELD_OUT = frozenset(
    {"catqa", "figstep", "forbidden_q", "coconot_pref", "malicious_instruct", "trustllm_misuse", "cse_frr"}
)
OTHER_HARM_EVERY = 3  # of the texts about other harm, which are many, every third is trained on


@dataclass(frozen=True, slots=True)
class Public:
    source: str
    text: str
    label: str

    @property
    def held_out(self) -> bool:
        return self.source in HELD_OUT

    @property
    def benign(self) -> bool:
        return self.label == "B" or self.label.startswith("L_")


def public(path: Path) -> Iterator[Public]:
    """The texts in the order of the file."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            item = json.loads(line)
            yield Public(item["source"], item["text"], item["label"])
