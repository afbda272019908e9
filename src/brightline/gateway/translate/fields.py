"""What the translations of requests share: nothing is dropped in silence.

A field, block or value that the upstream's API has no place for is refused, 400 `not_translated`. Left out without a
word are only null, marks for caching, and values that ask for what the upstream does anyway; each is named where it is.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import msgspec

from brightline.errors import CallError
from brightline.gateway.codec.body import encode, read

Fields = Mapping[str, Any]
_CURE = "leave it out, or ask your administrator for a model server that speaks this API itself"


def untranslatable(what: str, place: str) -> CallError:
    """For what the upstream's API has no place for."""
    text = f"{what} cannot be said in the API of the model server"
    return CallError(text, code="not_translated", place=place, cure=_CURE)


def refuse_rest(fields: Fields, read: Collection[str], place: str = "") -> None:
    """Raise CallError for the first field that is not read, unless it is null."""
    for name, value in fields.items():
        if value is not None and name not in read:
            raise untranslatable(name[:60], f"{place}.{name[:60]}".lstrip("."))


def copied(fields: Fields, names: Mapping[str, str]) -> dict[str, Any]:
    """The fields that mean the same under another name, or the same one."""
    return {ours: fields[name] for name, ours in names.items() if fields.get(name) is not None}


def parts(content: Any, place: str) -> list[tuple[Any, str]]:
    """The parts of a content, each with its place; a text is one part of text."""
    if content is None:
        return []
    if type(content) is str:
        return [({"type": "text", "text": content}, place)] if content else []
    if type(content) is not list:
        raise CallError("neither a text nor a list of parts", place=place, cure="see the API's reference")
    return [(table(part, f"{place}[{n}]"), f"{place}[{n}]") for n, part in enumerate(content)]


def table(value: Any, place: str) -> dict[str, Any]:
    """An object. Raises CallError where it is none."""
    if type(value) is not dict:
        raise CallError("not an object", place=place, cure="see the API's reference")
    return value


def text_of(part: Fields, place: str, *extra: str) -> str:
    """The text of a part of text. Raises CallError where it has more than that."""
    refuse_rest(part, ("type", "text", "annotations", "logprobs", "cache_control", *extra), place)
    return str(part["text"]) if type(part.get("text")) is str else _no_text(place)


def joined(texts: list[str]) -> str | list[dict[str, str]]:
    """One text as it is, several as parts, so that none runs into the next."""
    return texts[0] if len(texts) == 1 else [{"type": "text", "text": text} for text in texts]


def arguments(text: Any, place: str) -> dict[str, Any]:
    """A call's arguments as the object that they are in Anthropic's API."""
    try:
        value: dict[str, Any] = msgspec.json.decode(read((text or "{}").encode())[1])
    except (CallError, AttributeError, UnicodeError):
        raise untranslatable("a call whose arguments are no JSON object", place) from None
    return value


def written(value: Any) -> str:
    """An object as the text that it is in OpenAI's APIs."""
    return encode(value).decode()


def _no_text(place: str) -> str:
    raise CallError("a part of text without text", place=place, cure='send {"type": "text", "text": …}')
