"""How many calls one actor may have under way at once, so that one key cannot take every connection to the model."""

from __future__ import annotations

from brightline.errors import CallError
from brightline.gateway.config import ActorConfig


class Turns:
    """Counts calls from their key's check to their answer's end. Belongs to one event loop."""

    def __init__(self) -> None:
        self._under_way: dict[str, int] = {}

    def take(self, actor: ActorConfig) -> None:
        """One call of this actor begins; `give_back` follows.

        Raises CallError 429, which SDKs send again by themselves, where it has too many. Such a call was neither
        decided nor recorded: nothing of it was read but its key.
        """
        under_way = self._under_way.get(actor.name, 0)
        if under_way >= actor.max_concurrent:
            cure = "wait for one of them to end, or ask your administrator for a higher max_concurrent"
            text = f"{under_way} calls of this key are under way"
            raise CallError(text, status=429, code="too_many_calls", place="Authorization", cure=cure)
        self._under_way[actor.name] = under_way + 1

    def give_back(self, actor: ActorConfig) -> None:
        """The answer of a call that `take` let begin has ended."""
        left = self._under_way[actor.name] - 1
        if left:
            self._under_way[actor.name] = left
        else:
            del self._under_way[actor.name]
