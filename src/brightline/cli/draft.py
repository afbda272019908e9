"""A draft agreement as a TOML file: the payload's own members, and the pack, models and keys by where they are."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from brightline.agreement import Agreement, Disclosure, Log, Model, Party, Retention
from brightline.agreement.reading import completed
from brightline.cli.key import read_verify_key
from brightline.errors import AgreementError
from brightline.storage.packs import open_pack

_CURE = "see docs/reference/agreement.md, section `The draft`"


def read_draft(path: Path) -> Agreement:
    """The agreement that a draft describes.

    `pack` names the terms (a folder beside the draft, or a shipped pack); in `parties.*.key` and `logs[].key` stands a
    verifier key, or the file that holds it. Everything else is as in the payload. Raises AgreementError.
    """
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except OSError as e:
        raise AgreementError(f"cannot be read: {e.strerror}", place=str(path), cure="check the path") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as e:
        raise AgreementError(f"not TOML: {e}", place=str(path), cure="write TOML 1.0 in UTF-8") from None
    # 1. the terms
    name = data.pop("pack", None)
    if not isinstance(name, str):
        raise AgreementError("names no pack", place=str(path), cure='write pack = "terms"')
    beside = path.parent / name
    pack = open_pack(str(beside) if beside.exists() else name)
    words = pack.terms.scope.vocabulary
    data["terms"] = {"digest": pack.terms.digest, "files": dict(pack.files)}
    data["vocabulary"] = {m.name: m.digest for m in words.modules}
    # 2. keys, from files or as they stand
    parties = data.get("parties")
    if not isinstance(parties, dict):
        raise AgreementError("names no parties", place=str(path), cure=_CURE)
    for holder in [*parties.values(), *data.get("logs", [])]:
        _resolve_key(holder, path)
    # 3. the rest, as the payload has it
    return Agreement.read(_with_defaults(_dated(data)), f"{path}: ")


def _resolve_key(holder: Any, path: Path) -> None:
    if isinstance(holder, dict) and isinstance(holder.get("key"), str):
        beside = path.parent / holder["key"]
        holder["key"] = str(read_verify_key(str(beside) if beside.is_file() else holder["key"]))


def _with_defaults(data: dict[str, Any]) -> dict[str, Any]:
    """The draft with the usual value of everything that it leaves out."""
    data = completed(Agreement, data)
    for name, cls in (("disclosure", Disclosure), ("retention", Retention)):
        if isinstance(data[name], dict):
            data[name] = completed(cls, data[name])
    for items, kind in ((data["models"], Model), (data["logs"], Log)):
        if isinstance(items, list):
            items[:] = [completed(kind, i) if isinstance(i, dict) else i for i in items]
    data["parties"] = {r: completed(Party, p) if isinstance(p, dict) else p for r, p in data["parties"].items()}
    return data


def _dated(value: Any) -> Any:
    """TOML dates as the payload writes them."""
    if isinstance(value, dict):
        return {k: _dated(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_dated(v) for v in value]
    return value.isoformat() if hasattr(value, "isoformat") else value
