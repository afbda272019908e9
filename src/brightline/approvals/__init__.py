"""Approvals: acts that are held for a person, exceptions, break-glass; no I/O, time and randomness are passed in.

`Desk` is what the gateway asks; docs/reference/approvals.md is the reference.
"""

from brightline.approvals.act import Act, Call
from brightline.approvals.certificates import Certificate, Emergency
from brightline.approvals.concern import raise_concern, read_concern
from brightline.approvals.desk import Desk, Spent, Ticket
from brightline.approvals.entries import draft, field
from brightline.approvals.event import (
    FIELD,
    Appealed,
    Closed,
    Event,
    Held,
    Needed,
    Raised,
    Rejected,
    Rostered,
    Said,
    Unheeded,
    Used,
    decode,
    encode,
    rejected,
    unheeded,
)
from brightline.approvals.hold import Approval, Hold
from brightline.approvals.reading import Fault
from brightline.approvals.roster import Person, Roster, Rule, read_roster, sign_roster
from brightline.approvals.sheet import sheet, will_happen
from brightline.approvals.statement import (
    STATEMENT_TYPE,
    Appeal,
    BreakGlass,
    Except,
    Grant,
    Look,
    Mend,
    Overturn,
    Refuse,
    Revoke,
    Statement,
    Uphold,
    Withdraw,
    identity,
    read_statement,
    sign,
)
from brightline.approvals.table import TABLE, WHO, Signal, State
from brightline.approvals.tempo import Given, Limits, tempo

__all__ = [
    "FIELD",
    "STATEMENT_TYPE",
    "TABLE",
    "WHO",
    "Act",
    "Appeal",
    "Appealed",
    "Approval",
    "BreakGlass",
    "Call",
    "Certificate",
    "Closed",
    "Desk",
    "Emergency",
    "Event",
    "Except",
    "Fault",
    "Given",
    "Grant",
    "Held",
    "Hold",
    "Limits",
    "Look",
    "Mend",
    "Needed",
    "Overturn",
    "Person",
    "Raised",
    "Refuse",
    "Rejected",
    "Revoke",
    "Roster",
    "Rostered",
    "Rule",
    "Said",
    "Signal",
    "Spent",
    "State",
    "Statement",
    "Ticket",
    "Unheeded",
    "Uphold",
    "Used",
    "Withdraw",
    "decode",
    "draft",
    "encode",
    "field",
    "identity",
    "raise_concern",
    "read_concern",
    "read_roster",
    "read_statement",
    "rejected",
    "sheet",
    "sign",
    "sign_roster",
    "tempo",
    "unheeded",
    "will_happen",
]
