"""The exceptions are those that are drawn, and each says what is wrong, where, and the cure."""

from __future__ import annotations

import inspect
import re
from enum import StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brightline import errors
from brightline.errors import (
    BrightlineError,
    CallError,
    InputError,
    MachineError,
    UpstreamError,
    UpstreamFault,
    nearest,
)
from brightline.gateway.codec import Family, of_error

CLASSES = {name: c for name, c in inspect.getmembers(errors, inspect.isclass) if issubclass(c, BrightlineError)}


def drawn() -> dict[str, str]:
    """Class → parent, as the tree at the top of errors.py has it."""
    parents: dict[str, str] = {}
    path: list[str] = []
    for stem, name in re.findall(r"^    ((?:[│ ]   )*(?:[├└]── )?)(\w+Error)\b", errors.__doc__ or "", re.MULTILINE):
        depth = len(stem) // 4
        del path[depth:]
        parents[name] = path[-1] if path else "Exception"
        path.append(name)
    return parents


def test_the_tree_is_drawn_as_it_is() -> None:
    assert drawn() == {name: c.__base__.__name__ for name, c in CLASSES.items() if c.__base__}
    assert len(CLASSES) == 17


@pytest.mark.parametrize("error", CLASSES.values(), ids=CLASSES)
def test_an_error_is_one_sentence_with_place_and_cure(error: type[BrightlineError]) -> None:
    made = error("wrong", place="a.toml:3", cure="mend it")
    assert str(made) == "a.toml:3: wrong — mend it"
    assert (made.text, made.place, made.cure) == ("wrong", "a.toml:3", "mend it")
    assert str(error("wrong")) == "wrong"
    assert str(error("wrong", place="a")) == "a: wrong"
    assert str(error("wrong", cure="mend it")) == "wrong — mend it"
    assert error.__doc__


def test_every_fault_is_the_inputs_or_the_machines() -> None:
    for c in CLASSES.values():
        if c is not BrightlineError:
            assert issubclass(c, InputError) is not issubclass(c, MachineError)


def test_what_two_of_them_carry_beside() -> None:
    assert (CallError("x").status, CallError("x").code) == (400, "bad_request")
    assert CallError("x", status=404, code="not_found").status == 404
    assert UpstreamError("x").sent is False
    assert UpstreamError("x", sent=True).sent is True
    assert UpstreamError("x").fault is UpstreamFault.BAD_ANSWER
    assert UpstreamError("x", UpstreamFault.BUSY).fault is UpstreamFault.BUSY


def statuses(error: type[BrightlineError]) -> set[int]:
    """The HTTP statuses that the tree draws for a class, or for the nearest class above it that has any."""
    (line,) = re.findall(rf"\b{error.__name__} .*$", errors.__doc__ or "", re.MULTILINE)
    drawn = {int(number) for number in re.findall(r"\b[45]\d\d\b", line)}
    assert error.__base__
    return drawn or statuses(error.__base__)


@pytest.mark.parametrize("family", list(Family))
def test_the_tree_draws_the_statuses_that_clients_see(family: Family) -> None:
    for error in CLASSES.values():
        if error is UpstreamError:
            assert {of_error(family, UpstreamError("x", fault)).status for fault in UpstreamFault} == statuses(error)
        elif error not in (BrightlineError, CallError):
            assert {of_error(family, error("x")).status} == statuses(error), error


def test_the_nearest_word_is_offered() -> None:
    words = ["legal_basis", "place", "phase"]
    assert nearest("legal_bassis", words) == "did you mean 'legal_basis'?"
    assert nearest("plce", words) == "did you mean 'place'?"
    assert nearest("zzz", words) == "known: legal_basis, phase, place"
    assert nearest("zzz", []) == "none is declared"
    assert len(nearest("zzz", (f"a{n}" for n in range(99))).split(", ")) == 40


def test_the_nearest_member_of_an_enumeration_is_a_word() -> None:
    class Colour(StrEnum):
        RED = "red"
        GREEN = "green"

    assert nearest("rad", Colour) == "did you mean 'red'?"


@given(st.text(max_size=20), st.lists(st.text(min_size=1, max_size=8), max_size=5))
def test_a_cure_offers_only_words_that_are_known(word: str, words: list[str]) -> None:
    said = nearest(word, words)
    near = re.fullmatch(r"did you mean (.+)\?", said, re.DOTALL)
    if near is None:
        assert said == ("known: " + ", ".join(sorted(words)) if words else "none is declared")
    else:
        assert near[1] in map(repr, words)
