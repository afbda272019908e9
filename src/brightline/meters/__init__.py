"""Meters of distinct persons and of money: what only the aggregate shows (docs/reference/meters.md).

No I/O: time and secrets are passed in, and events go out as bytes for the record's private side.
"""

from brightline.meters.chain import Mark, refuse_older
from brightline.meters.counted import MAX_PERSONS, NOBODY, Counted, How, given, together
from brightline.meters.key import MeterKey
from brightline.meters.limits import limits_of, metered
from brightline.meters.meters import Meters, Reservation
from brightline.meters.state import Reading, State, replay
from brightline.meters.where import DAY, Where, Window

__all__ = [
    "DAY",
    "MAX_PERSONS",
    "NOBODY",
    "Counted",
    "How",
    "Mark",
    "MeterKey",
    "Meters",
    "Reading",
    "Reservation",
    "State",
    "Where",
    "Window",
    "given",
    "limits_of",
    "metered",
    "refuse_older",
    "replay",
    "together",
]
