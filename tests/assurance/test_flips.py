"""One byte changed anywhere: the verification fails, at the step that its section is checked by."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from brightline.assurance.verify import Step, verify
from brightline.assurance.verify.bundle import MAGIC
from tests.assurance.records import Evidence, founding, good, mixed


def sections(bundle: bytes) -> dict[str, range]:
    """Where each part of the file lies."""
    out = {"magic": range(len(MAGIC))}
    at = len(MAGIC)
    for name in ("about", "checkpoint", "openings", "entries"):
        line = bundle.index(b"\n", at) + 1
        length = int(bundle[at : line - 1].split()[1])
        out |= {f"line of {name}": range(at, line), name: range(line, line + length)}
        at = line + length
    assert at == len(bundle)
    return out


#: The step that a byte of each section breaks. A word of `about` is compared with what was signed: digest of the
#: agreement (2), name of the log (3); all else of it is form (1).
BREAKS = {
    "magic": {1},
    "line of about": {1},
    "about": {1, 2, 3},
    "line of checkpoint": {1},
    "checkpoint": {3},
    "line of openings": {1},
    "line of entries": {1},
    "entries": {4},
}


def flips(section: str, places: range) -> Iterator[tuple[int, int]]:
    """Every byte of the short sections, every bit of it in turn; of the entries some bytes of every one."""
    draw = random.Random(section)
    if section == "entries":
        places = range(places.start, places.stop, 197)
        return ((at, 1 << draw.randrange(8)) for at in places)
    return ((at, bit) for at in places for bit in (1, 1 << draw.randrange(1, 8)))


def check_blocked(steps: tuple[Step, ...], failing: int) -> None:
    """Steps before the failing one pass, those after it were not checked."""
    assert [s.ok for s in steps] == [True] * (failing - 1) + [False] + [None] * (11 - failing)
    assert all(s.text.startswith("not checked") for s in steps[failing:])


@pytest.fixture(scope="module")
def short() -> Evidence:
    """Entries enough to open a second bundle, few enough to verify thousands of times."""
    return Evidence(mixed()[: 260 * 256], founding())


@pytest.mark.parametrize("section", BREAKS)
def test_a_flipped_byte_is_refused_at_its_step(short: Evidence, section: str) -> None:
    bundle, file, met = short.bundle, short.file, set()
    assert short.verified().verified
    for at, bit in flips(section, sections(bundle)[section]):
        forged = bytearray(bundle)
        forged[at] ^= bit
        result = verify(bytes(forged), file, short.keys)
        failing = next(s.n for s in result.steps if s.ok is False)
        assert failing in BREAKS[section], (at, bit)
        check_blocked(result.steps, failing)
        assert not result.verified
        assert result.grade is None
        assert result.totals == {}
        met.add(failing)
    assert met == BREAKS[section]


def test_a_flipped_byte_of_the_agreement_is_refused_at_step_2(short: Evidence) -> None:
    draw = random.Random(2)
    for at in range(0, len(short.file), 97):
        forged = bytearray(short.file)
        forged[at] ^= 1 << draw.randrange(8)
        result = verify(short.bundle, bytes(forged), short.keys)
        if result.verified:
            # A key id beside a signature is a hint that nobody signed.
            assert b'"keyid"' in short.file[max(at - 120, 0) : at]
        else:
            check_blocked(result.steps, 2)


def test_what_is_not_flipped_passes() -> None:
    assert good().verified().verified
