"""What a model's answer tells, between two APIs: read from one (`hear_chat`, `hear_messages`), written in another.

Law: an answer is told whole or not at all. What one API has and the other has no place for is an error where it could
carry words or a call (`UpstreamError`), and is left out where it cannot (signatures, log probabilities, fingerprints).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

from brightline.errors import UpstreamError
from brightline.gateway.codec.answer import Finish


class Begin(NamedTuple):
    """The answer has begun."""

    id: str
    model: str
    created: int


class Word(StrEnum):
    """What kind of words."""

    THOUGHT = "thought"
    TEXT = "text"
    REFUSAL = "refusal"


class Words(NamedTuple):
    """The next words of this kind."""

    kind: Word
    text: str


class Asks(NamedTuple):
    """A tool call begins; `number` counts the answer's calls from 0."""

    number: int
    id: str
    name: str


class Input(NamedTuple):
    """The next piece of a call's input."""

    number: int
    text: str


class Stop(NamedTuple):
    """Why the model stopped."""

    finish: Finish


class Used(NamedTuple):
    """Tokens, as far as they are told; `input` includes what was cached."""

    input: int | None
    output: int | None


class Failed(NamedTuple):
    """An error told inside the answer: the last that is told."""

    type: str
    message: str


class End(NamedTuple):
    """The API's own end mark."""


Told = Begin | Words | Asks | Input | Stop | Used | Failed | End


@dataclass(slots=True)
class Item:
    """One run of words of a kind, or one tool call (`kind` None)."""

    kind: Word | None
    place: int
    id: str = ""
    name: str = ""
    texts: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All of it so far: the words, or the call's input."""
        return "".join(self.texts)


@dataclass(slots=True)
class Said:
    """An answer as told so far."""

    begun: Begin | None = None
    items: list[Item] = field(default_factory=list)
    calls: dict[int, Item] = field(default_factory=dict)
    finish: Finish | None = None
    input: int = 0
    output: int = 0

    def words(self, told: Words) -> tuple[Item, bool]:
        """Where these words go, and whether a run begins with them."""
        new = not self.items or self.items[-1].kind is not told.kind
        if new:
            self.items.append(Item(told.kind, len(self.items)))
        self.items[-1].texts.append(told.text)
        return self.items[-1], new

    def asks(self, told: Asks) -> Item:
        """The call that begins."""
        item = Item(None, len(self.items), told.id, told.name)
        self.items.append(item)
        self.calls[told.number] = item
        return item

    def given(self, told: Input) -> Item:
        """The call whose input this is. Raises UpstreamError where none has begun."""
        item = self.calls.get(told.number)
        if item is None:
            raise UpstreamError("the model server sent input for a tool call that had not begun", sent=True)
        item.texts.append(told.text)
        return item

    def used(self, told: Used) -> None:
        """Counts are cumulative: what is told last stands."""
        self.input = self.input if told.input is None else told.input
        self.output = self.output if told.output is None else told.output


class Hearing(Protocol):
    """Reads one API's answer."""

    def event(self, name: bytes, data: bytes) -> list[Told]: ...
    def whole(self, body: bytes) -> list[Told]: ...


class Writer(Protocol):
    """Writes another's."""

    def tell(self, told: Told) -> bytes:
        """The bytes of a stream's next events."""

    def whole(self) -> Any:
        """The document of an answer that is not streamed, all of it told."""


def untranslated(what: str) -> UpstreamError:
    """For what has no place in the client's API."""
    return UpstreamError(f"the model server's answer has {what}, for which the client's API has no place", sent=True)
