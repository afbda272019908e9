"""What an API may add to its answers after this was written: events, blocks and deltas of types not listed here.

Law, for what is not known by its type. It reaches the client as it came, or not at all:

1. no text in it, beside types and ids: it passes. Nothing in it can be read, and nothing run;
2. all its text in the members that the API has for words (`text`, `thinking`): it passes, its words are read as part
   of the answer, and the outcome's entry has the flag `NOT_UNDERSTOOD`;
3. anything else, and whatever speaks of tools: refused. It could be a tool call that nobody here can read, and a newer
   client would run it undecided.

Source: the anthropic SDK, which hands every event on to its caller, known or not; its types of 2.12 are those listed.
"""

from __future__ import annotations

import re
from typing import Any

from brightline.errors import UpstreamError

TOOL_USES = {"tool_use": False, "server_tool_use": True, "mcp_tool_use": True}  # block type -> the server runs it
BLOCKS = TOOL_USES.keys() | {
    "advisor_tool_result", "bash_code_execution_tool_result", "code_execution_tool_result", "compaction",
    "container_upload", "fallback", "mcp_tool_listing", "mcp_tool_result", "redacted_thinking", "text",
    "text_editor_code_execution_tool_result", "thinking", "tool_search_tool_result", "web_fetch_tool_result",
    "web_search_tool_result",
}  # fmt: skip
DELTAS = frozenset({
    "citations_delta", "compaction_delta", "input_json_delta", "signature_delta", "text_delta", "thinking_delta",
})  # fmt: skip

_NAME = re.compile("[A-Za-z0-9_.-]{1,64}")
_WORDS = frozenset({"text", "thinking"})
# text that no reader takes for the answer's
_SILENT = frozenset({"id", "item_id", "model", "object", "role", "signature", "status", "stop_reason"})
_RUNS = frozenset({
    "action", "call", "calls", "command", "computer", "exec", "execute", "execution", "function", "functions", "invoke",
    "mcp", "run", "server", "tool", "tools", "use",
})  # fmt: skip
_INPUTS = frozenset({"args", "arguments", "input", "parameters", "params", "partial_json"})
_ASKS = _INPUTS | {"name"}


def added_words(added: Any) -> list[str]:
    """The words in an event, block or delta of unknown type. Raises UpstreamError where it could be a tool call."""
    found: list[str] = []
    left: list[tuple[str, Any]] = [("", added)]
    while left:
        key, value = left.pop()
        if type(value) is dict:
            for name, inner in value.items():
                if not _NAME.fullmatch(name) or name in _ASKS or not _RUNS.isdisjoint(_parts(name)):
                    raise _unread()
                left.append((name, inner))
        elif type(value) is list:
            left += [(key, inner) for inner in value]
        elif type(value) is not str or not value or key in _SILENT:
            continue
        elif key in _WORDS:
            found.append(value)
        elif key != "type" or not _NAME.fullmatch(value) or not _RUNS.isdisjoint(_parts(value)):
            raise _unread()
    return found


def member_words(name: str, value: Any) -> list[str]:
    """The words in a member of a chat message that is not known here (ADR 0022): all its text, whatever it is called.

    Raises UpstreamError where a name in it speaks of tools or of a call's input.
    """
    found: list[str] = []
    left: list[tuple[str, Any]] = [(name, value)]
    while left:
        key, inner = left.pop()
        if inner in (None, "", [], {}):
            continue
        if key in _INPUTS or not _RUNS.isdisjoint(_parts(key)):
            raise _unread()
        if type(inner) is dict:
            left += list(inner.items())
        elif type(inner) is list:
            left += [(key, item) for item in inner]
        elif type(inner) is str:
            if key == "type" and not _RUNS.isdisjoint(_parts(inner)):
                raise _unread()
            found.append(inner)
    return found


def _parts(name: str) -> list[str]:
    return re.split("[_.-]", re.sub("([a-z0-9])([A-Z])", r"\1_\2", name).lower())


def _unread() -> UpstreamError:
    return UpstreamError("the model server sent what could be a tool call of a kind that is not known here", sent=True)
