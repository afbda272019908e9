"""Group commit for asyncio: many drafts, one batch, one set of syncs.

    receipt = await recorder.append(draft)      the entry is durable when this returns

While a thread makes one batch durable, the next gathers; an answer waits for its batch's sync, never for a batch of
its own. The queue belongs to the event loop; log, vault and journal belong to the thread.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from queue import SimpleQueue
from typing import NamedTuple, Self

from brightline.errors import BrightlineError, StorageError
from brightline.keys import SigningKey
from brightline.record.checkpoint import Checkpoint
from brightline.record.log import Disclosure, Draft
from brightline.storage.disk import Disk
from brightline.storage.journal import Journal
from brightline.storage.record import MAX_BATCH, Receipt, Record
from brightline.storage.vault import Vault

GATHER_SECONDS = 0.004  # at most, for callers of the last batch to come back: a batch costs three syncs, however small
_logger = logging.getLogger(__name__)


class Appended(asyncio.Future[Receipt]):
    """What becomes of a draft. It cannot be cancelled: a task that is, while it waits here, learns of both at once."""

    def cancel(self, msg: object = None) -> bool:  # noqa: ARG002 - the signature is asyncio's
        return False


class _Waiting(NamedTuple):
    draft: Draft
    future: Appended


_Results = Sequence[Receipt | BrightlineError]


class Recorder:
    """The record of one gateway process, and the thread that writes it."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._queue: list[_Waiting] = []
        self._busy = False  # a batch is with the thread, or about to be
        self._stopped: StorageError | None = None
        self._until = 0.0  # loop time until which a batch waits to be as large as `_expected`
        self._expected = 0  # drafts of the callers who were told last, and of those who waited meanwhile
        self._timer: asyncio.Handle | None = None  # set while a batch gathers
        self._idle = asyncio.Event()
        self._idle.set()
        self._publication: asyncio.Task[None] | None = None
        self.listeners: list[Callable[[Draft, Receipt], None]] = []  # told of each durable entry, in the log's order
        self._kept = 0  # segments that the last try to publish left behind
        self._batches: SimpleQueue[tuple[asyncio.AbstractEventLoop, list[_Waiting]] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="brightline-record", daemon=True)
        self._thread.start()

    @classmethod
    def open(
        cls, folder: Path, key: SigningKey, site_key: bytes, disclosure: Disclosure, disk: Disk | None = None
    ) -> Self:
        """The record in `folder`, made or recovered. Raises StorageError naming the damage and the cure.

        Decisions that a stopped gateway left without an outcome are in `recorder.journal.log.open`: whoever opens the
        record settles them with OutcomeStatus.INTERRUPTED.
        """
        return cls(Record.open(folder, key, site_key, disclosure, disk=disk))

    @property
    def journal(self) -> Journal:
        return self._record.journal

    @property
    def vault(self) -> Vault:
        return self._record.vault

    @property
    def fault(self) -> str:
        """What keeps the record from being written; empty where nothing does."""
        return str(self._stopped) if self._stopped is not None else ""

    def append(self, draft: Draft) -> Appended:
        """Done when the draft's entry and private side are durable; nothing takes the draft back.

        RecordError where the draft cannot be an entry (others are not touched), and StorageError where its batch
        could not be made durable: then, and from then on, nothing is recorded until the record is opened anew.
        Whoever appends waits, so what is queued is bounded by the calls under way.
        """
        loop = asyncio.get_running_loop()
        future = Appended(loop=loop)
        if self._stopped is not None:
            future.set_exception(self._stopped)
            return future
        self._queue.append(_Waiting(draft, future))
        if not self._busy:
            self._busy = True
            self._idle.clear()
            self._gather(loop)
        elif self._timer is not None and len(self._queue) == self._expected:
            self._timer.cancel()  # all are here
            self._timer = loop.call_soon(self._hand_over, loop)
        return future

    async def publish(self) -> Checkpoint:
        """Bring the published tiles and checkpoint up to the newest durable entry. Raises StorageError."""
        return await asyncio.get_running_loop().run_in_executor(None, self.journal.publish)

    async def close(self) -> None:
        """Record what waits, publish, and let go of the folder. To close twice is as good as once."""
        await self._idle.wait()
        if not self._thread.is_alive():
            return
        if self._publication is not None:
            await self._publication
        failed, self._stopped = self._stopped, _stop(self.journal.folder, "it was closed")
        self._batches.put(None)
        try:
            if failed is None:
                await self.publish()
        finally:
            self._thread.join()
            self._record.close()

    def _gather(self, loop: asyncio.AbstractEventLoop) -> None:
        """Hand over at the end of this turn, so that what comes in it shares the batch; or wait for who comes back.

        Callers come in step with batches: a decision that was told is followed by its outcome, an outcome by the next
        call. Handed over at once, batches would settle at half of the calls under way, and cost twice the syncs.
        """
        wait = self._until - loop.time()
        if len(self._queue) < self._expected and wait > 0:
            self._timer = loop.call_later(wait, self._hand_over, loop)
        else:
            self._timer = loop.call_soon(self._hand_over, loop)

    def _hand_over(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        batch, self._queue = self._queue[:MAX_BATCH], self._queue[MAX_BATCH:]
        self._batches.put((loop, batch))

    def _work(self) -> None:
        while (work := self._batches.get()) is not None:
            loop, batch = work
            try:
                results: _Results = self._record.write([waiting.draft for waiting in batch])
            except Exception as e:  # noqa: BLE001 (whatever it was: nobody knows what is on disk, nobody is told)
                stopped = _stop(self.journal.folder, str(e) if isinstance(e, BrightlineError) else repr(e))
                stopped.__cause__ = e
                results = [stopped] * len(batch)
                self._stopped = stopped
            try:
                loop.call_soon_threadsafe(self._tell, loop, batch, results)
            except RuntimeError:
                return  # the loop was closed: what is durable stays, and there is nobody to tell

    def _tell(self, loop: asyncio.AbstractEventLoop, batch: list[_Waiting], results: _Results) -> None:
        for waiting, result in zip(batch, results, strict=True):
            if isinstance(result, Receipt):
                for listener in self.listeners:
                    listener(waiting.draft, result)
                waiting.future.set_result(result)
            else:
                waiting.future.set_exception(result)
        self._expected, self._until = len(batch) + len(self._queue), loop.time() + GATHER_SECONDS
        if self._queue:
            self._gather(loop)
        else:
            self._busy = False
            self._idle.set()
        if self.journal.to_drop > self._kept and self._publication is None:
            self._publication = loop.create_task(self._publish_in_time())

    async def _publish_in_time(self) -> None:
        """Publish when a segment is full, so that the journal stays short. A failure loses nothing: it is tried again
        with the next segment, and by `publish` and `close`."""
        try:
            await self.publish()
        except StorageError as e:
            _logger.error("the record could not be published: %s", e)
        self._kept = self.journal.to_drop
        self._publication = None


def _stop(folder: Path, why: str) -> StorageError:
    return StorageError(f"nothing more is recorded: {why}", place=str(folder), cure="mend the cause and start again")
