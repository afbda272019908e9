"""The drawings say what the code does: the same steps, in the same order, by the same names."""

from __future__ import annotations

import re
from pathlib import Path

from brightline.assurance.verify import STEPS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "how-it-works.md").read_text("utf-8")


def drawing(heading: str) -> str:
    """The one under a heading of the page."""
    (found,) = re.findall(rf"^## {heading}\n.*?```\n(.*?)```", PAGE, re.DOTALL | re.MULTILINE)
    return str(found)


def test_the_request_is_drawn_in_the_steps_of_the_exchange() -> None:
    source = (ROOT / "src/brightline/gateway/exchange.py").read_text("utf-8")
    in_code = list(dict.fromkeys(re.findall(r"^ +# (\d)\. (\w+)", source, re.MULTILINE)))
    drawn = re.findall(r"^ (\d) (\w+)", drawing("One request, from socket to record"), re.MULTILINE)
    assert [n for n, _ in drawn] == list("12345678")
    assert set(in_code) == set(drawn)


def test_the_bundle_is_drawn_in_the_steps_of_verify() -> None:
    drawn = re.findall(r"(\d+) (.+?)(?: ─►.*)?$", drawing("One bundle, from file to verdict"), re.MULTILINE)
    assert [(int(n), text) for n, text in drawn] == [(n, name) for n, (name, _) in STEPS.items()]


def test_the_layers_are_drawn_as_they_are_enforced() -> None:
    contract = (ROOT / "pyproject.toml").read_text("utf-8").partition("layers = [")[2].partition("\n]")[0]
    drawn = [
        word
        for line in drawing("The layers").splitlines()
        for word in re.split(r"\s{2,}", line.strip())[0].split(" · ")
    ]
    for layer in drawn:
        assert re.search(rf"\b{layer}\b", contract), layer
        assert (ROOT / "src/brightline" / layer).is_dir() or (ROOT / f"src/brightline/{layer}.py").is_file(), layer
