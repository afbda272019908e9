"""What the linear models look for: groups of content, and facts that bind; and what each would mean for a use.

The one table behind training, screening and the model card. A group asks "is this what the text is about?"; a fact is
asked only beside a group to which it matters, so that a mailing to forty thousand customers is no bulk surveillance.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Group:
    """Content of a kind. `fits`: the activities and groups of activities under which it is what was declared.

    `activities`: what an alternative names, the first that the vocabulary has; `gen.unknown` where it has none.
    `facts`: what this content leaves unknown, whatever was declared; unknown is never none.
    """

    name: str
    text: str
    fits: tuple[str, ...]
    activities: tuple[str, ...]
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sign:
    """A fact that the text shows, where its content is of one of `groups`: `facts` of the alternative.

    `enough`: declared values that are as grave already, so that the sign adds nothing.
    """

    name: str
    text: str
    groups: tuple[str, ...]
    facts: Mapping[str, str]
    enough: Mapping[str, tuple[str, ...]]
    activity: str = ""


GROUPS = (
    Group(
        "force",
        "selecting or engaging targets",
        ("weapon.engage", "weapon.target_nomination", "weapon.id_support", "weapon.design_autonomy", "mil.plan_ops",
         "mil.wargame_sim", "mil.command_decision"),
        ("weapon.engage",),
    ),
    Group(
        "arms",
        "making weapons",
        ("weapon.design_conventional", "weapon.design_autonomy", "weapon.cbrn"),
        ("weapon.cbrn",),
    ),
    Group(
        "surveillance",
        "watching, tracking or profiling people",
        ("surv",),
        ("surv.profile",),
        {"protected_persons": "unknown"},
    ),
    Group("cyber", "getting into other people's systems", ("cyber.offence",), ("cyber.offence",)),
    Group("influence", "covert persuasion or impersonation", ("info.influence",), ("info.influence",)),
    Group("decisions", "deciding about people without a person", ("decide",), ("decide.benefits_rights",)),
)  # fmt: skip

SIGNS = (
    Sign(
        "autonomous",
        "no person between selection and engagement",
        ("force",),
        {"autonomy": "autonomous"},
        {"autonomy": ("autonomous",)},
    ),
    Sign(
        "bulk",
        "many people not individually suspected",
        ("surveillance",),
        {"scale": "bulk", "protected_persons": "bulk"},
        {"scale": ("bulk",), "protected_persons": ("bulk",)},
        "surv.bulk_analysis",
    ),
    Sign(
        "home",
        "people at home",
        ("surveillance",),
        {"place": "home"},
        {"place": ("home",)},
    ),
    Sign(
        "purchased",
        "data bought from a broker",
        ("surveillance",),
        {"data_origin": "commercial_purchase"},
        {"data_origin": ("commercial_purchase",)},
    ),
    Sign(
        "dissent",
        "speech, assembly, religion or press work",
        ("surveillance",),
        {"protected_activity": "yes"},
        {"protected_activity": ("yes",)},
    ),
    Sign(
        "no_basis",
        "going round the legal basis or the approval",
        ("surveillance", "decisions"),
        {"legal_basis": "none"},
        {"legal_basis": ("none",)},
    ),
    Sign(
        "sole_basis",
        "the output is the decision",
        ("decisions",),
        {"decision_role": "sole_basis"},
        {"decision_role": ("sole_basis",)},
    ),
)  # fmt: skip

NAMES = tuple(h.name for h in (*GROUPS, *SIGNS))
