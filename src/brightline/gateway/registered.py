"""The signed registry in force: read at the start, taken over whole when its folder changes, or not at all.

Law: a registry is taken only whole. Where a file of it is forged, torn, in dispute or missing its past, or where a
version that once stood here is gone, a start fails with the file and the cure, and a running gateway keeps what stands,
says why on `/readyz`, and records it. A change is durable in the record before it decides anything.

What stood last lies in `registry.json` beside the record. Whoever takes that file away as well makes everything look
new: then each item is recorded once more, which the other side sees. Statements do not expire: no lapse of a date stops
service. What has a last day is an authority, and it is cited no more after that (`registry.attest`).
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from brightline.canonical import dump, parse
from brightline.errors import BrightlineError, ConfigError, RegistryError, StorageError
from brightline.gateway.config import Config
from brightline.gateway.decided import Recorder
from brightline.gateway.standing import Standing
from brightline.keys import VerifyKey
from brightline.record.body import ChangeBody, ChangeSubject
from brightline.record.log import Draft
from brightline.registry import Kind, Registry, RegistryChange, Remembered, all_unfit, changes_of, read_registry
from brightline.storage.disk import Disk
from brightline.storage.files import read_file
from brightline.storage.registries import read_folder
from brightline.terms import Terms

POLL_SECONDS = 1.0
MEMORY = "registry.json"
MAX_MEMORY = 64 << 20

logger = logging.getLogger("brightline.gateway")


@dataclass(slots=True)
class Registered:
    """`registry` is in force; `fault` says why what lies in the folder is not, or is empty. Belongs to one event loop.

    `reload` asks for a look at once (SIGHUP); otherwise the folder is looked at each second, and taken when two looks
    in a row saw the same files, so that a copy under way is not read half.
    """

    folder: Path
    memory: Path
    customer: VerifyKey
    terms: Terms
    registry: Registry
    pending: tuple[RegistryChange, ...]
    fault: str = ""
    reload: asyncio.Event = field(default_factory=asyncio.Event)

    async def record(self, recorder: Recorder, terms_digest: bytes, after: Registry | None = None) -> None:
        """Record the changes that are pending, one entry for each kind, then let them stand. Raises StorageError."""
        for appended in [recorder.append(change.draft(terms_digest)) for change in self.pending]:
            await appended
        self.registry, self.pending = after or self.registry, ()
        data = dump(Remembered.of(self.registry).to_json())
        await asyncio.to_thread(_write, self.memory, data)

    async def watch(self, recorder: Recorder, terms_digest: bytes) -> None:
        """Take over what changes, until cancelled."""
        taken = seen = await asyncio.to_thread(_fingerprint, self.folder)
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self.reload.wait(), POLL_SECONDS)
            before, seen = seen, await asyncio.to_thread(_fingerprint, self.folder)
            if not self.reload.is_set() and (seen == taken or seen != before):
                continue
            self.reload.clear()
            taken = seen
            try:
                await self._take(recorder, terms_digest)
            except StorageError as e:
                logger.error("a change of the registry could not be recorded, so it is not in force: %s", e)
                self.fault, taken = "a change of the registry could not be recorded", ()

    async def _take(self, recorder: Recorder, terms_digest: bytes) -> None:
        try:
            after, changes = await asyncio.to_thread(
                _read, self.folder, self.customer, self.terms, Remembered.of(self.registry)
            )
        except BrightlineError as e:
            logger.error("the registry was not taken, and what stood stands: %s", e)
            if str(e) != self.fault:  # said once, however often the folder is looked at
                said = dump({"refused": e.text, "place": e.place, "stands": self.registry.digest})
                draft = Draft(ChangeBody(ChangeSubject.REGISTRY), terms=terms_digest, fields=(("refused", said),))
                await recorder.append(draft)
            self.fault = str(e)
            return
        self.pending = changes
        await self.record(recorder, terms_digest, after)
        self.fault = ""
        if changes:
            logger.info("the registry changed: %s", ", ".join(sorted({str(c.kind) for c in changes})))


def open_registered(config: Config, standing: Standing) -> Registered | None:
    """The registry of the settings; None where they name none. Touches no record; what changed since it was last open
    is pending. Raises ConfigError, RegistryError."""
    if config.registry is None:
        return None
    customer = standing.agreement.keys.customer if standing.agreement is not None else _observed(config)
    memory = config.data / MEMORY
    terms = standing.pack.terms
    registry, changes = _read(config.registry, customer, terms, _remembered(memory))
    return Registered(config.registry, memory, customer, terms, registry, changes)


def _observed(config: Config) -> VerifyKey:
    if "customer" not in config.parties:
        cure = "set parties.customer to the customer's verifier key: it signs who the registry's owners are"
        raise ConfigError(
            "a registry, and nobody's key to verify it with", place=f"{config.place}: registry", cure=cure
        )
    return VerifyKey.parse(config.parties["customer"], f"{config.place}: parties")


def _read(
    folder: Path, customer: VerifyKey, terms: Terms, before: Remembered | None
) -> tuple[Registry, tuple[RegistryChange, ...]]:
    """The registry in a folder and what changed in it. Raises RegistryError where it cannot be taken whole."""
    # 1. every file stands, or lapsed because the customer named other owners
    registry = read_registry(read_folder(folder), customer)
    for refused in registry.refused:
        if refused.kind is None or (refused.kind, refused.name) not in registry.lapsed:
            name = f"{refused.place}: {refused.kind or ''} {refused.name}".rstrip(": ")
            raise RegistryError(refused.text, place=name, cure=refused.cure)
    # 2. nothing that stood has gone back
    changes = changes_of(before, registry)
    for change in changes:
        for name in change.rolled_back:
            cure = f"bring its file back from a copy; if it is lost for good, remove {MEMORY} from the data folder"
            place = f"{folder}: {change.kind} {name}"
            raise RegistryError("rolled back: the version that stood here last is gone", place=place, cure=cure)
    # 3. what fits no agreed word attests nothing, which its owner should hear
    for kind, name, _, text in all_unfit(terms, registry):
        logger.warning("attests nothing under these terms: %s %s: %s", kind, name, text)
    return registry, changes


def _remembered(path: Path) -> Remembered | None:
    if not path.exists():
        return None
    cure = "bring it back from a copy; without it everything in the registry is recorded as new"
    return Remembered.from_json(parse(read_file(path, MAX_MEMORY, error=RegistryError), str(path)), str(path), cure)


def _write(path: Path, data: bytes) -> None:
    disk = Disk()
    disk.replace(path, data)
    disk.sync_folder(path.parent)


def _fingerprint(folder: Path) -> Sequence[tuple[str, int, int]]:
    """What tells one state of the folder from another without reading its files."""
    found = []
    for kind in Kind:
        try:
            with os.scandir(folder / kind) as files:
                found += [(f.path, s.st_size, s.st_mtime_ns) for f in files for s in (f.stat(),)]
        except OSError:
            found.append((str(kind), -1, -1))  # not there, or a file went while it was looked at
    return tuple(sorted(found))
