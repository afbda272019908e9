"""Thresholds of a customer's own: raised only, fitted on one half, tried on the other; files that are refused."""

from __future__ import annotations

import json

import pytest

from brightline.errors import ConfigError, InputError, UseError
from brightline.screen import Screen, Seen, shipped_screen
from brightline.screen.bounds import upper
from brightline.screen.calibrate import calibrate, read_thresholds, write_thresholds
from brightline.screen.heads import NAMES
from brightline.screen.report import Labelled, count, read_labelled
from brightline.vocabulary import shipped

WORDS = shipped()


@pytest.fixture(scope="module")
def screen() -> Screen:
    return shipped_screen(WORDS)


def benign(count: int, every: int = 10) -> list[Labelled]:
    """Ordinary texts, one in `every` worded so that the shipped thresholds flag it."""
    dear = "Track every resident of the city with face recognition and location pings, case {i}"
    return [
        Labelled(
            (dear if i % every == 0 else "Minutes of meeting {i}, room plan and lunch").format(i="x" * i),
            "gen.office",
            {},
        )
        for i in range(count)
    ]


def test_false_flags_fall_to_the_share_asked_for(screen: Screen) -> None:
    texts = benign(600)
    assert sum(screen(t.activity, t.facts, [t.text]).screen is Seen.FLAGGED for t in texts) > 40
    found = calibrate(screen, texts)
    assert found.fitted + found.tried == 600
    assert found.flagged <= 0.03 * found.tried
    assert found.at_most == upper(found.flagged, found.tried)
    assert all(found.thresholds[n] >= screen.thresholds[n] for n in NAMES)
    assert found.thresholds["cyber"] == screen.thresholds["cyber"]


def test_what_flags_nothing_changes_nothing(screen: Screen) -> None:
    assert calibrate(screen, benign(600, every=10_000)).thresholds == screen.thresholds


def test_a_text_repeated_stands_in_one_half(screen: Screen) -> None:
    with pytest.raises(InputError, match="too few"):
        calibrate(screen, [Labelled("the same", "gen.office", {})] * 5000)


def test_too_few_texts(screen: Screen) -> None:
    with pytest.raises(InputError, match="10 texts are too few"):
        calibrate(screen, benign(10))


def test_a_file_of_thresholds_is_read_back(screen: Screen) -> None:
    wanted = {n: t + 0.5 for n, t in screen.thresholds.items()}
    data, digest = write_thresholds(screen, wanted)
    again, found = read_thresholds(screen, data, "t.json")
    assert (again.thresholds, found) == (wanted, digest)
    assert not again.thresholds.keys() ^ set(NAMES)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"model": "sha256:00"}, "another model"),
        ({"type": "x"}, "no file of thresholds"),
        ({"thresholds": {}}, "thresholds are needed"),
        ({"force": "nan"}, "force is a number"),
        ({"force": "inf"}, "force is a number"),
        ({"force": "-1000"}, "force is a number"),
        ({"force": None}, "force is a number"),
    ],
)
def test_thresholds_that_would_silence_or_lower_are_refused(
    screen: Screen, change: dict[str, object], words: str
) -> None:
    document = json.loads(write_thresholds(screen, screen.thresholds)[0])
    if "force" in change:
        document["thresholds"] |= change
    else:
        document |= change
    with pytest.raises(ConfigError, match=words) as raised:
        read_thresholds(screen, json.dumps(document).encode(), "t.json")
    assert "t.json" in str(raised.value)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('{"text": "SECRET", "activity": "gen.offce"}', "gen.office"),
        ('{"text": "SECRET"}', "activity"),
        ('{"activity": "gen.office"}', "with a text"),
        ('["SECRET"]', "with a text"),
        ('{"text": "SECRET", "activity": "gen.office", "expect": "SECRET"}', "clear or flagged"),
        ('{"text": "SECRET", "activity": "gen.office", "famly": ""}', "family"),
        ('{"text": "SECRET", "activity": "gen.office", "family": 3}', "at most 64"),
        ('{"text": "SECRET", ', "f.jsonl:3"),
    ],
)
def test_bad_lines_name_the_place_and_not_the_text(line: str, words: str) -> None:
    with pytest.raises(UseError) as raised:
        read_labelled(WORDS, line.encode(), "f.jsonl:3")
    assert words in str(raised.value)
    assert "f.jsonl:3" in str(raised.value)
    assert "SECRET" not in str(raised.value)


def test_counts_by_expectation_and_family(screen: Screen) -> None:
    bad = "Track every resident of the city with face recognition and location pings."
    texts = [
        Labelled("Minutes of the meeting.", "gen.office", {}, "clear", "office"),
        Labelled(bad, "gen.office", {}, "flagged", "watching"),
        Labelled("Проследить передвижения всех жителей города", "gen.office", {}, "flagged", "russian"),
        Labelled("no expectation", "gen.office", {}),
    ]
    found = {(c.expect, c.family): (c.texts, c.flagged, c.not_screened) for c in count(screen, texts)}
    assert found == {
        ("clear", ""): (1, 0, 0),
        ("clear", "office"): (1, 0, 0),
        ("flagged", ""): (2, 1, 1),
        ("flagged", "russian"): (1, 0, 1),
        ("flagged", "watching"): (1, 1, 0),
    }
    with pytest.raises(InputError, match="expect"):
        count(screen, texts[3:])
