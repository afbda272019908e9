"""What a use can be said to be: activities, typed facts, sources. Closed: a word outside it is an error.

The vocabulary generates the Cedar schema (`schema.cedar_schema`), the JSON Schema of a use (`schema.use_schema`) and
the reference page (`reference.page`).
"""

from brightline.vocabulary.module import UNKNOWN, Activity, Fact, FactKind, Module, Value, read_module
from brightline.vocabulary.shipped import SHIPPED, module, shipped
from brightline.vocabulary.use import Alternative, FactValue, Source, Use, claimed, encode, read_use, use_json
from brightline.vocabulary.words import TABLES, Vocabulary

__all__ = [
    "SHIPPED",
    "TABLES",
    "UNKNOWN",
    "Activity",
    "Alternative",
    "Fact",
    "FactKind",
    "FactValue",
    "Module",
    "Source",
    "Use",
    "Value",
    "Vocabulary",
    "claimed",
    "encode",
    "module",
    "read_module",
    "read_use",
    "shipped",
    "use_json",
]
