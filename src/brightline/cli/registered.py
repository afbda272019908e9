"""The TOML file that describes items to sign: docs/reference/registry.md, section `The file`.

Keys, documents, definitions and wiring may stand in it as files or tables: their digests are worked out here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from brightline.agreement.reading import Record, completed
from brightline.canonical import parse, parse_toml
from brightline.cli.key import read_verify_key
from brightline.cli.printing import read_bytes
from brightline.errors import AgreementError, RegistryError, nearest
from brightline.registry import ITEMS, Item, Kind, definition_digest, endpoint_digest
from brightline.registry.items import Owner

_PINNED = "sha256:"


def read_items(path: Path) -> tuple[str, dict[tuple[Kind, str], Item]]:
    """(name of the registry or "", items by kind and name) of a file. Raises RegistryError naming table and cure."""
    data = parse_toml(read_bytes(str(path)), str(path), error=RegistryError)
    registry = data.pop("registry", "")
    items: dict[tuple[Kind, str], Item] = {}
    for word, table in data.items():
        if word not in tuple(Kind):
            raise RegistryError(f"{word[:60]!r} is no kind", place=str(path), cure=nearest(word, map(str, Kind)))
        kind = Kind(word)
        if not isinstance(table, dict):
            raise RegistryError("a kind is a table of items", place=f"{path}: {word}", cure=f"write [{word}.NAME]")
        if kind is Kind.OWNERS:
            if not isinstance(registry, str) or not registry:
                cure = 'write registry = "NAME" at the top: owners are owners of one registry'
                raise RegistryError("does not say which registry", place=str(path), cure=cure)
            owners = [_filled(Owner, kind, n, o, path) for n, o in table.items()]
            items[kind, registry] = _read(ITEMS[kind], {"owners": owners}, f"{path}: {word}")
        else:
            for name, given in table.items():
                filled = _filled(ITEMS[kind], kind, name, given, path)
                items[kind, name] = _read(ITEMS[kind], filled, f"{path}: {word}.{name}")
    if not items:
        raise RegistryError("no item in it", place=str(path), cure="write [datasets.NAME] and its fields")
    return str(registry), items


def _read(cls: type[Record], value: Any, place: str) -> Item:
    try:
        return cls.read(value, place)  # type: ignore[return-value]  # ITEMS holds the classes of Item and no other
    except AgreementError as e:
        raise RegistryError(e.text, place=e.place, cure=e.cure) from None


def _filled(cls: type[Record], kind: Kind, name: str, given: Any, path: Path) -> Any:
    """The item's members, defaults and digests put in; TOML has no null, so what is left out may be null."""
    if not isinstance(given, dict):
        return given
    value = {k: _dated(v) for k, v in given.items()}
    if kind is Kind.OWNERS:
        value["name"] = name
    if isinstance(value.get("key"), str):
        beside = path.parent / value["key"]
        value["key"] = str(read_verify_key(str(beside) if beside.is_file() else value["key"]))
    if kind is Kind.AUTHORITIES and _is_file(value.get("digest")):
        value["digest"] = _PINNED + hashlib.sha256(read_bytes(str(path.parent / value["digest"]))).hexdigest()
    if kind is Kind.TOOLS:
        place = f"{path}: tools.{name}"
        if _is_file(value.get("definition")):
            place = str(path.parent / value["definition"])
            value["definition"] = parse(read_bytes(place), place, error=RegistryError)
        if isinstance(value.get("definition"), dict):
            value["definition"] = tool_digest(name, value["definition"], place)
        if isinstance(value.get("endpoint"), dict):
            value["endpoint"] = endpoint_digest(value["endpoint"])
    return completed(cls, value)


def tool_digest(name: str, definition: Mapping[str, Any], place: str) -> str:
    """Digest of a tool's definition as OpenAI (`function`), Anthropic (`input_schema`) and MCP (`inputSchema`) have it.

    Raises RegistryError where it is none, or is that of a tool of another name.
    """
    inner = definition.get("function", definition)
    if not isinstance(inner, Mapping):
        inner = {}
    schemas = [inner[k] for k in ("parameters", "input_schema", "inputSchema") if k in inner]
    if len(schemas) != 1 or not isinstance(inner.get("description", ""), str):
        cure = "write name, description and parameters, as in the call that offers the tool"
        raise RegistryError("not a tool's definition", place=place, cure=cure)
    if inner.get("name", name) != name:
        cure = "give the item the tool's exact name"
        raise RegistryError(f"it defines {str(inner['name'])[:60]!r}, not {name!r}", place=place, cure=cure)
    return definition_digest(name, inner.get("description", ""), schemas[0])


def _is_file(value: object) -> bool:
    return isinstance(value, str) and not value.startswith(_PINNED)


def _dated(value: Any) -> Any:
    """TOML dates as statements write them."""
    return value.isoformat() if hasattr(value, "isoformat") else value
