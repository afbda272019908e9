"""An interim agreement's terms: what two positions both allow, as a pack, while the rest is still disputed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

from brightline.analysis.joint import joint
from brightline.analysis.propose.writing import write_pack
from brightline.terms import Pack, Terms, decide, read_pack, read_scenarios, read_terms
from brightline.terms.meet import meet

TITLE = "What is undisputed between {} and {}"


def interim(a: Pack, b: Pack) -> Pack:
    """The pack of `terms.meet`, with those scenarios of both packs on which all three agree.

    Raises TermsError where the two are not written in one vocabulary, or the text leaves the profile's bounds.
    """
    x, y = joint([a.terms, b.terms], (a.name, b.name))
    both = read_terms(x.scope, meet(x, y), "the undisputed terms", x.authorities, x.pinned)
    written = write_pack("interim", TITLE.format(a.party, b.party), replace(a, terms=x), b, both.clauses)
    lines = "".join(f"{line}\n" for line in _scenarios(a, b, (x, y, written.terms)))
    return read_pack(written.name, {**written.files, "scenarios.jsonl": lines})


def _scenarios(a: Pack, b: Pack, readings: tuple[Terms, Terms, Terms]) -> Iterator[str]:
    seen: set[str] = set()
    for pack in (a, b):
        for scenario, line in zip(read_scenarios(pack), _lines(pack), strict=True):
            decisions = [decide(t, scenario.use) for t in readings]
            if len({d.outcome for d in decisions}) > 1 or scenario.id in seen:
                continue
            seen.add(scenario.id)
            yield json.dumps({**line, "expect": {"outcome": str(decisions[0].outcome)}}, ensure_ascii=False)


def _lines(pack: Pack) -> list[dict[str, object]]:
    return [json.loads(line) for line in pack.files.get("scenarios.jsonl", "").split("\n") if line.strip()]
