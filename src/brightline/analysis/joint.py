"""Terms of several packs in one scope, so that one use can be put to all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from brightline.errors import TermsError
from brightline.terms.scope import Scope
from brightline.terms.terms import Terms, read_terms


def joint(terms: Sequence[Terms], names: Sequence[str] = ()) -> list[Terms]:
    """`terms` in the union of their scopes; as they are where the scopes are equal.

    Each decides as before on every use of its own scope; what only another declares is, to it, something declared that
    no clause of it names. `names`: what to call each in errors. Raises TermsError where the modules of the vocabulary
    are not the same, or where one model lies in different families.
    """
    names = names or [f"terms {n}" for n in range(1, len(terms) + 1)]
    # 1. one vocabulary, by digest
    ours = {m.name: m.digest for m in terms[0].scope.vocabulary.modules}
    for name, t in zip(names, terms, strict=True):
        theirs = {m.name: m.digest for m in t.scope.vocabulary.modules}
        if theirs != ours:
            said = [", ".join(sorted(modules)) for modules in (ours, theirs)]
            raise TermsError(
                f"its vocabulary is {said[1]}, that of {names[0]} is {said[0]}",
                place=f"{name}: terms.toml",
                cure="pin the same modules under [vocabulary], or under [adopted] those that the words were written "
                "without",
            )
    # 2. names and components of all, in the order in which they are first declared
    scope = _union([t.scope for t in terms], names)
    return [t if _same(t.scope, scope) else _read_again(t, scope, n) for t, n in zip(terms, names, strict=True)]


def _union(scopes: Sequence[Scope], names: Sequence[str]) -> Scope:
    tables: dict[str, dict[str, str]] = {}
    components: dict[str, None] = {}
    models: dict[str, tuple[str, ...]] = {}
    for name, scope in zip(names, scopes, strict=True):
        for table, entries in scope.vocabulary.names.items():
            known = tables.setdefault(table, {})
            known.update({k: v for k, v in entries.items() if k not in known})
        components.update(dict.fromkeys(scope.components))
        for model, above in scope.models.items():
            if set(models.setdefault(model, above)) != set(above):
                raise TermsError(
                    f"the model {model} lies in {list(above)}, elsewhere in {list(models[model])}",
                    place=f"{name}: terms.toml: models",
                    cure="let both packs put the model into the same families",
                )
    for name, scope in zip(names, scopes, strict=True):
        _check_families(name, scope, models)
    return Scope(scopes[0].vocabulary.with_names(tables), tuple(components), models)


def _check_families(name: str, scope: Scope, models: Mapping[str, Sequence[str]]) -> None:
    """A model that only another declares must lie in no family of `scope`: read together it would lie in it, alone it
    does not."""
    for model in models.keys() - scope.models.keys():
        above = list(models[model])
        while above:
            up = above.pop()
            if up in scope.models:
                raise TermsError(
                    f"declares the model {up} and not {model}, which lies in it elsewhere",
                    place=f"{name}: terms.toml: models",
                    cure=f'declare it here too: [models.{model}] with in = ["{up}"]',
                )
            above += models[up]


MOST = 200  # letters of a definition that a note repeats


def notes(terms: Sequence[Terms], names: Sequence[str]) -> list[str]:
    """What equal words stand for differently, a sentence each: who is protected, where home is, which document."""
    out: list[str] = []
    for key, what in (("protected_persons", "protected persons are"), ("home", "home is")):
        said = [(name, t.pinned[key]) for name, t in zip(names, terms, strict=True) if key in t.pinned]
        if len({value for _, value in said}) > 1:
            out.append(f"{what} not the same to all: {'; '.join(f'to {name} {value[:MOST]}' for name, value in said)}")
    for authority in sorted({a for t in terms for a in t.authorities}):
        issues = [
            (name, t.authorities[authority]) for name, t in zip(names, terms, strict=True) if authority in t.authorities
        ]
        if len({(i.get("date"), i.get("digest")) for _, i in issues}) > 1:
            each = "; ".join(f"to {name} that of {i.get('date', 'no date')}" for name, i in issues)
            out.append(f"the authority {authority} is not the same document to all: {each}")
    return out


def _same(a: Scope, b: Scope) -> bool:
    """Whether every use is encoded alike."""
    values = [[f.names for f in s.vocabulary.facts.values()] for s in (a, b)]
    return values[0] == values[1] and a.components == b.components and list(a.models) == list(b.models)


def _read_again(terms: Terms, scope: Scope, name: str) -> Terms:
    text = "\n".join(c.cedar for c in sorted(terms.clauses, key=lambda c: c.line))
    place = f"{name}, read with the names of the others"
    again = read_terms(scope, text, place, terms.authorities, terms.pinned, terms.adopted)
    return Terms(scope, again.clauses, terms.authorities, terms.pinned, terms.adopted)
