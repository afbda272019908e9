"""The agreement between two parties: its payload, its negotiation, and whether it is in force.

No I/O: bytes, time and randomness are passed in. docs/reference/agreement.md is the reference.
"""

from brightline.agreement.difference import Difference, FieldChange, clauses_by_id, difference
from brightline.agreement.message import MESSAGE_TYPE, Message, agreement_in, read_envelope
from brightline.agreement.negotiation import Negotiation
from brightline.agreement.payload import (
    AGREEMENT_TYPE,
    Agreement,
    Keys,
    Log,
    Model,
    Parties,
    Party,
    Prevails,
    Signatory,
    Terms,
)
from brightline.agreement.profile import (
    USUAL_CONSEQUENCES,
    Audit,
    Auditor,
    Ceiling,
    Consequence,
    Disclosure,
    Retention,
    Statement,
    Trigger,
)
from brightline.agreement.show import show, show_difference, show_negotiation, show_text
from brightline.agreement.status import Code, Note, Signed, Status, in_force
from brightline.agreement.table import TABLE, Kind, Role, State, diagram, moves, step

__all__ = [
    "AGREEMENT_TYPE",
    "MESSAGE_TYPE",
    "TABLE",
    "USUAL_CONSEQUENCES",
    "Agreement",
    "Audit",
    "Auditor",
    "Ceiling",
    "Code",
    "Consequence",
    "Difference",
    "Disclosure",
    "FieldChange",
    "Keys",
    "Kind",
    "Log",
    "Message",
    "Model",
    "Negotiation",
    "Note",
    "Parties",
    "Party",
    "Prevails",
    "Retention",
    "Role",
    "Signatory",
    "Signed",
    "State",
    "Statement",
    "Status",
    "Terms",
    "Trigger",
    "agreement_in",
    "clauses_by_id",
    "diagram",
    "difference",
    "in_force",
    "moves",
    "read_envelope",
    "show",
    "show_difference",
    "show_negotiation",
    "show_text",
    "step",
]
