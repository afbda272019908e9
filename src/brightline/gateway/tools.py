"""The tools that the customer registered, and what a call that offers tools says of them.

Law: a tool is the one of exactly that name, byte for byte, whose definition has the registered digest. A look-alike, a
longer name or another case is another name, and not registered; another definition under the name has drifted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Protocol, Self

from brightline.errors import CallError, ConfigError, UseError
from brightline.gateway.codec import Api, Call, Family
from brightline.gateway.config import Config, ToolConfig
from brightline.registry.tools import Standing, ToolFound, definition_digest
from brightline.vocabulary import UNKNOWN, FactValue, Source, Vocabulary, read_use

NOT_REGISTERED = "This tool is not registered under exactly this name."
DRIFTED = "The tool's definition differs from what was registered."
_UNSETTLED = {"effect": UNKNOWN, "actuation": UNKNOWN, "phase": UNKNOWN}
_OWN = frozenset(("actuation", "effect", "phase"))
# Tools that the caller's own program runs: by the API's types, as the openai and anthropic SDKs list them.
_OF_CALLER = {
    Family.OPENAI: frozenset({"function", "custom"}),
    Family.ANTHROPIC: frozenset({
        "bash_20241022", "bash_20250124", "computer_20241022", "computer_20250124", "computer_20251124", "custom",
        "memory_20250818", "text_editor_20241022", "text_editor_20250124", "text_editor_20250429",
        "text_editor_20250728",
    }),
}  # fmt: skip
# What a definition may hold beside name, description and parameters without saying anything of the tool.
_MARKS = frozenset({"cache_control", "description", "eager_input_streaming", "name", "strict"})
_SCHEMA = frozenset({"input_schema", "parameters"})


class Tools(Protocol):
    """A registry of tools. A signed one (`brightline.registry`) keeps this too."""

    def tool(self, name: str, definition: str, endpoint: str | None = None) -> ToolFound:
        """How the tool of exactly this name stands, whose definition has this digest (`Offered.digest`). `endpoint`:
        digest of where its calls go, None where nobody tells."""


class ConfiguredTools:
    """The tools of `[tools.NAME]` in brightline.toml: by exact name, the registered digest and what it is. None is
    registered where there is no such table."""

    def __init__(self, tools: Mapping[str, tuple[str, ToolFound]] = MappingProxyType({})) -> None:
        self._tools = tools

    @classmethod
    def of(cls, config: Config, words: Vocabulary) -> Self:
        """Those of the settings, checked against the vocabulary. Raises ConfigError naming the tool and the cure."""
        place = config.place
        return cls({n: (t.definition, _read(t, words, f"{place}: tools.{n}")) for n, t in config.tools.items()})

    def tool(self, name: str, definition: str, endpoint: str | None = None) -> ToolFound:  # noqa: ARG002
        """As `Tools.tool`; the settings pin no endpoint. What is unlisted or drifted attests nothing."""
        if name not in self._tools:
            facts: dict[str, FactValue] = {**_UNSETTLED, "integrity": UNKNOWN}
            return ToolFound(name, Standing.UNLISTED, facts, _observed(facts), NOT_REGISTERED)
        registered, found = self._tools[name]
        if registered != definition:
            facts = {**_UNSETTLED, "integrity": "drifted"}
            return ToolFound(name, Standing.DRIFTED, facts, _observed(facts), DRIFTED, activity=found.activity)
        return found


@dataclass(frozen=True, slots=True)
class Offered:
    """A tool as a call offers it. `digest`: of its definition, the same in every API.

    `text`: its input is free text, as of OpenAI's custom tools, and no JSON object.
    """

    digest: str
    text: bool = False


def offered(call: Call) -> dict[str, Offered]:
    """The tools that a call offers, by exact name. Only for calls that `refuse_foreign` let pass."""
    found: dict[str, Offered] = {}
    for field in ("tools", "functions"):
        for tool in call.fields.get(field) or ():
            text = call.api.family is Family.OPENAI and tool.get("type") == "custom"
            inner = _inner(call.api, tool)
            found[inner["name"]] = Offered(digest_of(inner), text)
    return found


def digest_of(tool: Mapping[str, Any]) -> str:
    """The digest of a definition: of name, description and schema. Whatever else it holds goes in with the schema, so
    that nothing which the model reads of a tool changes unseen; what is null, and marks of the API, are left out."""
    schema: Any = next((tool[k] for k in ("parameters", "input_schema") if tool.get(k) is not None), {})
    more = {k: v for k, v in tool.items() if v is not None and k not in _MARKS | _SCHEMA}
    if more.get("type") in ("custom", "function"):
        del more["type"]
    return definition_digest(
        tool["name"], tool.get("description") or "", {"schema": schema, **more} if more else schema
    )


def refuse_foreign(call: Call) -> None:
    """Raise CallError 501 where a call offers a tool that the model server runs itself: nobody here could stop it."""
    if not call.tools:
        return
    for field in ("mcp_servers", "web_search_options"):
        if call.fields.get(field) not in (None, []):
            raise _foreign(field)
    ours = _OF_CALLER[call.api.family]
    for field in ("tools", "functions"):
        for index, tool in enumerate(call.fields.get(field) or ()):
            kind = tool.get("type")
            inner = _inner(call.api, tool)
            if (kind is not None and kind not in ours) or type(inner) is not dict or type(inner.get("name")) is not str:
                raise _foreign(f"{field}[{index}]")
            if type(inner.get("description", "")) not in (str, type(None)):
                place = f"{field}[{index}].description"
                raise CallError("not a text", place=place, cure="describe the tool in words")


def _inner(api: Api, tool: Mapping[str, Any]) -> Any:
    """The definition itself: the Responses API has it flat."""
    return tool if api is Api.RESPONSES else tool.get("function", tool.get("custom", tool))


def _foreign(place: str) -> CallError:
    cure = "offer tools that your own program runs: what the model server runs itself cannot be decided here"
    text = "the model server would run this tool itself"
    return CallError(text, status=501, code="tools_not_governed", place=place, cure=cure)


def _read(config: ToolConfig, words: Vocabulary, place: str) -> ToolFound:
    for name in config.facts:
        fact = words.facts.get(name)
        if name in _OWN:
            raise ConfigError(f"{name} is no fact among others", place=place, cure=f"write {name} = … above the facts")
        if fact is not None and fact.gateway:
            raise ConfigError(f"{name} cannot be attested", place=place, cure="only the gateway sets it")
    facts = {**config.facts, "effect": config.effect, "actuation": config.actuation, "phase": config.phase}
    sources = dict.fromkeys(facts, "attested")
    obj = {"activity": config.activity or "gen.unknown", "facts": facts, "sources": sources}
    try:
        use = read_use(words, obj, place)
    except UseError as e:
        raise ConfigError(e.text, place=e.place, cure=e.cure) from None
    return ToolFound(
        config.name,
        Standing.REGISTERED,
        {**use.facts, "integrity": "intact"},
        {**use.sources, "integrity": Source.OBSERVED},
        activity=use.activity if config.activity else None,
    )


def _observed(facts: Mapping[str, FactValue]) -> dict[str, Source]:
    return dict.fromkeys(facts, Source.OBSERVED)
