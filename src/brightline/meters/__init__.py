"""Meters of distinct persons and of money: what only the aggregate shows (docs/reference/meters.md).

No I/O: time and secrets are passed in, and events go out as bytes for the record's private side.
"""

from brightline.meters.budget import Budget, Funds, Hold, Settlement, UpTo, replay_money
from brightline.meters.chain import Mark, refuse_older
from brightline.meters.content import count_arguments, count_text
from brightline.meters.counted import MAX_PERSONS, NOBODY, Counted, How, given, together
from brightline.meters.key import MeterKey
from brightline.meters.limits import limits_of, metered
from brightline.meters.meters import Meters, Reservation
from brightline.meters.names import names_in
from brightline.meters.persons import PersonFields
from brightline.meters.prices import Price, micro, shown
from brightline.meters.state import Reading, State, replay
from brightline.meters.union import Export, Summary, Total, bounds, export, merge, summary
from brightline.meters.where import DAY, Where, Window

__all__ = [
    "DAY",
    "MAX_PERSONS",
    "NOBODY",
    "Budget",
    "Counted",
    "Export",
    "Funds",
    "Hold",
    "How",
    "Mark",
    "MeterKey",
    "Meters",
    "PersonFields",
    "Price",
    "Reading",
    "Reservation",
    "Settlement",
    "State",
    "Summary",
    "Total",
    "UpTo",
    "Where",
    "Window",
    "bounds",
    "count_arguments",
    "count_text",
    "export",
    "given",
    "limits_of",
    "merge",
    "metered",
    "micro",
    "names_in",
    "refuse_older",
    "replay",
    "replay_money",
    "shown",
    "summary",
    "together",
]
