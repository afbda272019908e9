"""`brightline`, whose days last a tenth of a second, so that epochs end in a test: `python short_epochs.py VERB …`.

Where the meters stood is recorded after every fourth entry with events.
"""

from __future__ import annotations

from brightline.cli import main
from brightline.gateway import beats, snapshots

beats._DAY, beats.TICK_SECONDS = 1 / 10, 0.2  # type: ignore[misc,assignment]
snapshots.EVERY = 4
main()
