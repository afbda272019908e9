"""Replay counts what was and what would be, shows only what was confirmed, and refuses tables that are none."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from brightline.analysis import replay as replaying
from brightline.analysis.layout import Layout
from brightline.analysis.past import Past, Replay
from brightline.analysis.replay import History, write_parquet
from brightline.errors import OracleError, UseError
from brightline.record.entry import OutcomeCode
from brightline.storage.packs import open_pack
from brightline.terms import Decision, Outcome, Terms, decide, read_terms
from brightline.vocabulary import Use, read_use
from tests.analysis.answers import some_uses, table
from tests.terms.generated import SCOPE, random_alternative

OLD = """
@id("all") permit (principal, action, resource);
@id("far") forbid (principal, action, resource) when { context.place == "abroad" };
@id("dark") forbid (principal, action in Action::"surv", resource) when { context.place == "unknown" };
"""
NEW = """
@id("all") permit (principal, action, resource);
@id("far") forbid (principal, action, resource) when { context.place == "abroad" }
  unless { context.approvals.contains("operator") };
@id("many") forbid (principal, action, resource) when { context.distinct_persons >= 100 };
"""
CODE = {o: OutcomeCode[o.name] for o in Outcome}


def terms(text: str) -> Terms:
    return read_terms(SCOPE, text, "t.cedar")


def past(old: Terms, uses: Sequence[Use]) -> list[Past]:
    decisions = [decide(old, u) for u in uses]
    return [Past(i, u, CODE[d.outcome], d.clauses) for i, (u, d) in enumerate(zip(uses, decisions, strict=True), 1)]


def use(**facts: Any) -> Use:
    activity = facts.pop("activity", "gen.office")
    return read_use(SCOPE.vocabulary, {"activity": activity, "facts": facts})


def run(some: Sequence[Past], text: str = NEW) -> Replay:
    history = History.of_uses(Layout(SCOPE), some, lambda place: f"line {place}")
    try:
        return history.replay(terms(text))
    finally:
        history.close()


def folded(d: Decision) -> str:
    return "deny" if d.outcome is Outcome.ASK else str(d.outcome)


def test_counts_are_those_of_decide_one_by_one() -> None:
    old, new = terms(OLD), terms(NEW)
    rng = random.Random(2)
    uses = some_uses(SCOPE, 11, 1500)
    words = SCOPE.vocabulary
    alternatives = [read_use(words, {"activity": "gen.office", "alternatives": [random_alternative(rng, SCOPE)]})]
    uses += [replace(u, alternatives=alternatives[0].alternatives) for u in uses[:40]] + uses[:300]
    found = run(past(old, uses))
    for side, t in ((found.before, old), (found.after, new)):
        each = [decide(t, u) for u in uses]
        assert {o: n for o, n in side.outcomes.items() if n} == Counter(map(folded, each))
        by_clause = Counter((c, folded(d)) for d in each for c in d.clauses)
        assert {(c, o): n for c, by in side.clauses.items() for o, n in by.items()} == by_clause
    pairs = [(decide(old, u), decide(new, u)) for u in uses]
    changed = Counter((folded(a), a.clauses, folded(b), b.clauses) for a, b in pairs if folded(a) != folded(b))
    assert found.uses == len(uses)
    assert found.changed == sum(changed.values()) > 100
    assert {(c.before, c.before_clauses, folded(c.after), c.after.clauses): c.count for c in found.changes} == changed
    assert found.kinds == len(changed) == len(found.changes)
    assert [c.count for c in found.changes] == sorted((c.count for c in found.changes), reverse=True)


def test_the_same_terms_change_nothing() -> None:
    uses = some_uses(SCOPE, 12, 800)
    found = run(past(terms(OLD), uses), OLD)
    assert found.changed == found.kinds == 0
    assert found.before == found.after
    assert found.changes == ()


def test_an_example_has_the_fewest_stated_facts_and_is_the_first_of_those() -> None:
    far = [
        use(place="abroad", scale="bulk", phase="plan"),
        use(place="abroad", scale="group"),
        use(place="abroad", intent="deliberate"),
        use(place="abroad", intent="deliberate", activity="surv.profile"),
    ]
    found = run(past(terms(OLD), [use(), *far]))
    (change,) = found.changes
    assert (change.count, change.before, change.after.outcome) == (4, "deny", Outcome.HOLD)
    assert change.use.facts == far[1].facts
    assert change.place == "line 3"
    assert [n.approvals for n in change.after.needs] == [("operator",)]


def test_what_was_not_recorded_is_counted_as_that_and_never_as_changed() -> None:
    found = run([Past(1, use(place="abroad")), Past(2, use(), OutcomeCode.PERMIT), Past(3, use(), OutcomeCode.DENY)])
    assert found.before.outcomes == {"not_recorded": 1, "permit": 1, "deny": 1}
    assert found.before.clauses == {}
    assert found.after.outcomes == {"hold": 1, "permit": 2}
    (change,) = found.changes
    assert (change.count, change.before, change.before_clauses, change.place) == (1, "deny", (), "line 3")


def test_an_ask_is_a_deny_on_both_sides() -> None:
    some = past(terms(OLD), [use(activity="surv.profile")])
    assert some[0].outcome == OutcomeCode.ASK
    found = run(some, OLD)
    assert found.before.outcomes == found.after.outcomes == {"deny": 1}
    assert not found.changed


def test_chunks_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    some = past(terms(OLD), some_uses(SCOPE, 13, 300) * 2)
    whole = run(some)
    monkeypatch.setattr(replaying, "CHUNK", 7)
    assert run(some) == whole


def test_examples_are_bounded_and_counts_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    some = past(terms(OLD), some_uses(SCOPE, 14, 1500))
    whole = run(some)
    assert whole.kinds > 3
    monkeypatch.setattr(replaying, "MAX_EXAMPLES", 2)
    few = run(some)
    assert (few.changed, few.kinds, few.changes) == (whole.changed, whole.kinds, whole.changes[:2])


def test_an_example_that_the_closures_do_not_confirm_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    some = past(terms(OLD), [use(place="abroad")])
    monkeypatch.setattr(replaying, "decide", lambda t, u, _: decide(terms(OLD), u))
    monkeypatch.setattr(replaying, "confirm", lambda *_: None)
    with pytest.raises(OracleError, match=r"line 1: closures say deny by far, SQL says hold by far"):
        run(some)


# -- Parquet -----------------------------------------------------------------------------------------

LAYOUT = Layout(SCOPE)


def written(path: Path, some: Sequence[Past]) -> Path:
    columns = table(LAYOUT, [p.use for p in some])
    del columns["_place"]
    columns["_recorded"] = np.array([p.outcome for p in some])
    columns["_recorded_clauses"] = np.array([",".join(p.clauses) for p in some], dtype=object)
    write_parquet(LAYOUT, columns, path)
    return path


def replayed(path: Path) -> Replay:
    history = History.of_parquet(LAYOUT, path)
    try:
        return history.replay(terms(NEW))
    finally:
        history.close()


@pytest.mark.parametrize("name", ["plain.parquet", "it's; DROP TABLE uses; --*[a]?{b}.parquet", "Ünï\n.parquet"])
def test_a_parquet_file_says_what_the_uses_said(tmp_path: Path, name: str) -> None:
    some = past(terms(OLD), some_uses(SCOPE, 15, 700))
    path = written(tmp_path / name, some)
    found, plain = replayed(path), run(some)
    assert (found.before, found.after, found.changed) == (plain.before, plain.after, plain.changed)
    assert [c.place for c in found.changes] == [c.place.replace("line", f"{path}: row") for c in plain.changes]
    assert sorted(p.name for p in tmp_path.iterdir()) == [name]


def test_a_glob_is_a_name_and_opens_nothing_else(tmp_path: Path) -> None:
    written(tmp_path / "a.parquet", past(terms(OLD), [use()]))
    with pytest.raises(UseError, match="cannot be read: No such file"):
        History.of_parquet(LAYOUT, tmp_path / "*.parquet")


def test_the_database_reads_no_other_file_and_writes_none(tmp_path: Path) -> None:
    path = written(tmp_path / "a.parquet", past(terms(OLD), [use()]))
    other = written(tmp_path / "b.parquet", past(terms(OLD), [use()]))
    history = History.of_parquet(LAYOUT, path)
    for query in (
        f"SELECT * FROM '{other}'",
        f"COPY (SELECT 1) TO '{tmp_path}/c'",
        "INSTALL httpfs",
        "SET threads = 1",
    ):
        with pytest.raises(duckdb.Error):
            history._con.execute(query)
    history.close()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.parquet", "b.parquet"]


def changed(column: str, value: int | None, kind: str = "BIGINT") -> Callable[[Path], None]:
    """Row 2 of the file with another value in one column."""
    shown = "NULL" if value is None else value
    case = f'CASE row_number() OVER () WHEN 2 THEN {shown} ELSE "{column}" END'
    return selected(f'SELECT * REPLACE ({case}::{kind} AS "{column}")')


def selected(select: str, words: bool = True, rows: int = 99) -> Callable[[Path], None]:
    def plant(path: Path) -> None:
        with duckdb.connect(":memory:") as con:
            ((said,),) = con.execute(
                f"SELECT value FROM parquet_kv_metadata('{path}') WHERE key = 'brightline.words'"
            ).fetchall()
            con.execute(f"CREATE TABLE t AS {select} FROM '{path}' LIMIT {rows}")
            extra = f", KV_METADATA {{'brightline.words': '{said.decode()}'}}" if words else ""
            con.execute(f"COPY t TO '{path}' (FORMAT parquet{extra})")

    return plant


UNKNOWN_PLACE = SCOPE.vocabulary.bits["place"]["unknown"]
CLAIMED_PLACE = SCOPE.vocabulary.bits["claimed"]["place"]
PLANTS: dict[str, tuple[Callable[[Path], None], str]] = {
    "no words": (selected("SELECT *", words=False), "does not say what its bits stand for"),
    "no row": (selected("SELECT *", rows=0), "u.parquet: no use in it"),
    "a column gone": (selected("SELECT * EXCLUDE (place)"), "no column place"),
    "a column too many": (selected("SELECT *, 1 AS plase"), "a column 'plase'.*did you mean 'place'"),
    "a text for a number": (selected("SELECT * REPLACE (place::VARCHAR AS place)"), "the column place is VARCHAR"),
    "a float": (selected("SELECT * REPLACE (place::DOUBLE AS place)"), "the column place is DOUBLE"),
    "beyond 64 bits": (selected("SELECT * REPLACE (lanes::UBIGINT AS lanes)"), "the column lanes is UBIGINT"),
    "a list of clauses": (selected("SELECT * REPLACE ([1] AS _recorded_clauses)"), "_recorded_clauses is INTEGER"),
    "activity 0": (changed("activity", 0), "row 2: activity is no rank"),
    "activity beyond": (changed("activity", 999), "row 2: activity is no rank"),
    "activity beyond 16 bits": (changed("activity", 2**40), "row 2: activity is no rank"),
    "two values": (changed("place", 3), "row 2: place has 2 values"),
    "no value": (changed("place", 0), "row 2: place"),
    "a bit without a word": (changed("place", 8), "row 2: place has a bit that no word stands for"),
    "a member without a word": (changed("lanes", 8), "row 2: lanes has a bit"),
    "below zero": (changed("distinct_persons", -1), "row 2: distinct_persons has a bit"),
    "the least number": (changed("place", -(2**63)), "row 2: place has a bit"),
    "nothing": (changed("scale", None), "row 2: scale is empty"),
    "component that none is": (changed("component", 2), "row 2: no component lies in just these"),
    "model that none is": (changed("model", 2), "row 2: no model lies in just these"),
    "a claim of nothing": (
        selected(f"SELECT * REPLACE ({UNKNOWN_PLACE} AS place, {CLAIMED_PLACE}::BIGINT AS claimed)"),
        "row 1: .*only a fact that is not 'unknown' is claimed",
    ),
    "no such outcome": (changed("_recorded", 5), "row 2: _recorded is no outcome"),
    "clauses that are none": (
        selected("SELECT * REPLACE ('a b' AS _recorded_clauses)"),
        "_recorded_clauses holds 'a b'",
    ),
}


@pytest.mark.parametrize("plant", PLANTS.values(), ids=PLANTS)
def test_a_table_that_is_no_table_of_uses_is_refused_by_place(
    tmp_path: Path, plant: tuple[Callable[[Path], None], str]
) -> None:
    path = written(tmp_path / "u.parquet", past(terms(OLD), [use(), use(place="home"), use(scale="bulk")]))
    plant[0](path)
    with pytest.raises(UseError, match=f"u.parquet: .*{plant[1]}|{plant[1]}") as raised:
        replayed(path)
    assert raised.value.cure
    assert "/proc/" not in str(raised.value)


def test_words_of_other_terms_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "u.parquet", past(terms(OLD), [use()]))
    with pytest.raises(UseError, match="activity: written with other words"):
        History.of_parquet(Layout(open_pack("compromise").terms.scope), path)


def test_bytes_that_are_no_parquet_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "u.parquet", past(terms(OLD), some_uses(SCOPE, 16, 300)))
    whole = path.read_bytes()
    rng = random.Random(5)
    refused = 0
    texts = [b"", b"PAR1", b'{"activity": "gen.office"}', whole[:-5], whole[:100] + whole[200:]]
    texts += [whole[:i] + bytes([rng.randrange(256)]) + whole[i + 1 :] for i in rng.sample(range(len(whole)), 40)]
    before = replayed(path)
    for text in texts:
        path.write_bytes(text)
        try:
            found = replayed(path)
        except UseError:
            refused += 1
        else:
            assert found.uses == before.uses
    assert refused > 5


def test_what_is_no_plain_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.parquet")
    (tmp_path / "folder.parquet").mkdir()
    (tmp_path / "loop.parquet").symlink_to("loop.parquet")
    for name, why in (
        ("pipe", "not a plain file"),
        ("folder", "not a plain file"),
        ("loop", "cannot be read"),
        ("none", "No such"),
    ):
        with pytest.raises(UseError, match=why):
            History.of_parquet(LAYOUT, tmp_path / f"{name}.parquet")
