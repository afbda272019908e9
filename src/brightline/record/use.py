"""The use that a decision's private fields tell: `component`, and `fact.NAME` = `VALUE SOURCE` for every fact.

Members of a set are joined with plus signs. Who writes them: `brightline.gateway.stated`.
"""

from __future__ import annotations

from collections.abc import Iterable

from brightline.errors import RecordError, UseError
from brightline.vocabulary import FactKind, FactValue, Source, Use, Vocabulary
from brightline.vocabulary.use import read_value

_FACT = "fact."


def recorded_use(
    words: Vocabulary, activity: str, fields: Iterable[tuple[str, bytes]], model: str = "", place: str = "entry"
) -> Use:
    """The use as it was decided on, without alternatives and without who asked.

    Raises UseError where a word is none of `words`, RecordError where a field is not written so.
    """
    words.activity(activity, place, UseError)
    facts: dict[str, FactValue] = {}
    sources: dict[str, Source] = {}
    component = ""
    try:
        for name, value in fields:
            if name == "component":
                component = value.decode()
            elif name.startswith(_FACT):
                fact = words.fact(name.removeprefix(_FACT), place, UseError)
                said, _, source = value.decode().rpartition(" ")
                plain: object = said
                if fact.kind is FactKind.NUMBER:
                    plain = int(said)
                elif fact.kind is FactKind.SET:
                    plain = said.split("+") if said else []
                facts[fact.name] = read_value(words, fact, plain, f"{place}: {fact.name}")
                sources[fact.name] = Source(source)
    except ValueError:
        cure = "read it with the Brightline that wrote it, or a newer one"
        raise RecordError("a fact in its private side is not written so", place=place, cure=cure) from None
    return Use(activity, facts, sources, (), "", component, model)
