"""docs/screen.md: the model card. Every figure in it is counted here, on texts that no model was trained on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from brightline.screen.bounds import lower, upper
from brightline.screen.finding import Seen
from brightline.screen.heads import GROUPS, SIGNS
from brightline.screen.model import Model
from brightline.screen.screening import Screen
from brightline.vocabulary import shipped
from tools.screen.labels import Training
from tools.screen.public import HELD_OUT as SOURCES
from tools.screen.public import Public
from tools.screen.situations import HELD_OUT as FAMILIES
from tools.screen.situations import Text

PAGE = Path(__file__).parent / "card.md"
PARTS = 12
_KINDS = {
    "W": "weapons (mostly civilian making), declared as office work",
    "S": "surveillance of persons, declared as office work",
    "L_S": "look-alikes: privacy",
    "L_D": "look-alikes: dangerous topics",
    "L_C": "look-alikes: cyber defence",
    "B": "benign",
}


def write_card(path: Path, model: Model, ours: Sequence[Text], theirs: Sequence[Public], data: Training) -> None:
    """Fill the page's marks with what is counted on the texts held out."""
    screen = Screen(shipped(), model, model.thresholds)
    held, public = [t for t in ours if t.held_out], [p for p in theirs if p.held_out]
    page = PAGE.read_text("utf-8")
    for mark, text in {
        "@digest@": model.digest,
        "@version@": model.version,
        "@training@": _training(ours, data),
        "@last@": _ordinary(screen, [t for t in held if t.last]),
        "@ordinary@": _ordinary(screen, [t for t in held if t.calibrating]),
        "@twins@": _twins(screen, [t for t in held if t.twin]),
        "@public@": _public(screen, public),
        "@thresholds@": _thresholds(model),
        "@families@": ", ".join(sorted(FAMILIES)),
        "@sources@": ", ".join(sorted(SOURCES)),
    }.items():
        page = page.replace(mark, text)
    path.write_text(page, "utf-8")


def _training(ours: Sequence[Text], data: Training) -> str:
    rows: list[tuple[object, ...]] = []
    for name, texts in (
        ("violating twins", [t for t in ours if t.twin and t.violating]),
        ("permitted twins", [t for t in ours if t.twin and not t.violating]),
        ("ordinary work", [t for t in ours if not t.twin]),
    ):
        written = [t.situation for t in texts]
        held = [t for t in texts if t.held_out]
        rows.append((name, len(set(written)), len(texts), len({t.situation for t in held}), len(held)))
    rows.append(("composed of phrases", "–", int((data.twin < 0).sum()), "–", 0))
    rows.append(("public, trained on", "–", int((~data.ours).sum()), "–", "below"))
    return _table(("texts", "written by hand", "with frames", "of them held out: by hand", "with frames"), rows)


def _ordinary(screen: Screen, texts: Sequence[Text]) -> str:
    rows = [_row("all", [(t, _flagged(screen, t)) for t in texts])]
    rows += [
        _row(family, [(t, _flagged(screen, t)) for t in texts if t.family == family])
        for family in sorted({t.family for t in texts})
    ]
    bare = [t for t in texts if t.text in {u.text for u in texts}]
    long = []
    for family in sorted({t.family for t in bare}):
        mine = [t for t in bare if t.family == family]
        long += [(mine[i : i + PARTS]) for i in range(0, len(mine), PARTS)]
    joined = [(part[0], _flagged(screen, part[0], "\n\n".join(t.text for t in part))) for part in long]
    rows.append(_row(f"long: {PARTS} of a family in one text", joined))
    return _table(("family", "situations", "texts", "flagged", "share of texts", "at most (95 %)"), rows)


def _row(name: str, seen: Sequence[tuple[Text, bool]]) -> tuple[object, ...]:
    situations = {t.situation for t, _ in seen}
    wrong = {t.situation for t, flagged in seen if flagged}
    flags = sum(f for _, f in seen)
    # Frames of one situation are no independent trials: the bound counts situations.
    bound = upper(len(wrong), len(situations))
    return (
        name,
        len(situations),
        len(seen),
        f"{flags} ({len(wrong)} situations)",
        _percent(flags, len(seen)),
        f"{bound:.1%}",
    )


def _twins(screen: Screen, texts: Sequence[Text]) -> str:
    pairs: dict[tuple[str, int, int], dict[bool, bool]] = {}
    seen: Counter[tuple[int, bool]] = Counter()
    for t in texts:
        seen[t.twin, t.violating] += 1
        key = (t.family, t.twin, seen[t.twin, t.violating])
        pairs.setdefault(key, {})[t.violating] = _flagged(screen, t)
    rows = []
    for family in ("", *sorted({k[0] for k in pairs})):
        mine = [p for k, p in pairs.items() if family in ("", k[0])]
        hit, false = sum(p[True] for p in mine), sum(p[False] for p in mine)
        right = sum(p[True] and not p[False] for p in mine)
        low, high = lower(hit, len(mine)), upper(hit, len(mine))
        rows.append(
            (family or "all", len(mine), f"{hit} ({_percent(hit, len(mine))}; {low:.0%}–{high:.0%})", false, right)
        )
    return _table(("family", "pairs", "violating flagged", "permitted flagged", "told apart (first only)"), rows)


def _public(screen: Screen, texts: Sequence[Public]) -> str:
    rows = []
    for label, name in _KINDS.items():
        for source in ("", *sorted({p.source for p in texts if p.label == label})):
            mine = [p for p in texts if p.label == label and source in ("", p.source)]
            flags = sum(screen("gen.office", {}, (p.text,)).screen is Seen.FLAGGED for p in mine)
            rows.append((name if not source else f"· {source}", len(mine), flags, _percent(flags, len(mine))))
    return _table(("what (source)", "texts", "flagged", "share"), rows)


def _thresholds(model: Model) -> str:
    rows = [(h.name, h.text, f"{model.thresholds[h.name]:.3f}") for h in (*GROUPS, *SIGNS)]
    return _table(("head", "what it looks for", "threshold (log-odds)"), rows)


def _flagged(screen: Screen, text: Text, instead: str = "") -> bool:
    return screen(text.activity, text.facts, (instead or text.text,)).screen is Seen.FLAGGED


def _percent(found: int, of: int) -> str:
    return f"{found / of:.1%}" if of else "–"


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    return "\n".join([*lines, *(f"| {' | '.join(str(c) for c in row)} |" for row in rows)])
