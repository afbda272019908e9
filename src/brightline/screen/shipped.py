"""The model that comes with the program. Package files are program text: reading them is no I/O of the screen's."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from brightline.screen.model import Model, read_model
from brightline.screen.screening import Screen
from brightline.vocabulary import Vocabulary

FILE = "weights.bin"
DIGEST = "sha256:fac5d91ef218a856aebcd976ab468da03f90b7c1974902991a9bbb39554b1158"


@cache
def shipped_model() -> Model:
    """The shipped model. Raises ConfigError where the installed file is not the one pinned here."""
    return read_model(files(__package__).joinpath(FILE).read_bytes(), DIGEST)


def shipped_screen(vocabulary: Vocabulary) -> Screen:
    """The screen for `vocabulary` as it is shipped."""
    model = shipped_model()
    return Screen(vocabulary, model, model.thresholds)
