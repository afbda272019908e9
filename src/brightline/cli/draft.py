"""A draft agreement as a TOML file: the payload's own members, and the pack, models and keys by where they are."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from brightline.agreement import Agreement, Audit, Consequence, Disclosure, Log, Model, Party, Retention
from brightline.agreement.reading import ABSENT, Record, completed
from brightline.canonical import parse_toml
from brightline.cli.key import read_verify_key
from brightline.cli.opening import open_pack
from brightline.cli.printing import read_bytes
from brightline.errors import AgreementError

_PARTY = 'write [parties.vendor] and [parties.customer], each with name = "…" and key = "FILE.pub"'
_PAGE = "docs/reference/agreement.md, section `The draft`, has a whole one"
_ONE: Mapping[str, type[Record]] = {"disclosure": Disclosure, "retention": Retention, "audit": Audit}
_BY_NAME: Mapping[str, type[Record]] = {"parties": Party, "consequences": Consequence}
_LISTED: Mapping[str, type[Record]] = {"models": Model, "logs": Log}


def read_draft(path: Path) -> Agreement:
    """The agreement that a draft describes.

    `pack` names the terms (a folder beside the draft, or a shipped pack); in `parties.*.key` and `logs[].key` stands a
    verifier key, or the file that holds it. Everything else is as in the payload. Raises AgreementError.
    """
    data = parse_toml(read_bytes(str(path)), str(path), error=AgreementError)
    # 1. the terms
    for given in ("terms", "vocabulary"):
        if given in data:
            cure = "leave it out: they are those of the pack"
            raise AgreementError("a draft does not say this itself", place=f"{path}: {given}", cure=cure)
    name = data.pop("pack", None)
    if not isinstance(name, str):
        raise AgreementError("names no pack", place=str(path), cure='write pack = "terms"')
    beside = path.parent / name
    pack = open_pack(str(beside) if beside.exists() else name)
    words = pack.terms.scope.vocabulary
    data["terms"] = {"digest": pack.terms.digest, "files": dict(pack.files)}
    data["vocabulary"] = {m.name: m.digest for m in words.modules}
    # 2. keys, from files or as they stand
    parties, logs = data.get("parties"), data.get("logs", [])
    if not isinstance(parties, dict):
        raise AgreementError("names no parties", place=str(path), cure=f"{_PARTY}; {_PAGE}")
    for holder in [*parties.values(), *(logs if isinstance(logs, list) else [])]:
        _resolve_key(holder, path)
    # 3. the rest, as the payload has it
    try:
        return Agreement.read(_with_defaults(_dated(data)), f"{path}: ")
    except AgreementError as e:
        if e.cure != ABSENT:
            raise
        # TOML has no null: what a message must say in so many words is not in a draft, unless it has to be there
        name = e.place.rpartition(" ")[2].rpartition(".")[2]
        value = "2026-12-01" if name == "from" else "…"
        raise AgreementError(e.text, place=e.place, cure=f"write {name} = {value}; {_PAGE}") from None


def _resolve_key(holder: Any, path: Path) -> None:
    if isinstance(holder, dict) and isinstance(holder.get("key"), str):
        beside = path.parent / holder["key"]
        holder["key"] = str(read_verify_key(str(beside) if beside.is_file() else holder["key"]))


def _with_defaults(data: dict[str, Any]) -> dict[str, Any]:
    """The draft with the usual value of everything that it leaves out."""
    given, data = data, completed(Agreement, {k: v for k, v in data.items() if k != "consequences"})
    data["consequences"] = _laid_over(data["consequences"], given.get("consequences", {}))
    for name, kind in _ONE.items():
        data[name] = _completed(kind, data[name])
    for name, kind in _BY_NAME.items():
        if isinstance(data[name], dict):
            data[name] = {k: _completed(kind, v) for k, v in data[name].items()}
    for name, kind in _LISTED.items():
        if isinstance(data[name], list):
            data[name] = [_completed(kind, item) for item in data[name]]
    for model in data["models"] if isinstance(data["models"], list) else []:
        if isinstance(model, dict):
            model.setdefault("digest", None)  # TOML has no null: without a digest the weights are not pinned
    return data


def _laid_over(usual: dict[str, Any], given: Any) -> Any:
    """The usual rows, with what the draft says of some of them, and rows of its own."""
    if not isinstance(given, dict):
        return given
    said = {k: {**usual.get(k, {}), **row} if isinstance(row, dict) else row for k, row in given.items()}
    return usual | said


def _completed(kind: type[Record], value: Any) -> Any:
    return completed(kind, value) if isinstance(value, dict) else value


def _dated(value: Any) -> Any:
    """TOML dates as the payload writes them."""
    if isinstance(value, dict):
        return {k: _dated(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_dated(v) for v in value]
    return value.isoformat() if hasattr(value, "isoformat") else value
