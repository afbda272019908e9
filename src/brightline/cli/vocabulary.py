"""`brightline vocabulary [WORD]`: the words of a use, and what each means."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from brightline.cli.opening import open_pack
from brightline.cli.printing import Json, print_json, say
from brightline.errors import ConfigError, nearest
from brightline.vocabulary import Activity, Fact, Vocabulary, shipped
from brightline.vocabulary.schema import cedar_schema, use_schema


def add(app: typer.Typer) -> None:
    app.command("vocabulary")(vocabulary)


def vocabulary(
    word: Annotated[str, typer.Argument(help="An activity, group, fact, value, role or module; all where empty.")] = "",
    pack: Annotated[
        str, typer.Option(help="Only the words of this pack: its modules, and the names it declares.")
    ] = "",
    schema: Annotated[str, typer.Option(help="Print a schema instead: `cedar` or `use`.")] = "",
    as_json: Json = False,
) -> None:
    """The words of a use: activities, facts and their values, roles, modules."""
    words = open_pack(pack).terms.scope.vocabulary if pack else shipped()
    if schema:
        makers = {"cedar": cedar_schema, "use": use_schema}
        if schema not in makers:
            raise ConfigError(f"no schema is called {schema!r}", place="--schema", cure=nearest(schema, makers))
        print_json(makers[schema](words))
        return
    found = _all(words) if not word else _named(words, word)
    if as_json:
        print_json(found)
    else:
        _show(found)


def _all(words: Vocabulary) -> dict[str, Any]:
    return {
        "digest": words.digest,
        "modules": [{"name": m.name, "title": m.title, "digest": m.digest} for m in words.modules],
        "groups": dict(words.groups),
        "activities": [_activity(a) for a in words.activities.values()],
        "facts": [_fact(f) for f in words.facts.values()],
        "roles": dict(words.names["roles"]),
    }


def _named(words: Vocabulary, word: str) -> dict[str, Any]:
    """Everything that goes by `word`. Raises ConfigError with the nearest word."""
    found = {
        "modules": [{"name": m.name, "title": m.title, "digest": m.digest} for m in words.modules if m.name == word],
        "groups": {g: t for g, t in words.groups.items() if g == word},
        "activities": [_activity(a) for a in words.activities.values() if word in (a.name, a.group)],
        "facts": [_fact(f) for f in words.facts.values() if word == f.name or (word in f.names and not _of_facts(f))],
        "roles": {r: t for r, t in words.names["roles"].items() if r == word},
    }
    if not any(found.values()):
        everything = [*words.activities, *words.groups, *words.facts, *words.names["roles"]]
        everything += [v for f in words.facts.values() for v in f.names]
        raise ConfigError(f"no word is called {word[:60]!r}", place="vocabulary", cure=nearest(word, everything))
    return found


def _activity(a: Activity) -> dict[str, Any]:
    return {"name": a.name, "group": a.group, "text": a.text, "module": a.module, "parent": a.parent or None}


def _of_facts(f: Fact) -> bool:
    """Whether its values are the names of facts: they are no words of its own, and nobody declares them."""
    return f.declared_in == "facts"


def _fact(f: Fact) -> dict[str, Any]:
    return {
        "name": f.name,
        "kind": str(f.kind),
        "text": f.text,
        "module": f.module,
        "gateway": f.gateway,
        "declared_in": None if _of_facts(f) else f.declared_in or None,
        "values": [{"name": v.name, "text": v.text, "parent": v.parent or None} for v in f.values],
    }


def _show(found: dict[str, Any]) -> None:
    for m in found["modules"]:
        say(f"module {m['name']}: {m['title']}\n  {m['digest']}")
    for group, text in found["groups"].items():
        say(f"group {group}: {text}")
    for a in found["activities"]:
        say(f"activity {a['name']}: {a['text']}")
    for f in found["facts"]:
        who = ", set by the gateway" if f["gateway"] else ""
        where = f", declared in terms.toml under [{f['declared_in']}]" if f["declared_in"] else ""
        say(f"fact {f['name']} ({f['kind']}{who}{where}): {f['text']}")
        for v in f["values"]:
            say(f"    {v['name']}: {v['text']}")
    for role, text in found["roles"].items():
        say(f"role {role}: {text}")
