"""The cases in tests/vectors/terms, for every reading of the terms to be driven by."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from brightline.storage.packs import open_pack
from brightline.terms import DUTIES, Terms, read_pack
from brightline.vocabulary import SHIPPED, Use, module, read_use

FOLDER = Path(__file__).parents[1] / "vectors/terms"


@dataclass(frozen=True)
class Case:
    """One line of a file; see tests/vectors/terms/README.md."""

    data: Mapping[str, Any]

    @property
    def terms(self) -> Terms:
        if "pack" in self.data:
            return open_pack(self.data["pack"]).terms
        return read_pack("p", {"terms.toml": toml(self.data), "terms.cedar": cedar(self.data)}).terms

    def use(self, terms: Terms) -> Use:
        return read_use(terms.scope.vocabulary, self.data["use"])

    @property
    def performable(self) -> tuple[str, ...]:
        return tuple(self.data.get("performable", DUTIES))

    @property
    def decision(self) -> Mapping[str, Any]:
        return self.data["decision"]


def cases(*names: str) -> Iterator[Case]:
    """The cases of those files, in order."""
    for name in names:
        for line in (FOLDER / f"{name}.jsonl").read_text().splitlines():
            yield Case(json.loads(line))


def cedar(data: Mapping[str, Any]) -> str:
    text = data["terms"]
    return text if isinstance(text, str) else "\n".join(text)


def toml(data: Mapping[str, Any]) -> str:
    """The terms.toml of a case: its modules pinned, then its tables."""
    adopted = data.get("adopted", [])
    modules = data.get("modules", [m for m in SHIPPED if m not in adopted])
    lines = ["[vocabulary]", *(f'{m} = "{module(m).digest}"' for m in modules)]
    lines += ["[adopted]", *(f'{m} = "{module(m).digest}"' for m in adopted)]
    for name, table in data.get("toml", {}).items():
        lines += [f"[{name}]", *(f'"{k}" = {_plain(v)}' for k, v in table.items())]
    return "\n".join(lines)


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{k} = {json.dumps(v)}" for k, v in value.items()) + " }"
    return json.dumps(value)
