"""The modules that come with the program. Package files are program text: reading them is no I/O of the kernel's."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from brightline.errors import VocabularyError, nearest
from brightline.vocabulary.module import Module, read_module
from brightline.vocabulary.words import Vocabulary

SHIPPED = ("core", "defence", "health")


@cache
def module(name: str) -> Module:
    """The shipped module called `name`. Raises VocabularyError."""
    if name not in SHIPPED:
        raise VocabularyError(f"no module is called {name[:60]!r}", cure=nearest(name, SHIPPED))
    return read_module(name, files(__package__).joinpath(f"{name}.toml").read_text("utf-8"))


@cache
def shipped(*names: str) -> Vocabulary:
    """The vocabulary of the named modules, all shipped ones where none is named."""
    return Vocabulary.join(module(n) for n in names or SHIPPED)
