"""The README is true: its commands are run, its Python is run against a gateway, its links lead somewhere."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT / "src")}


def brightline(*args: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "brightline.cli", *args],
        cwd=cwd,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


@pytest.mark.parametrize("block", blocks("console"), ids=lambda b: b.split("\n")[0][:40])
def test_every_transcript_is_what_the_commands_print(block: str, tmp_path: Path) -> None:
    for command, shown in re.findall(r"^\$ (.*?)\n(.*?)(?=^\$ |\Z)", block, re.DOTALL | re.MULTILINE):
        program, *args = shlex.split(command)
        if program == "cat":
            (tmp_path / args[0]).write_text(shown, "utf-8")
            continue
        assert program == "brightline"
        printed = "\n".join(line.rstrip() for line in brightline(*args, cwd=tmp_path).stdout.splitlines())
        for part in re.split(r"^\s*…$", shown, flags=re.MULTILINE):  # what is left out is marked
            assert part.strip() in printed, command


def test_the_make_targets_are_there() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for target in re.findall(r"^make (\S+)", README, re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_links_lead_somewhere() -> None:
    for link in re.findall(r"\]\((?!http)([^)#]+)\)", README):
        assert (ROOT / link).exists(), link


def test_the_demo_tells_the_whole_story_and_ends_0(tmp_path: Path) -> None:
    for _ in range(2):  # run twice in a row it works twice
        done = brightline("demo", "--json", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        story = json.loads(done.stdout)
        assert [c["outcome"] for c in story["calls"]] == ["permit", "permit", "hold", "ask", "deny", "deny"]
        assert story["calls"][0]["answer"].strip()
        assert story["metered"] == ["permit"] * 9 + ["hold"]
        assert ["Harbor" in said for said in story["variant"].values()] == [False, True]
        assert story["tools"]["held"]["released"] == "task_drone"
        assert story["tools"]["held"]["again"] != story["tools"]["held"]["hold"]
        assert story["tools"]["denied"]["released"] == []
        assert (story["verified"], story["forged"]) == (True, False)
        assert story["differing"]


def test_the_five_lines_answer_with_real_tokens(tmp_path: Path) -> None:
    """As `make serve` does it, on a free port instead of 8080."""
    assert brightline("demo", "--setup", "play", cwd=tmp_path).returncode == 0
    settings = tmp_path / "play" / "brightline.toml"
    settings.write_text(settings.read_text("utf-8").replace("127.0.0.1:8080", "127.0.0.1:0"), "utf-8")
    with subprocess.Popen(
        [sys.executable, "-m", "brightline.cli", "serve", "--config", str(settings), "--json"],
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as gateway:
        try:
            assert gateway.stdout is not None
            url = json.loads(gateway.stdout.readline())["ready"]
            (code,) = blocks("python")
            code = code.replace("http://127.0.0.1:8080", url).replace("model=", "max_tokens=24, model=")
            done = subprocess.run(
                [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, done.stderr
            assert done.stdout.strip()
        finally:
            gateway.terminate()
