"""The import contracts of pyproject.toml hold, and each one catches what it is there for."""

import ast
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text())
CONTRACTS = SETTINGS["tool"]["importlinter"]["contracts"]
KERNEL = next(c for c in CONTRACTS if c["name"].startswith("the kernel"))["source_modules"]

OFFENCES = [
    ("errors.py", "import brightline.keys", "each layer"),
    ("record/offence.py", "import brightline.agreement", "each layer"),
    ("agreement/offence.py", "import brightline.models", "each layer"),
    ("helpers/__init__.py", "", "each layer"),
    ("record/offence.py", "import socket", "the kernel"),
    ("terms/offence.py", "from pathlib import Path", "the kernel"),
    ("vocabulary/offence.py", "import time", "the kernel"),
    ("canonical.py", "import cryptography", "one door to cryptography"),
    ("terms/decide.py", "import cedarpy", "one door to cedarpy"),
    ("record/offence.py", "import z3", "one door to z3"),
    ("models/offence.py", "import httptools", "one door to httptools"),
    ("models/offence.py", "import typer", "one door to typer"),
    ("keys/offence.py", "import xllamacpp", "one door to xllamacpp"),
]
# What import-linter cannot see: built-ins, and the parts of harmless modules that ask the machine.
ASKS_THE_MACHINE = {"open", "print", "input", "now", "utcnow", "today", "uuid1", "uuid4", "getnode"}


def lint(source: Path) -> subprocess.CompletedProcess[str]:
    program, settings = Path(sys.executable).with_name("lint-imports"), ROOT / "pyproject.toml"
    command = [str(program), "--no-cache", "--no-logo", "--config", str(settings)]
    environment = {**os.environ, "PYTHONPATH": str(source)}
    return subprocess.run(command, env=environment, cwd=source, capture_output=True, text=True, check=False)


def copied(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "src/brightline", tmp_path / "brightline", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def test_every_contract_is_kept() -> None:
    answer = lint(ROOT / "src")
    assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.mark.parametrize(("place", "line", "contract"), OFFENCES, ids=lambda v: v.replace("/", "-"))
def test_an_offence_is_caught(tmp_path: Path, place: str, line: str, contract: str) -> None:
    source = copied(tmp_path)
    path = source / "brightline" / place
    path.parent.mkdir(exist_ok=True)
    with path.open("a") as file:
        file.write(f"\n{line}\n")
    answer = lint(source)
    assert answer.returncode == 1, answer.stderr
    broken = [text for text in answer.stdout.splitlines() if " BROKEN" in text]
    assert any(text.startswith(contract) for text in broken), answer.stdout


def test_every_package_of_the_kernel_is_under_its_contract() -> None:
    names = [
        "agreement",
        "assurance.verify",
        "canonical",
        "errors",
        "keys",
        "record",
        "registry",
        "terms",
        "vocabulary",
    ]
    paths = {f"brightline.{n}": ROOT / "src/brightline" / n.replace(".", "/") for n in names}
    built = {name for name, path in paths.items() if path.is_dir() or path.with_suffix(".py").exists()}
    assert set(KERNEL) == built


def kernel_files() -> list[Path]:
    paths = [ROOT / "src" / name.replace(".", "/") for name in KERNEL]
    return [
        file for p in paths for file in ([p.with_suffix(".py")] if p.with_suffix(".py").exists() else p.rglob("*.py"))
    ]


def calls(tree: ast.AST) -> set[str]:
    """The last names of everything that is called."""
    functions = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return {f.id if isinstance(f, ast.Name) else f.attr for f in functions if isinstance(f, ast.Name | ast.Attribute)}


def test_the_kernel_asks_the_machine_nothing() -> None:
    files = kernel_files()
    assert len(files) > 30
    offences = {f.name: found for f in files if (found := calls(ast.parse(f.read_bytes())) & ASKS_THE_MACHINE)}
    # The door to tokens opens a session of the token, by the library's name for it, and no file.
    assert offences == {"token.py": {"open"}}


def test_that_check_sees_a_call() -> None:
    assert calls(ast.parse("open('x'); datetime.now(UTC)")) & ASKS_THE_MACHINE == {"open", "now"}
