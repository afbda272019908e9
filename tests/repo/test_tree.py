"""The checks of tools/ catch what they are there for; what is tracked passes them."""

import re
import subprocess
from pathlib import Path

import pytest

from tools import docs, file_lengths, tracked_files

ROOT = Path(__file__).parents[2]
HOST = "files.python" + "hosted.org"  # in pieces: this file is tracked too


def tracked(folder: Path, name: str, content: str) -> Path:
    """A git tree at `folder` that tracks `name` alone."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    for command in (["init", "-q"], ["add", "-f", name]):
        subprocess.run(["git", *command], cwd=folder, check=True)
    return folder


def test_this_tree_passes() -> None:
    assert list(tracked_files.findings(ROOT)) == []
    assert {p: n for p, n in file_lengths.lengths(ROOT).items() if n > file_lengths.LIMIT} == {}


@pytest.mark.parametrize(
    ("name", "content", "finding"),
    [
        ("notes.md", f"line\nhttps://{HOST}/x", "notes.md:2: names a registry's host"),
        ("deep/uv.lock", "", "deep/uv.lock: a lock file"),
        ("requirements/run.txt", "--extra-index-url x\n", "requirements/run.txt:1: chooses an index"),
        ("site.key", f"PRIVATE+KEY+site+0a1b2c3d+{'A' * 44}", "site.key:1: holds a signing key"),
    ],
)
def test_what_must_not_be_tracked_is_named(tmp_path: Path, name: str, content: str, finding: str) -> None:
    found = list(tracked_files.findings(tracked(tmp_path, name, content)))
    assert len(found) == 1
    assert found[0].startswith(finding)


def test_ordinary_text_is_left_alone(tmp_path: Path) -> None:
    text = "the registry of the package index; python.org; PRIVATE+KEY+name+…\n"
    assert list(tracked_files.findings(tracked(tmp_path, "notes.md", text))) == []


def test_file_lengths_counts_python_lines(tmp_path: Path) -> None:
    assert file_lengths.lengths(tracked(tmp_path, "long.py", "x = 1\n" * 401)) == {Path("long.py"): 401}
    assert file_lengths.lengths(tracked(tmp_path / "two", "long.md", "x\n" * 401)) == {}


def test_every_requirement_is_pinned_with_a_hash() -> None:
    for path in sorted((ROOT / "requirements").glob("*.txt")):
        lines = re.sub(r"\\\n", " ", path.read_text()).splitlines()
        wanted = [line for line in lines if line and not line.startswith("#")]
        assert wanted
        for line in wanted:
            assert re.fullmatch(r"[\w.-]+==\S+( *;[^-]*)?( +--hash=sha256:[0-9a-f]{64})+", line.strip()), line[:80]


def test_every_direct_requirement_is_pinned_and_both_pins_agree() -> None:
    def pins(name: str) -> dict[str, str]:
        text = (ROOT / "requirements" / name).read_text()
        return dict(re.findall(r"^([\w.-]+)==(\S+)", text, re.MULTILINE))

    run, dev = pins("run.txt"), pins("dev.txt")
    for name, pinned in (("run.in", run), ("dev.in", dev), ("model.in", pins("model.txt"))):
        text = (ROOT / "requirements" / name).read_text()
        direct = set(re.findall(r"^([A-Za-z][\w.-]*)", text, re.MULTILINE))
        assert direct <= set(pinned), direct - set(pinned)
    assert run.items() <= dev.items()


def test_a_marked_part_of_a_page_is_written_anew() -> None:
    page = "# Head\n<!-- from tools.docs:example -->\nold\n<!-- end -->\ntail\n"
    docs.__dict__["example"] = lambda: "\nnew\n\n"
    try:
        written = docs.filled(page)
        assert written == page.replace("old", "new")
        assert docs.filled(written) == written
    finally:
        del docs.__dict__["example"]


def test_reference_pages_are_in_step_with_the_code() -> None:
    for path in sorted((ROOT / "docs").rglob("*.md")):
        assert docs.filled(path.read_text()) == path.read_text(), f"{path}: run `make docs`"
