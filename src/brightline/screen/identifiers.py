"""Identifiers of persons in text, found offline by rules: how many of each kind, never which.

Law: a count claims "identifier present" and no more, above all not whose it is, nor of what nationality. Distinct
values are counted in memory and forgotten. Most texts have neither enough digits nor an @, and cost no search.

Rules: SSN (SSA, POMS RM 10201: area not 000, 666 or 900-999, group not 00, serial not 0000; without hyphens only beside
a word that says so) · e-mail (the usual part of RFC 5322) · passport-like (a letter or two and 6 to 9 digits beside the
word) · phone (E.164 by the tables of `phonenumbers`, which knows 240 countries, where it is installed; else by shape) ·
street address (number, name, kind of street). `usaddress` is not used: it labels the parts of what is already known to
be an address, and finds none in prose.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import Any

MAX_COUNTED = 100_000  # distinct values of one kind held in memory at once
MAX_LOOKED_UP = 16  # telephone numbers of a text that are looked up in tables; the others are told by their shape
LEAST_DIGITS = 6

_SSN = re.compile(r"(?<![\d-])(?!000|666|9)\d{3}([- ])(?!00)\d{2}\1(?!0000)\d{4}(?![\d-])")
_BARE_SSN = re.compile(
    r"\b(?:SSN|social security(?: (?:number|no\.?|#))?)\W{0,3}(?:is\W{1,2})?"
    r"((?!000|666|9)\d{3}(?!00)\d{2}(?!0000)\d{4})\b",
    re.IGNORECASE,
)
# As advertisements once printed them: never anybody's (SSA).
_NOBODY = frozenset({"078051120", "219099999", "457555462"})
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}(?![\w-])")
_PASSPORT = re.compile(r"\bpassport\b[^\n\d]{0,24}?\b([A-Z]{0,2}\d{6,9})\b", re.IGNORECASE)
_PHONE = re.compile(
    r"(?<![\w.+/-])(?:\+\d{1,3}[ .-]?)?(?:\(\d{2,5}\)[ .-]?)?\d{2,5}(?:[ .-]\d{2,5}){1,4}(?![\w/-])"
    r"|(?<![\w.+])\+\d{8,15}(?!\w)"
)
_ADDRESS = re.compile(
    r"\b\d{1,5} (?:[NSEW]\.? )?(?:[A-Z0-9][\w'’.-]{0,30} ){1,4}"
    r"(?:Street|St|Avenue|Ave|Road|Rd|Boulevard|Blvd|Lane|Ln|Drive|Dr|Court|Ct|Place|Pl|Way|Terrace|Parkway|Pkwy)\b\.?"
)
_NOT_DIGITS = re.compile(r"\D")
_DATE = re.compile(
    r"(?:19|20)\d\d[ .-]\d{1,2}[ .-]\d{1,2}|\d{1,2}[ .-]\d{1,2}[ .-](?:19|20)\d\d|(?:19|20)\d\d ?[-–] ?(?:19|20)\d\d"
)


def identifiers(texts: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Kind → how many distinct values stand in `texts`, each with its count of digits; what does not occur is left out.

    Digits of other scripts are counted as those of ours, which they are equal to.
    """
    return {kind: len(values) for kind, values in sorted(_found(texts).items()) if values}


def identified(text: str) -> list[str]:
    """The identifiers in a text as `kind:value`, each once: for a meter, which hashes them and keeps none."""
    found = _found([(text, sum(map(str.isdigit, text)))])
    return [f"{kind}:{value}" for kind, values in sorted(found.items()) for value in sorted(values)]


def _found(texts: Iterable[tuple[str, int]]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for text, digits in texts:
        if "@" in text:
            _add(found, "email", (m[0].casefold() for m in _EMAIL.finditer(text)))
        if digits >= LEAST_DIGITS:
            _numbers(text, found)
        elif digits:
            _add(found, "address", (m[0].casefold() for m in _ADDRESS.finditer(text)))
    return found


def _numbers(text: str, found: dict[str, set[str]]) -> None:
    ssn = {_NOT_DIGITS.sub("", m[0]) for m in _SSN.finditer(text)}
    ssn |= {m[1] for m in _BARE_SSN.finditer(text)}
    ssn -= _NOBODY
    _add(found, "ssn", ssn)
    passports = {m[1].upper() for m in _PASSPORT.finditer(text)}
    _add(found, "passport", passports)
    _add(found, "address", (m[0].casefold() for m in _ADDRESS.finditer(text)))
    phones = (phone(m[0], strict=i < MAX_LOOKED_UP) for i, m in enumerate(_PHONE.finditer(text)))
    _add(found, "phone", (p for p in phones if p))


def phone(text: str, *, strict: bool = True) -> str:
    """The number in one form where `text` is a telephone number, else nothing; by shape alone where not `strict`."""
    digits = _NOT_DIGITS.sub("", text)
    if not 8 <= len(digits) <= 15 or _DATE.fullmatch(text.strip()) or _SSN.fullmatch(text):
        return ""
    tables = _tables() if strict else None
    if tables is None:
        return digits if text.startswith("+") or len(digits) >= 10 else ""
    try:
        number = tables.parse(text, "US")
    except tables.NumberParseException:
        return ""
    return f"+{number.country_code}{number.national_number}" if tables.is_valid_number(number) else ""


@cache
def _tables() -> Any:
    """`phonenumbers`, loaded when the first candidate is seen; None where it is not installed."""
    try:
        import phonenumbers  # noqa: PLC0415 - 0.1 s, and most texts need none of it
    except ImportError:
        return None
    return phonenumbers


def _add(found: dict[str, set[str]], kind: str, values: Iterable[str]) -> None:
    mine = found.setdefault(kind, set())
    for value in values:
        if len(mine) >= MAX_COUNTED:
            return
        mine.add(value)
