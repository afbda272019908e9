"""Terms of use as Cedar policies, and the decision they make on a use.

pack = read_pack("packs/k", files)
decision = decide(pack.terms, read_use(pack.terms.scope.vocabulary, {"activity": "gen.office"}))
"""

from brightline.terms.alternatives import alternate
from brightline.terms.clause import Clause
from brightline.terms.decide import DUTIES, decide, decide_case
from brightline.terms.lint import Finding, lint
from brightline.terms.oracle import confirm
from brightline.terms.outcome import DEFAULT_DENY, Decision, Need, Outcome
from brightline.terms.pack import FILES, Pack, read_pack
from brightline.terms.scenarios import Result, Scenario, read_scenarios, run_scenarios
from brightline.terms.scope import Scope
from brightline.terms.terms import Terms, read_terms

__all__ = [
    "DEFAULT_DENY",
    "DUTIES",
    "FILES",
    "Clause",
    "Decision",
    "Finding",
    "Need",
    "Outcome",
    "Pack",
    "Result",
    "Scenario",
    "Scope",
    "Terms",
    "alternate",
    "confirm",
    "decide",
    "decide_case",
    "lint",
    "read_pack",
    "read_scenarios",
    "read_terms",
    "run_scenarios",
]
