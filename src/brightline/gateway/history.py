"""The decisions of a gateway's own record as uses of the past: `gateway.stated` backwards.

The facts come out of the private side, one entry at a time, on the customer's machine, and are kept nowhere: an entry
that was erased is counted as erased from then on, and nothing else has to be erased with it. The content of a call is
sealed together with its facts, so it is opened with them; nobody looks at it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path

import msgspec

from brightline.analysis.past import Past
from brightline.errors import RecordError, StorageError
from brightline.gateway.config import Config
from brightline.gateway.gateway import read_keys, standing_of
from brightline.record.body import ChangeBody, ChangeSubject
from brightline.record.body import unpack as unpack_body
from brightline.record.commitment import commit
from brightline.record.entry import BUNDLE, ENTRY_BYTES, NO_DIGEST, Entry, Flag, Kind, clause_ranks, unpack
from brightline.record.log import Disclosure
from brightline.record.use import recorded_use
from brightline.storage.disk import IN_USE, Looking
from brightline.storage.doctor import read_published
from brightline.storage.published import Published
from brightline.storage.record import Record
from brightline.storage.vault import Fields, Vault
from brightline.terms import DEFAULT_DENY, Terms
from brightline.terms.formula import Has, leaves
from brightline.vocabulary import SHIPPED, Vocabulary, shipped

ERASED = "erased"
ALTERNATIVES = "alternatives"
MODEL = "model"
VOCABULARY = "vocabulary"
_AT_ONCE = 16 * BUNDLE  # entries

Progress = Callable[[str], None]


@dataclass
class GatewayHistory:
    """The record in `folder`, opened with the keys that `config` names, in the words of `terms`.

    Iterated once. `left_out`: how many decisions cannot be replayed, by why: `erased`; `alternatives` that the screen
    saw, which the record does not keep; `model`, where the terms ask for one whose name the agreement does not give;
    `vocabulary`, where nothing at hand says what the ranks of that time stand for.
    """

    terms: Terms
    folder: Path
    config: Config
    progress: Progress
    left_out: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys((ERASED, ALTERNATIVES, MODEL, VOCABULARY), 0)
    )

    def __post_init__(self) -> None:
        agreed = standing_of(self.config, None) if self.config.agreement is not None else None
        known = [self.terms, *([agreed.pack.terms] if agreed else [])]
        self._known = {bytes.fromhex(t.digest.removeprefix("sha256:")): t for t in known}
        self._models: Mapping[str, bytes] = agreed.models if agreed else {}
        self._words = {_digest(v): v for v in _shipped()} | {
            _digest(t.scope.vocabulary): t.scope.vocabulary for t in known
        }
        place = self.terms.scope.model_place
        conditions = [c.condition for c in self.terms.clauses if c.decides]
        self._asks_model = any(isinstance(leaf, Has) and leaf.i == place for c in conditions for leaf in leaves(c))

    def __iter__(self) -> Iterator[Past]:
        """The decisions in order. Raises StorageError where record or private side is damaged, UseError where a
        recorded word is none of the terms' words."""
        words: Vocabulary | None = None
        with self._opened() as (size, read, vault):
            for first in range(0, size, _AT_ONCE):
                self.progress(f"reading {self.folder}: entry {first:,} of {size:,}")
                data = read(first, min(first + _AT_ONCE, size))
                for i in range(0, len(data), ENTRY_BYTES):
                    entry = unpack(data[i : i + ENTRY_BYTES])
                    if entry.kind == Kind.CHANGE:
                        words = self._changed(entry, words)
                    elif entry.kind == Kind.DECISION and (past := self._past(entry, vault, words)):
                        yield past

    @contextmanager
    def _opened(self) -> Iterator[tuple[int, Callable[[int, int], bytes], Vault]]:
        """Size, entries and private side; of a running gateway's, what it published. Nothing is changed."""
        log_key, site_key = read_keys(self.config)
        if not self.folder.is_dir() or not (self.folder / "log").exists():
            cure = "name the gateway's data folder: `brightline serve` makes the record"
            raise StorageError("there is no record", place=str(self.folder), cure=cure)
        try:
            record = Record.open(self.folder, log_key, site_key, Disclosure(), disk=Looking())
        except StorageError as e:
            if e.text != IN_USE:
                raise
        else:
            try:
                yield record.journal.log.size, record.journal.read, record.vault
            finally:
                record.close()
            return
        self.progress(f"{self.folder}: the gateway is running: reading what it has published")
        read_published(self.folder / "log", log_key.public)
        data = b"".join(Published(self.folder / "log").entries())
        vault = Vault(self.folder / "private", site_key, Looking())
        try:
            yield len(data) // ENTRY_BYTES, lambda a, b: data[a * ENTRY_BYTES : b * ENTRY_BYTES], vault
        finally:
            vault.close()

    def _changed(self, entry: Entry, words: Vocabulary | None) -> Vocabulary | None:
        body = unpack_body(Kind.CHANGE, entry.body)
        if isinstance(body, ChangeBody) and body.subject == ChangeSubject.VOCABULARY:
            return self._words.get(body.digest)
        return words

    def _past(self, entry: Entry, vault: Vault, words: Vocabulary | None) -> Past | None:
        terms = self._known.get(entry.terms)
        words = terms.scope.vocabulary if terms is not None else words
        fields = _private(vault, entry)
        model = self._model(entry.model)
        for why, missing in (
            (ERASED, fields is None),
            (ALTERNATIVES, entry.flags & Flag.ALTERNATIVE),
            (MODEL, model is None),
            (VOCABULARY, words is None or not 1 <= entry.activity <= len(words.activities)),
        ):
            if missing:
                self.left_out[why] += 1
                return None
        assert words is not None  # noqa: S101 - left out above, and so are the others
        activity = list(words.activities)[entry.activity - 1]
        place = f"{self.folder}: entry {entry.sequence}"
        try:
            use = recorded_use(self.terms.scope.vocabulary, activity, fields or (), model or "", place)
        except RecordError as e:
            raise StorageError(e.text, place=place, cure=e.cure) from None
        return Past(entry.sequence, use, entry.outcome, _clauses(entry, terms))

    def _model(self, digest: bytes) -> str | None:
        """A name of that model; None where the terms ask for the model and it is not known which it was."""
        if not self._asks_model:
            return ""
        names = [name for name, of in self._models.items() if of == digest and digest != NO_DIGEST]
        lies_in = {self.terms.scope.models_of(name) for name in names}
        return names[0] if len(lies_in) == 1 else None


