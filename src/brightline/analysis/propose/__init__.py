"""Compromises between two positions, or the proof that none exists.

found = propose(a, b, [read_brief(…), read_brief(…)])
"""

from brightline.analysis.propose.cases import Case
from brightline.analysis.propose.proposals import Impasse, Proposal, Proposals, propose
from brightline.analysis.propose.sentences import Side

__all__ = ["Case", "Impasse", "Proposal", "Proposals", "Side", "propose"]
