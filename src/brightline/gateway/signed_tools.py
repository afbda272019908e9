"""The tools of the signed registry, as a call's tools are looked up (`gateway.tools.Tools`).

Law: a tool whose endpoint is registered is that tool only where the endpoint is shown. What the gateway itself connects
to (MCP) is seen; of a tool that the caller's program runs, the caller tells it in `Brightline-Endpoints`, and then all
that the owner says of the tool rests on the caller's word: those facts are claimed (A10).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from brightline.errors import CallError
from brightline.gateway.access import MAX_FACTS_BYTES
from brightline.gateway.registered import Registered
from brightline.registry import Standing, ToolFound, tool, unfit
from brightline.vocabulary import UNKNOWN, FactValue, Source

NO_ENDPOINTS: Mapping[str, str] = MappingProxyType({})
_ENDPOINT = re.compile(r"([!-~]{1,200})=(sha256:[0-9a-f]{64})", re.ASCII)


@dataclass(frozen=True, slots=True)
class SignedTools:
    """By the registry in force at each call."""

    registered: Registered

    def tool(self, name: str, definition: str, endpoint: str | None = None, *, seen: bool = False) -> ToolFound:
        """As `Tools.tool`. `seen`: the gateway connects to the endpoint itself."""
        found = tool(self.registered.registry, name, definition, endpoint)
        if found.standing is not Standing.REGISTERED or found.item is None:
            return found
        fault = unfit(self.registered.terms, name, found.item)
        if fault is not None:
            # Words that nobody agreed on say nothing: as good as a tool that no owner has registered.
            facts: dict[str, FactValue] = dict.fromkeys(("effect", "actuation", "phase", "integrity"), UNKNOWN)
            text = f"This tool attests nothing under these terms: {fault[1]}."
            return ToolFound(name, Standing.UNLISTED, facts, dict.fromkeys(facts, Source.OBSERVED), text)
        if found.item.endpoint is not None and not seen:
            told = {n: Source.DECLARED for n, s in found.sources.items() if s is Source.ATTESTED and n != "actuation"}
            return replace(found, sources={**found.sources, **told})
        return found


def read_endpoints(header: bytes | None) -> Mapping[str, str]:
    """`Brightline-Endpoints: effector.engage=sha256:…`: where the caller's program sends its tools' calls, as digests
    of the wiring. Raises CallError."""
    if header is None:
        return NO_ENDPOINTS
    place = "Brightline-Endpoints"
    if len(header) > MAX_FACTS_BYTES:
        raise CallError("too long", status=431, place=place, cure=f"at most {MAX_FACTS_BYTES} bytes")
    found: dict[str, str] = {}
    for part in header.decode("latin-1").split(","):
        pair = _ENDPOINT.fullmatch(part.strip())
        if pair is None:
            raise CallError("not TOOL=DIGEST", place=place, cure="write TOOL=sha256:… for each, with commas between")
        if pair[1] in found:
            raise CallError("a tool told twice", place=place, cure="say it once")
        found[pair[1]] = pair[2]
    return found