def _private(vault: Vault, entry: Entry) -> Fields | None:
    """What the entry commits to; None where it was erased. Raises StorageError where it is something else."""
    cure = "`brightline doctor` says more; restore the private folder from the back-up that belongs to this record"
    place = f"entry {entry.sequence}"
    try:
        opened = vault.opened(entry.sequence)
    except RecordError as e:
        raise StorageError(f"its private side: {e.text}", place=place, cure=cure) from None
    except msgspec.MsgspecError:
        raise StorageError("its private side is no list of fields", place=place, cure=cure) from None
    if opened is not None and commit(*opened) != entry.commitment:
        raise StorageError("its private side is not what the entry commits to", place=place, cure=cure)
    return None if opened is None else opened[1]


def _clauses(entry: Entry, terms: Terms | None) -> tuple[str, ...]:
    """The ids that decided; of terms that are not at hand, the first letters of their digest and the rank."""
    if terms is not None:
        return terms.ids(entry.clauses) or (DEFAULT_DENY,)
    ranks: Sequence[int] = clause_ranks(entry.clauses)
    return tuple(f"{entry.terms.hex()[:12]}:{rank}" for rank in ranks) or (DEFAULT_DENY,)


def _shipped() -> Iterator[Vocabulary]:
    """Every vocabulary that can be made of the shipped modules."""
    core, *more = SHIPPED
    for count in range(len(more) + 1):
        for chosen in combinations(more, count):
            yield shipped(core, *chosen)


def _digest(words: Vocabulary) -> bytes:
    return bytes.fromhex(words.digest.removeprefix("sha256:"))
