"""Every parser gives a value or its documented error with place and cure, whatever bytes it is given."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.hostile.laws import lawful
from tests.hostile.mutations import mutated
from tests.hostile.parsers import FOUND, PARSERS, Parser


@pytest.mark.parametrize("parser", PARSERS, ids=lambda p: p.name)
def test_the_seed_is_valid(parser: Parser) -> None:
    if parser.name != "authorization":  # the one key whose digest is set is nobody's
        assert parser.read(parser.seed) is not None


@pytest.mark.parametrize("parser", PARSERS, ids=lambda p: p.name)
@given(data=st.data())
@settings(max_examples=80)
def test_what_was_valid_once(parser: Parser, data: st.DataObject) -> None:
    given_bytes = data.draw(mutated(parser.seed, *parser.words))
    lawful(lambda: parser.read(given_bytes), parser.errors)


@pytest.mark.parametrize("parser", PARSERS, ids=lambda p: p.name)
@given(raw=st.binary(max_size=300) | st.text(max_size=80).map(str.encode))
@settings(max_examples=40)
def test_any_bytes(parser: Parser, raw: bytes) -> None:
    lawful(lambda: parser.read(raw), parser.errors)


@pytest.mark.parametrize("parser", PARSERS, ids=lambda p: p.name)
def test_the_seed_cut_anywhere(parser: Parser) -> None:
    for at in range(0, len(parser.seed), max(1, len(parser.seed) // 40)):
        lawful(lambda at=at: parser.read(parser.seed[:at]), parser.errors)  # type: ignore[misc]  # a default binds it


@pytest.mark.parametrize("path", sorted(FOUND.glob("*/*")), ids=lambda p: "/".join(p.parts[-2:]))
def test_what_was_found_once(path: Path) -> None:
    """Inputs that broke the law when a fuzzer found them."""
    (parser,) = (p for p in PARSERS if p.folder == path.parent.name)
    lawful(lambda: parser.read(path.read_bytes()), parser.errors)
