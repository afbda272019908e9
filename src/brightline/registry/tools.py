"""Is this tool the registered one? Exact name, digest of its definition, digest of its wiring.

Law: only exact bytes are the name; a tool of which one digest differs, or cannot be shown, is `drifted` and attests
nothing; an unlisted one is unlisted, however much its name looks like a listed one (A10; DESIGN section 5).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from brightline.canonical import digest
from brightline.registry.alike import look_alike
from brightline.registry.fit import typed
from brightline.registry.items import Kind, Tool
from brightline.registry.registry import Registry
from brightline.vocabulary import UNKNOWN, FactValue, Source

_UNSETTLED: Final[Mapping[str, FactValue]] = {"effect": UNKNOWN, "actuation": UNKNOWN, "phase": UNKNOWN}


class Standing(StrEnum):
    """How a tool that was asked for stands to the registry. Only `registered` may be called."""

    REGISTERED = "registered"
    UNLISTED = "unlisted"
    DRIFTED = "drifted"


@dataclass(frozen=True, slots=True)
class ToolFound:
    """`facts` with their `sources`; `text`: one sentence for the refusal or the alarm; `warning`: a look-alike."""

    name: str
    standing: Standing
    facts: Mapping[str, FactValue]
    sources: Mapping[str, Source]
    text: str = ""
    warning: str = ""
    activity: str | None = None
    needs_person: bool = False
    item: Tool | None = field(default=None, compare=False)


def definition_digest(name: str, description: str, parameters: Any) -> str:
    """Digest of a tool's definition as the model sees it: canonical JSON of name, description and parameters (schema).

    Canonical JSON has no fractions (RFC 8785 gives them a form of their own), so they are written as text, and where
    they stand goes into the digest too: `0.5` and `"0.5"` differ. Raises InputError on what no JSON can say.
    """
    places: list[str] = []
    value = {"name": name, "description": description, "parameters": _plain(parameters, "", places)}
    return digest(value | ({"fractions": sorted(places)} if places else {}))


def endpoint_digest(wiring: Mapping[str, Any]) -> str:
    """Digest of how a tool is wired: `{"url": …}` of an MCP or HTTP server, `{"command": [...]}` of a program."""
    return digest(wiring)


def tool(registry: Registry, name: str, definition: str | None, endpoint: str | None = None) -> ToolFound:
    """How the tool stands, and its facts. `definition`, `endpoint`: digests of what is there now, None if not known.

    A tool that the client runs has no endpoint that the gateway could see; one registered with an endpoint is then
    drifted, because nobody can show where its calls go.
    """
    # 1. the exact name
    item = registry.item(Kind.TOOLS, name)
    if not isinstance(item, Tool):
        like = look_alike(name, registry.items(Kind.TOOLS))
        warning = f"{name.encode('unicode_escape').decode()[:200]!r} looks like the registered {like!r}" if like else ""
        facts: dict[str, FactValue] = {**_UNSETTLED, "integrity": UNKNOWN}
        why = registry.why_not(Kind.TOOLS, name)
        text = f"This tool is not registered: {why}."
        return ToolFound(name, Standing.UNLISTED, facts, _by(facts, Source.OBSERVED), text, warning)
    # 2. its definition and its wiring
    drifted = [
        what
        for what, registered, seen in (
            ("definition", item.definition, definition),
            ("endpoint", item.endpoint, endpoint),
        )
        if registered is not None and registered != seen
    ]
    if drifted:
        facts = {**_UNSETTLED, "integrity": "drifted"}
        text = f"The tool's {' and '.join(drifted)} differ{'s' if len(drifted) == 1 else ''} from what was registered."
        sources = _by(facts, Source.OBSERVED)
        return ToolFound(name, Standing.DRIFTED, facts, sources, text, "", item.activity, item.needs_person, item)
    # 3. what its owner attests of it
    attested = {**typed(item.facts), "effect": item.effect, "actuation": item.actuation, "phase": item.phase}
    facts = {**attested, "integrity": "intact"}
    sources = _by(attested, Source.ATTESTED) | {"integrity": Source.OBSERVED}
    return ToolFound(
        name, Standing.REGISTERED, facts, sources, activity=item.activity, needs_person=item.needs_person, item=item
    )


def _by(facts: Mapping[str, FactValue], source: Source) -> dict[str, Source]:
    return dict.fromkeys(facts, source)


def _plain(value: Any, place: str, places: list[str]) -> Any:
    match value:
        case dict():
            return {
                k: _plain(v, f"{place}/{k.replace('~', '~0').replace('/', '~1')}", places) for k, v in value.items()
            }
        case list():
            return [_plain(v, f"{place}/{i}", places) for i, v in enumerate(value)]
        case float() if value.is_integer() and abs(value) < 2**53:
            return int(value)  # JSON knows one kind of number
        case float():
            places.append(place)
            return repr(value)
        case int() if not isinstance(value, bool) and abs(value) >= 2**53:
            places.append(place)
            return repr(value)
    return value
