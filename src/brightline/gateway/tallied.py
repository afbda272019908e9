"""The live counts of persons when an epoch ends: stated in the record, and handed over for a merge over many sites.

DATA/statements/meters.export    this site's meters (`brightline.meters.union`), written anew at the end of each
                                 epoch and when the gateway stops; hashes under the customer's secret: it goes from
                                 site to site, and never leaves the customer
DATA/statements/meters.json      what a person put there, such as a merge of many sites; without one the epoch
                                 states what this site counted alone, where the disclosure profile names `meters`
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from brightline.canonical import dump
from brightline.errors import StorageError
from brightline.gateway.metered import Metered
from brightline.meters import Export, export, merge, summary
from brightline.storage.disk import Disk

NAME: Final = "meters"
EXPORT: Final = "meters.export"
Fields = tuple[tuple[str, bytes], ...]
_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Tallied:
    """`folder`: of statements. `named`: does the agreement's disclosure profile name the statement? `wall`: Unix
    seconds. Belongs to the event loop."""

    metered: Metered
    folder: Path
    named: bool
    wall: Callable[[], float] = time.time

    def hand_over(self) -> Export | None:
        """Write the export, whole or not at all; None where no persons are counted. A disk that fails is named in the
        log and stops nothing: the counts stay in the record, and the next export has them."""
        if self.metered.meters is None:
            return None
        made = export(self.metered.meters.state, int(self.wall()))
        disk = Disk()
        try:
            disk.make_folder(self.folder)
            disk.replace(self.folder / EXPORT, made.to_bytes())
            disk.sync_folder(self.folder)
        except StorageError as e:
            _logger.error("the meters were not exported: %s", e)
        return made

    def stated(self, given: Fields) -> Fields:
        """What the epoch states: what was `given`, and this site's own counts where no others were."""
        made = self.hand_over()
        if made is None or not self.named or any(name == NAME for name, _ in given):
            return given
        return (*given, (NAME, dump(summary([made], merge([made], made.time)).value())))
