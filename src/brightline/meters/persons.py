"""What counts as one person: a distinct identifier, as written.

Law: over-counting is safe, under-counting is not. So little is made alike: canonical Unicode forms (NFC), white space,
and the case of names of several words. Whatever else differs, look-alike letters and invisible ones included, is
another person. A person written in two ways counts twice; two persons never count once because of what is done here.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from brightline.meters.counted import MAX_PERSONS, Counted, How

BETWEEN = "\x1f"
LONGEST_NFC = 200  # putting marks in order takes time with the square of their number
_SEPARATORS = re.compile(r"[;|,/&\n\r\t\v\f\x1c-\x1f\x85\u2028\u2029；，、／＆؛،]| and ")


@dataclass(frozen=True, slots=True)
class PersonFields:
    """Names of fields or columns that identify persons, as the owner of a tool or data set attests them.

    `groups`: fields that together name one person (`(("family_name", "given_name"), ("callee",))`); a field alone may
    hold several persons with separators between. `whole`: fields of which one value is always one person, whatever it
    has in it (`Lee, Ann`). Trusted: never pass them for content that a caller wrote, who could name a column so that
    everybody looks like one.
    """

    groups: tuple[tuple[str, ...], ...] = ()
    whole: frozenset[str] = frozenset()
    _groups: tuple[tuple[str, ...], ...] = field(init=False, repr=False, compare=False)
    _whole: frozenset[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_groups", tuple(tuple(map(plain_name, group)) for group in self.groups))
        object.__setattr__(self, "_whole", frozenset(map(plain_name, self.whole)))

    def __bool__(self) -> bool:
        return bool(self.groups)

    def names(self) -> frozenset[str]:
        """All of them, as `plain_name` writes them."""
        return frozenset(name for group in self._groups for name in group)

    def persons(self, row: Mapping[str, Sequence[str]]) -> Iterator[str]:
        """Whom one row or object names; `row`: plain name → its values. Nobody where all its fields are empty."""
        for group in self._groups:
            if len(group) == 1:
                for value in row.get(group[0], ()):
                    yield from [normalised(value)] if group[0] in self._whole else persons_in(value)
            elif any(row.get(name) for name in group):
                yield BETWEEN.join(normalised(" ".join(row.get(name, ()))) for name in group)


def plain_name(name: str) -> str:
    """A field's name, however it is spelled: `Full-Name` is `full_name`."""
    return "_".join(re.split(r"[\s_-]+", name.strip().lower())) if len(name) <= 100 else name


def normalised(value: str) -> str:
    """An identifier as it is told apart from others; empty for nothing."""
    words = value.split()
    text = " ".join(words)
    if not text.isascii() and len(text) <= LONGEST_NFC:
        text = unicodedata.normalize("NFC", text)
    # Case tells nobody apart whose name has several words; an identifier in one word or with digits may turn on it.
    return text.lower() if len(words) > 1 and not any(c.isdigit() for c in text) else text


def persons_in(value: str) -> list[str]:
    """The persons in one value of a field.

    What stands between separators is a person of its own. A part that is one bare word could be half a name, and
    counted alone would make one of many (`Lee, Ann` and `Lee, Bob`): it is told apart by the whole value too.
    """
    parts = [part.strip() for part in _SEPARATORS.split(value)]
    parts = [part for part in parts if part]
    if len(parts) <= 1:
        return [normalised(value)] if parts else []
    whole = digest(value)
    return [normalised(part) if _complete(part) else f"{whole}#{i}" for i, part in enumerate(parts)]


def digest(value: str) -> str:
    """A long identifier, short. It is hashed again with the meter's key before anything keeps it."""
    return hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()


class Finder:
    """Gathers the distinct persons of one use, at most MAX_PERSONS."""

    def __init__(self) -> None:
        self._persons: dict[str, None] = {}
        self._ways: dict[How, int] = {}

    @property
    def full(self) -> bool:
        return len(self._persons) >= MAX_PERSONS

    def add(self, persons: Iterable[str], how: How) -> None:
        known = self._persons
        before = len(known)
        for person in persons:
            if person and len(known) < MAX_PERSONS:
                known[person] = None
        # A way is named even where all were known: it says how the content was read.
        self._ways[how] = self._ways.get(how, 0) + len(known) - before

    def fail(self) -> None:
        """Some content could not be counted."""
        self._ways[How.UNCOUNTABLE] = self._ways.get(How.UNCOUNTABLE, 0) + 1

    def counted(self) -> Counted:
        return Counted(tuple(self._persons), self._ways)


def _complete(part: str) -> bool:
    return " " in part or "@" in part or any(c.isdigit() for c in part)


NO_FIELDS = PersonFields()
