"""Terms read as formulas for Z3: the third reading (DESIGN section 1). The one door to `z3`.

space = Space(terms.scope)
use = find(space, space.allowed(terms, Given()))       # a Use, None where there is none, or UNKNOWN
"""

from brightline.analysis.smt.logic import Logic, Term
from brightline.analysis.smt.outcomes import Outcomes
from brightline.analysis.smt.search import RLIMIT, UNKNOWN, Answer, Found, Search, Unknown, find, least, least_in
from brightline.analysis.smt.space import Space, space

__all__ = [
    "RLIMIT",
    "UNKNOWN",
    "Answer",
    "Found",
    "Logic",
    "Outcomes",
    "Search",
    "Space",
    "Term",
    "Unknown",
    "find",
    "least",
    "least_in",
    "space",
]
