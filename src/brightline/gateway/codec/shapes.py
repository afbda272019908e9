"""The fields of a request that decide something here, by their exact types; all others pass."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from brightline.errors import CallError

_Name = Annotated[str, Meta(min_length=1, max_length=256)]
MAX_ANSWERS = 128  # of one call
_Count = Annotated[int, Meta(ge=1, le=MAX_ANSWERS)]
_Tools = list[dict[str, Any]]


class _StreamOptions(msgspec.Struct, gc=False):
    include_usage: bool | None = None


class _Metadata(msgspec.Struct, gc=False):
    user_id: Any = None


class _Message(msgspec.Struct, gc=False):
    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[Any] | None = None


class _AnthropicMessage(msgspec.Struct, gc=False):
    role: Literal["system", "user", "assistant"]
    content: str | list[Any] | None = None


class Head(msgspec.Struct, gc=False):
    """What every API may have. Engines read some fields of one API in another, so all of them are looked at."""

    model: _Name
    stream: bool | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    max_output_tokens: int | None = None
    n_predict: int | None = None  # llama.cpp's own, stronger there than the others
    n: _Count | None = None
    n_cmpl: _Count | None = None  # likewise
    safety_identifier: str | None = None
    user: str | None = None
    user_profile_id: str | None = None
    metadata: _Metadata | None = None
    stream_options: _StreamOptions | None = None
    tools: _Tools | None = None
    functions: _Tools | None = None
    mcp_servers: _Tools | None = None
    web_search_options: Any = None

    @property
    def offers(self) -> bool:
        """Whether the call offers tools. An empty object asks for a search all the same."""
        return bool(self.tools or self.functions or self.mcp_servers or self.web_search_options is not None)

    @property
    def answers(self) -> int:
        """How many answers are asked for."""
        return max(self.n or 1, self.n_cmpl or 1)

    @property
    def most(self) -> int | None:
        """The most tokens that any field asks for; None where no bound is given."""
        fields = (self.max_tokens, self.max_completion_tokens, self.max_output_tokens, self.n_predict)
        asked = [most for most in fields if most is not None]
        return max(asked) if asked and min(asked) >= 0 else None  # llama.cpp reads -1 as no bound

    @property
    def claimed_user(self) -> str | None:
        """What the client says of its user."""
        said = self.metadata.user_id if self.metadata is not None else None
        return self.safety_identifier or self.user or self.user_profile_id or (said if type(said) is str else None)


class Chat(Head, gc=False, kw_only=True):
    """`/v1/chat/completions`."""

    messages: Annotated[list[_Message], Meta(min_length=1)]


class Messages(Head, gc=False, kw_only=True):
    """`/v1/messages`."""

    messages: Annotated[list[_AnthropicMessage], Meta(min_length=1)]


class Responses(Head, gc=False, kw_only=True):
    """`/v1/responses`; its items are read by `brightline.gateway.codec.items`."""

    input: str | Annotated[list[dict[str, Any]], Meta(min_length=1)]
    background: bool | None = None
    store: bool | None = None


class Completions(Head, gc=False, kw_only=True):
    """`/v1/completions`, OpenAI's older API; its prompt is read by `brightline.gateway.codec.prompts`."""

    prompt: Any
    best_of: _Count | None = None

    @property
    def answers(self) -> int:
        """Of each prompt, those that are thrown away too."""
        return max(self.n or 1, self.n_cmpl or 1, self.best_of or 1)


class Embeddings(Head, gc=False, kw_only=True):
    """`/v1/embeddings`; its input likewise."""

    input: Any


def misshapen(error: str) -> CallError:
    """msgspec's sentence as ours: its path is the place; a value that it quotes is left out."""
    message, _, path = error.partition(" - at `$")
    message = re.sub(r"'.*'", "", message, flags=re.DOTALL).strip().replace("`", "")
    missing = re.search(r"missing required field (\w+)", message)
    place = f"{path.strip('`.')}.{missing[1]}".lstrip(".") if missing else path.strip("`.")
    return CallError(message[:1].lower() + message[1:], place=place or "body", cure="see the API's reference")
