"""`[mcp.NAME]` of brightline.toml: the MCP servers behind the gateway (docs/reference/mcp.md)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from brightline.gateway.tables import bad as _bad
from brightline.gateway.tables import only as _only
from brightline.gateway.tables import path as _path
from brightline.gateway.tables import table as _table
from brightline.gateway.tables import text as _text

_MCP = ("url", "command", "api_key_file")


@dataclass(frozen=True, slots=True)
class McpConfig:
    """One MCP server: its `url` (streamable HTTP), or the `command` that starts it in `folder`, the settings' own
    (stdio). `api_key_file`: the gateway's key for a URL."""

    url: str = ""
    command: tuple[str, ...] = ()
    folder: Path = Path()
    api_key_file: Path | None = None


def read_mcp(data: Mapping[str, Any], base: Path, place: str) -> dict[str, McpConfig]:
    """The servers by name. Raises ConfigError."""
    return {n: _mcp(n, m, base, f"{place}: mcp.{n}") for n, m in _table(data, "mcp", place).items()}


def _mcp(name: str, data: Any, base: Path, place: str) -> McpConfig:
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,63}", name):
        _bad("an MCP server's name is part of a path", place, "use lower-case letters, digits, '_' and '-'")
    if not isinstance(data, dict) or ("url" in data) == ("command" in data):
        _bad("an MCP server has a url or a command", place, 'write url = "https://host/mcp" or command = ["program"]')
    _only(data, _MCP, place)
    url, command = _text(data, "url", place, ""), data.get("command", [])
    if url and not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#]*)?", url):
        _bad(f"url = {url[:80]!r}", place, 'write url = "http(s)://host:port/path"')
    if not isinstance(command, list) or not all(isinstance(c, str) and "\0" not in c for c in command):
        _bad("command is a list of texts", place, 'write command = ["program", "argument"]')
    if not url and not (command and command[0]):
        _bad("nothing is called", place, 'write url = "https://host/mcp" or command = ["program"]')
    return McpConfig(url, tuple(command), base, _path(data, "api_key_file", base, place))
