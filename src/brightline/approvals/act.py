"""The act: exactly what will happen, and its digest, to which a grant is bound.

    digest = "sha256:" SHA-256(canonical JSON of every field but `beside`)

Law: two acts have one digest iff they are the same call, of the same model and tool, with the same content, by the
same actor, on the same facts from the same sources, under the same terms. Ids of requests and tool calls are no part
of it. The content stands in it as HMAC-SHA-256 under a key of the site, so that whoever lacks the key cannot try
guesses on it.

Left out are the facts that say how the act comes to be approved, and the reading of the window, which other people's
uses move: these are decided anew, with their values of that moment, when the call is sent again.
"""

from __future__ import annotations

import hashlib
import hmac
from enum import StrEnum
from functools import cached_property
from typing import Any, Self

import msgspec

from brightline.canonical import digest
from brightline.vocabulary import Alternative, Source, Use, use_json

LEFT_OUT = frozenset({"approvals", "approval_tempo", "exceptions", "duties", "claimed", "distinct_persons"})
"""Facts that are no part of an act."""


class Call(StrEnum):
    """What kind of call an act is."""

    MODEL = "model"
    TOOL = "tool"
    MCP = "mcp"


class Act(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, dict=True):
    """`agent`: the asking actor is a program that decides for itself what it asks, and no person at a keyboard.

    `selected_by`: the person who chose what is acted on, where the tool's registry knows; else empty.
    `content`: HMAC-SHA-256 of the content, hex. `facts`, `sources`, `alternatives`: as a use has them in JSON.
    `beside`: facts that were left out, as they were when it was held: to be shown, no part of the digest.
    """

    call: Call
    activity: str
    facts: dict[str, str | int | list[str]]
    sources: dict[str, str]
    alternatives: list[dict[str, Any]]
    actor: str
    component: str
    model: str
    terms: str
    content: str
    tool: str = ""
    agent: bool = False
    selected_by: str = ""
    beside: dict[str, str | int | list[str]] = {}

    @classmethod
    def of(
        cls,
        use: Use,
        terms: str,
        content: bytes,
        key: bytes,
        *,
        call: Call = Call.MODEL,
        tool: str = "",
        agent: bool = False,
        selected_by: str = "",
    ) -> Self:
        """The act of a use under the terms of this digest. `key`: the site's, the same at every sending."""
        said = use_json(use)
        return cls(
            call=call,
            activity=use.activity,
            facts={k: v for k, v in said["facts"].items() if k not in LEFT_OUT},
            sources={k: v for k, v in said["sources"].items() if k not in LEFT_OUT},
            alternatives=said["alternatives"],
            actor=use.actor,
            component=use.component,
            model=use.model,
            terms=terms,
            content=hmac.new(key, content, hashlib.sha256).hexdigest(),
            tool=tool,
            agent=agent,
            selected_by=selected_by,
            beside={k: v for k, v in said["facts"].items() if k in LEFT_OUT},
        )

    @cached_property
    def digest(self) -> str:
        value = msgspec.to_builtins(self)
        del value["beside"]
        return digest(value)

    @property
    def use(self) -> Use:
        """The use as it was decided when it was held."""
        return Use(
            activity=self.activity,
            facts={k: _fact(v) for k, v in {**self.facts, **self.beside}.items()},
            sources={k: Source(v) for k, v in self.sources.items()},
            alternatives=tuple(
                Alternative({k: _fact(v) for k, v in a["facts"].items()}, a.get("activity", ""))
                for a in self.alternatives
            ),
            actor=self.actor,
            component=self.component,
            model=self.model,
        )


def _fact(value: str | int | list[str]) -> str | int | frozenset[str]:
    return frozenset(value) if isinstance(value, list) else value
