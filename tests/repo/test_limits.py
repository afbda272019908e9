"""docs/reference/limits.md: every limit in the code stands there, with its value, and no other."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path
from typing import Any

from brightline.gateway.codec import AnswerLimits, CallLimits
from brightline.gateway.wire import Limits, UpstreamLimits

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "brightline"
PAGE = (ROOT / "docs" / "reference" / "limits.md").read_text("utf-8")
ROWS = re.findall(r"^\| (.+?) \| ([\d,]+) \| (.+?) \| `([\w.]+)` \|$", PAGE, re.MULTILINE)
STRUCTS = (Limits, UpstreamLimits, AnswerLimits, CallLimits)
DEMO = "cli.demo"


def in_code() -> set[str]:
    """Module constants called MAX_…, and the fields of the classes of limits."""
    found = set()
    for path in SOURCE.rglob("*.py"):
        module = ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")
        for node in ast.parse(path.read_bytes()).body:
            targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
            names = [target.id for target in targets if isinstance(target, ast.Name)]
            found |= {f"{module}.{name}" for name in names if re.fullmatch(r"_?MAX_\w+", name)}
    for struct in STRUCTS:
        module = struct.__module__.removeprefix("brightline.")
        found |= {f"{module}.{struct.__name__}.{name}" for name in struct.__annotations__}
    return {name for name in found if not name.startswith(DEMO)}


def value(name: str) -> Any:
    """What the code has under a name of the page; a field of a class is its default."""
    module, _, constant = name.rpartition(".")
    owner, _, struct = module.rpartition(".")
    if struct[0].isupper():
        return getattr(getattr(importlib.import_module(f"brightline.{owner}"), struct)(), constant)
    return getattr(importlib.import_module(f"brightline.{module}"), constant)


def test_every_limit_is_on_the_page() -> None:
    names = [row[3] for row in ROWS]
    assert len(names) == len(set(names))
    assert in_code() <= set(names)
    rows = [line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith("| limit |")]
    assert len(ROWS) == len(rows)


def test_every_limit_has_the_value_of_the_page() -> None:
    assert {name: float(said.replace(",", "")) for _, said, _, name in ROWS} == {
        name: float(value(name)) for *_, name in ROWS
    }


def test_every_error_code_of_the_page_is_one() -> None:
    """A code beside a status stands on the page of errors with that status, or in a stream."""
    errors = (ROOT / "docs" / "reference" / "errors.md").read_text("utf-8")
    for _, _, past, name in ROWS:
        for status, code in re.findall(r"(\d{3}) `(\w+)`", past):
            assert re.search(rf"^\| `{code}` \| {status} \|", errors, re.MULTILINE), name
