"""Stories of `brightline screen`: a customer fits the screen to its own traffic, and looks at what it flags."""

from __future__ import annotations

import json

from tests.cli.shell import Shell
from tests.cli.test_contract import KEYS

DEAR = "Track every resident of the city with face recognition and location pings, case"


def traffic(count: int, every: int = 10, **more: str) -> str:
    texts = (f"{DEAR} {'x' * i}" if i % every == 0 else f"Minutes of meeting {'x' * i}" for i in range(count))
    return "\n".join(json.dumps({"text": t, "activity": "gen.office"} | more) for t in texts)


def test_calibrate_then_report(shell: Shell) -> None:
    (shell.folder / "benign.jsonl").write_text(traffic(600, expect="clear"))
    before = shell("screen", "report", "benign.jsonl", "--json").document
    assert set(before) == KEYS["screen report"]
    assert before["counts"][0]["flagged"] > 40
    made = shell("screen", "calibrate", "benign.jsonl", "-o", "t.json", "--json").document
    assert set(made) == KEYS["screen calibrate"]
    assert "surveillance" in made["raised"]
    assert made["flagged"] / made["tried"] <= made["at_most"] < 0.05
    after = shell("screen", "report", "benign.jsonl", "-t", "t.json", "--json").document
    assert after["thresholds"] == made["digest"]
    assert after["counts"][0]["flagged"] < 20


def test_no_text_is_kept(shell: Shell) -> None:
    said = shell("screen", "calibrate", "-", "-o", "t.json", stdin=traffic(600))
    assert said.status == 0
    assert "at most" in said.out
    for text in (said.out, (shell.folder / "t.json").read_text()):
        assert "resident" not in text
        assert "Minutes" not in text


def test_a_table_for_people(shell: Shell) -> None:
    said = shell("screen", "report", "-", stdin=traffic(20, every=99, expect="clear", family="office"))
    assert said.status == 0
    assert "office" in said.out


def test_faults_name_file_line_and_cure(shell: Shell) -> None:
    (shell.folder / "f.jsonl").write_text('{"text": "a", "activity": "gen.office"}\n{"text": "SECRET"}\n')
    for verb in ("calibrate", "report"):
        said = shell("screen", verb, "f.jsonl")
        assert said.status == 2
        assert "f.jsonl:2" in said.err
        assert "SECRET" not in said.err
        assert shell("screen", verb, "missing.jsonl").status == 2
    few = shell("screen", "calibrate", "-", stdin=traffic(10))
    assert "too few" in few.err
    assert not (shell.folder / "screen-thresholds.json").exists()
    (shell.folder / "t.json").write_text("{}")
    assert "t.json" in shell("screen", "report", "-", "-t", "t.json", stdin=traffic(5)).err
    assert "such a file already" in shell("screen", "calibrate", "-", "-o", "t.json", stdin=traffic(600)).err
    assert "expected" in shell("screen", "report", "-", stdin=traffic(5)).err
