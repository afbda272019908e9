"""Signed registries: who may say what about purposes, data sets, authorities, tools, actors, models and prices.

registry = read_registry(files, agreement.keys.customer)
attested = attest(registry, terms, Claims(actor="g2/analyst-7", purpose="case-query", datasets=("hr",)), today)
"""

from brightline.registry.alike import look_alike, skeleton
from brightline.registry.attest import NO_ACTIVITY, Attested, Claims, Unattested, attest
from brightline.registry.chain import Head, Refused, Roots
from brightline.registry.change import RegistryChange, Remembered, change_of, changes_of
from brightline.registry.end_user import EndUser, Issuer, Seen, end_user, sign_user, signed_user
from brightline.registry.fit import Why, all_unfit, unfit
from brightline.registry.items import (
    APART,
    ITEMS,
    Actor,
    Authority,
    Dataset,
    Item,
    Kind,
    Model,
    Nature,
    Owner,
    Owners,
    Price,
    Purpose,
    Tool,
)
from brightline.registry.may import May, may, use_of
from brightline.registry.registry import Registry, read_registry, statement
from brightline.registry.statement import REGISTRY_TYPE, Statement, Version
from brightline.registry.tools import Standing, ToolFound, definition_digest, endpoint_digest, tool

__all__ = [
    "APART",
    "ITEMS",
    "NO_ACTIVITY",
    "REGISTRY_TYPE",
    "Actor",
    "Attested",
    "Authority",
    "Claims",
    "Dataset",
    "EndUser",
    "Head",
    "Issuer",
    "Item",
    "Kind",
    "May",
    "Model",
    "Nature",
    "Owner",
    "Owners",
    "Price",
    "Purpose",
    "Refused",
    "Registry",
    "RegistryChange",
    "Remembered",
    "Roots",
    "Seen",
    "Standing",
    "Statement",
    "Tool",
    "ToolFound",
    "Unattested",
    "Version",
    "Why",
    "all_unfit",
    "attest",
    "change_of",
    "changes_of",
    "definition_digest",
    "end_user",
    "endpoint_digest",
    "look_alike",
    "may",
    "read_registry",
    "sign_user",
    "signed_user",
    "skeleton",
    "statement",
    "tool",
    "unfit",
    "use_of",
]
