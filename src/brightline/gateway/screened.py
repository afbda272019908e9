"""The screen in the path of a call: it reads what was not read in an earlier permitted call of the same purpose.

Law: what the screen did not read, for whatever reason, is `not_screened` and never `clear`. Text is known only where it
stood in a call that was let through, or is an answer that the screen found clear: what a client calls history is the
client's word. Known texts are kept as hashes under a key that ends with the process.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import NamedTuple

from brightline.errors import ConfigError
from brightline.gateway.codec import Call
from brightline.gateway.judging import Judge
from brightline.gateway.watch_config import WatchConfig
from brightline.screen import Finding, Screen, Seen, shipped_screen
from brightline.screen.calibrate import read_thresholds
from brightline.storage.files import read_file
from brightline.terms import Terms
from brightline.vocabulary import FactValue

MAX_KNOWN = 1 << 17
"""Texts that are remembered as read; the oldest are forgotten first, and read again."""

logger = logging.getLogger("brightline.gateway")


class New(NamedTuple):
    """Texts to read, and the keys of what will be known once the call is let through: of its `messages`, and of what
    stands `beside` them at every call, which is known only where it was found clear."""

    texts: tuple[str, ...]
    messages: tuple[bytes, ...]
    beside: tuple[bytes, ...]


class Screened:
    """`screen`: None where none runs. `judge`: who is asked about what it doubts. `seen`: how many texts were found
    what, for the metrics."""

    def __init__(self, screen: Screen | None = None, judge: Judge | None = None) -> None:
        self.screen, self.judge = screen, judge
        self.seen: dict[Seen, int] = dict.fromkeys(Seen, 0)
        self._known: dict[bytes, None] = {}
        self._key = os.urandom(32)

    def new(self, under: str, call: Call) -> New:
        """What of a call's text is to be read: its new turn, and whatever else was not read before. `under`: who asks
        and what for: what is ordinary for one purpose may be new for another."""
        texts: list[str] = []
        messages: list[bytes] = []
        beside: list[bytes] = []
        hasher = self._hasher(under)
        for piece in call.conversation():
            key = _key(hasher, piece.text)
            (messages if piece.message >= 0 else beside).append(key)
            # A new turn is read each time: what a person approved once is not approved for good.
            if piece.message >= call.first_new or key not in self._known:
                texts.append(piece.text)
        return New(tuple(texts), tuple(messages), tuple(beside))

    def remember(self, keys: Sequence[bytes]) -> None:
        """These were read, and their call was let through."""
        known = self._known
        for key in keys:
            known[key] = None
        while len(known) > MAX_KNOWN:
            del known[next(iter(known))]

    def remember_answer(self, under: str, text: str) -> None:
        """The model said so, and the screen found it clear."""
        self.remember((_key(self._hasher(under), text),))

    def look(self, activity: str, facts: Mapping[str, FactValue], texts: Sequence[str]) -> Finding:
        """What the texts show. A screen that fails has read nothing, and its failure is said without any text."""
        if self.screen is None:
            return Finding(Seen.NOT_SCREENED)
        try:
            return self.screen(activity, facts, texts)
        except Exception as e:  # noqa: BLE001 - whatever it was, the call is not screened, and the terms say what of it
            logger.critical("step=3 the screen failed: %s", type(e).__name__)
            return Finding(Seen.NOT_SCREENED)

    def close(self) -> None:
        if self.judge is not None:
            self.judge.close()

    def _hasher(self, under: str) -> blake2b:
        return blake2b(under.encode("utf-8", "replace") + b"\0", key=self._key, digest_size=16)


def told(finding: Finding) -> bytes:
    """A finding for a private field of the record: words and counts, never text; empty where there is nothing to tell.

    `flagged=surveillance+bulk doubtful=force email=3 rows=40`
    """
    heads = (("flagged", finding.flagged), ("doubtful", finding.doubtful))
    parts = [f"{name}={'+'.join(found)}" for name, found in heads if found]
    parts += [f"{kind}={count}" for kind, count in finding.identifiers.items()]
    if parts and finding.rows:
        parts.append(f"rows={finding.rows}")
    return " ".join(parts).encode()


def _key(hasher: blake2b, text: str) -> bytes:
    mine = hasher.copy()
    mine.update(text.encode("utf-8", "surrogatepass"))
    return mine.digest()


def screen_of(config: WatchConfig, terms: Terms) -> Screened:
    """The screen that the settings name. Without its model it does not run, and says so of every call.

    Raises ConfigError for thresholds, a key or certificates that cannot be used.
    """
    judge = Judge(config.judge, terms) if config.judge is not None else None
    if not config.screen:
        return Screened()
    try:
        screen = shipped_screen(terms.scope.vocabulary)
    except ConfigError as e:
        logger.critical("the screen does not run: %s", e)
        return Screened()
    if config.thresholds is not None:
        screen, _ = read_thresholds(screen, read_file(config.thresholds), str(config.thresholds))
    return Screened(screen, judge)
