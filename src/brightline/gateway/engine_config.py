"""The settings of completeness and events: `[engine]`, `[events]`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from brightline.assurance.verify.completeness import MAX_TOLERANCE, MILLION, TOLERANCE
from brightline.gateway.tables import bad, only, path, text

_ENGINE = ("metrics", "guard", "tolerance")
_EVENTS = ("file", "syslog")
_METRICS = re.compile(r"https?://[^\s/?#@]+(/[A-Za-z0-9._~/-]*)?")
_SYSLOG = re.compile(r"(tcp|udp)://(\[[0-9A-Fa-f:]+\]|[A-Za-z0-9_.-]{1,253}):([0-9]{1,5})")


@dataclass(frozen=True, slots=True)
class EngineConfig:
    """How the record is reconciled with the engine (docs/reference/completeness.md). `metrics`: URLs of the counters of
    all engines behind the upstream; the embedded model needs none. `guard`: the guard's base URL, and calls carry
    receipts; empty for none. `tolerance`: parts per million of the engine's tokens."""

    metrics: tuple[str, ...] = ()
    guard: str = ""
    tolerance: int = TOLERANCE


@dataclass(frozen=True, slots=True)
class EventsConfig:
    """Where OCSF events go: a file, or a syslog server (`tcp` or not, host, port)."""

    file: Path | None = None
    syslog: tuple[bool, str, int] | None = None


def read_engine(data: Mapping[str, Any], place: str) -> EngineConfig:
    """`[engine]`. Raises ConfigError."""
    only(data, _ENGINE, place)
    metrics, guard = data.get("metrics", []), text(data, "guard", place, "")
    if not isinstance(metrics, list) or not all(isinstance(m, str) and _METRICS.fullmatch(m) for m in metrics):
        bad("metrics is a list of URLs", place, 'write metrics = ["http://127.0.0.1:8000/metrics"]')
    if guard and not re.fullmatch(r"https?://[^\s/?#@]+", guard):
        bad(f"guard = {guard[:80]!r}", place, 'write guard = "http://127.0.0.1:8001", with no path')
    share = data.get("tolerance", TOLERANCE / MILLION)
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= MAX_TOLERANCE / MILLION:
        bad(f"a tolerance lies between 0 and {MAX_TOLERANCE / MILLION}", place, "leave it out for the usual")
    return EngineConfig(tuple(metrics), guard, round(share * MILLION))


def read_events(data: Mapping[str, Any], base: Path, place: str) -> EventsConfig:
    """`[events]`. Raises ConfigError."""
    only(data, _EVENTS, place)
    file, syslog = path(data, "file", base, place), text(data, "syslog", place, "")
    if file and syslog:
        bad("file and syslog are both set", place, "name one: most syslog servers write files too")
    if not syslog:
        return EventsConfig(file)
    found = _SYSLOG.fullmatch(syslog)
    if found is None or not 0 < int(found[3]) <= 65535:
        bad(f"syslog = {syslog[:80]!r}", place, 'write syslog = "tcp://127.0.0.1:601" or "udp://127.0.0.1:514"')
    return EventsConfig(None, (found[1] == "tcp", found[2].strip("[]"), int(found[3])))
