"""`brightline compare`: stories on the shipped packs and on packs that cannot be compared."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks.compare import enums
from tests.cli.shell import SOURCE, Shell

ALL = '@id("p") @title("Everything") permit (principal, action, resource);'


def write(folder: Path, name: str, text: str) -> str:
    (folder / name).write_text(text, encoding="utf-8")
    return name


def test_the_founding_dispute(shell: Shell) -> None:
    said = shell("compare", "vendor", "customer")
    assert said.status == 1
    assert said.out.startswith("The vendor and the customer differ on ")
    assert "Proven complete: every other use is decided alike." in said.out
    assert "V-R3 “No analysis of purchased data on protected persons in bulk”" in said.out
    whole = shell("compare", "vendor", "customer", "--all")
    document = shell("compare", "vendor", "customer", "--json").document
    assert (document["equivalent"], document["complete"]) == (False, True)
    assert document["names"] == {"a": "the vendor", "b": "the customer"}
    assert all(d["id"] in whole.out for d in document["differences"])


def test_equivalent_texts_end_0(shell: Shell) -> None:
    one = write(shell.folder, "one.cedar", ALL)
    other = write(shell.folder, "other.cedar", ALL.replace('"p"', '"q"'))
    said = shell("compare", one, other)
    assert said.status == 0
    assert "say the same of every use" in said.out
    assert shell("compare", one, other, "--json").document["equivalent"] is True


def test_within_shows_three_contradictions_of_the_vendor(shell: Shell) -> None:
    said = shell("compare", "--within", "vendor", "--json")
    assert said.status == 1
    assert [c["b"]["clauses"] for c in said.document["cards"]] == [["V-W1-literal"], ["V-S1-literal"], ["V-X2-literal"]]
    assert shell("compare", "--within", "customer").status == 0


def test_three_packs(shell: Shell) -> None:
    some = [
        write(shell.folder, f"{n}.cedar", f'{ALL}\n@id("f") forbid (principal, action, resource) when {{ {when} }};')
        for n, when in enumerate(['context.place == "home"', 'context.place != "home"', 'context.place == "home"'])
    ]
    document = shell("compare", *some, "--json").document
    assert {str(d["agree"]) for d in document["differences"]} == {"[['a', 'c'], ['b']]"}
    assert shell("compare", *some).status == 1


MISUSED = {
    "one pack": (("vendor",), "one pack is not enough — name two or more"),
    "two packs within": (("--within", "vendor", "customer"), "--within looks at one pack, here are 2 — name one"),
    "no such pack": (("vendor", "custmer"), "custmer: there is no such pack — name a folder"),
}


@pytest.mark.parametrize(("arguments", "sentence"), MISUSED.values(), ids=MISUSED)
def test_what_cannot_be_compared_is_told_in_one_sentence(
    shell: Shell, arguments: tuple[str, ...], sentence: str
) -> None:
    assert shell.fails("compare", *arguments).startswith(sentence)


def test_packs_on_other_vocabularies_are_refused_with_both_lists(shell: Shell) -> None:
    said = shell.fails("compare", "vendor", "health-vendor")
    assert said.startswith(
        "health-vendor: terms.toml: its vocabulary is core, health, that of vendor is core, defence — "
    )


def test_a_title_cannot_play_with_the_terminal(shell: Shell) -> None:
    one = write(shell.folder, "one.cedar", ALL)
    evil = '@id("f") @title("\\u{1b}[2Jgone") forbid (principal, action, resource);'
    other = write(shell.folder, "other.cedar", f"{ALL}\n{evil}")
    assert "\x1b" not in shell("compare", one, other).out


TELLING = """
import pathlib, signal
install = signal.signal
def telling(*arguments):
    before = install(*arguments)
    pathlib.Path("listening").touch()
    return before
signal.signal = telling
from brightline.cli import main
main()
"""


def test_stopped_by_ctrl_c_it_shows_what_it_found(tmp_path: Path) -> None:
    """Two texts at random over all facts have far more kinds of use than anyone would wait for."""
    some = []
    for seed in (1, 2):
        rng = random.Random(seed)
        clauses = [ALL]
        for n in range(60):
            when = " && ".join(f'context.{f.name} == "{rng.choice(f.names)}"' for f in rng.sample(enums(), 3))
            clauses.append(f'@id("C{n}") forbid (principal, action, resource) when {{ {when} }};')
        some.append(write(tmp_path, f"{seed}.cedar", "\n".join(clauses)))
    running = subprocess.Popen(
        [sys.executable, "-c", TELLING, "compare", *some, "--json"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    while not (tmp_path / "listening").exists():  # on a busy machine it takes long to begin
        assert running.poll() is None
        time.sleep(0.05)
    time.sleep(2)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=300)
    assert (running.returncode, err) == (1, b"")
    document = json.loads(out)
    assert (document["complete"], document["equivalent"]) == (False, False)
    assert document["differences"]
    assert "stopped" in document["open"][0]
