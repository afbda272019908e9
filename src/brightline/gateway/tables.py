"""Reading the tables of brightline.toml: what is wrong is a ConfigError that names place and cure."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Never

from brightline.errors import ConfigError, nearest


def text(data: Mapping[str, Any], key: str, place: str, default: str | None = None) -> str:
    value = data.get(key, default)
    if not isinstance(value, str) or "\0" in value:
        bad(f"{key} is missing or no text", place, f'write {key} = "…"')
    return value


def path(data: Mapping[str, Any], key: str, base: Path, place: str) -> Path | None:
    return base / text(data, key, place) if key in data else None


def table(data: Mapping[str, Any], key: str, place: str) -> Mapping[str, Any]:
    value = data.get(key, {})
    if not isinstance(value, dict):
        bad(f"{key} is a table", place, f"write [{key}]")
    return value


def texts(data: Mapping[str, Any], key: str, place: str) -> dict[str, str]:
    """A table all of whose values are texts."""
    found = table(data, key, place)
    for k, v in found.items():
        if not isinstance(v, str):
            bad(f"{k} is no text", f"{place}: {key}", f'write {k} = "…"')
    return dict(found)


def number(data: Mapping[str, Any], key: str, place: str, default: int, most: int) -> int:
    """A whole number from 1 to `most`."""
    value = data.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        bad(f"{key} is a whole number from 1 to {most}", place, f"write {key} = {default}, or leave it out")
    return value


def names(data: Mapping[str, Any], key: str, place: str) -> list[str]:
    """A list of texts, empty where there is none."""
    value = data.get(key, [])
    if not isinstance(value, list) or not all(isinstance(v, str) and "\0" not in v for v in value):
        bad(f"{key} is a list of texts", place, f'write {key} = ["…"]')
    return value


def only(data: Mapping[str, Any], known: tuple[str, ...], place: str) -> None:
    """Raises ConfigError for a key that is none of `known`, naming the nearest."""
    for key in data:
        if key not in known:
            bad(f"there is no setting {key[:60]!r}", place, nearest(key, known))


def bad(said: str, place: str, cure: str) -> Never:
    raise ConfigError(said, place=place, cure=cure)
