"""What the gateway's code can answer and be told, read off its syntax trees: nothing here is a list kept by hand."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

GATEWAY = Path(__file__).parents[2] / "src/brightline/gateway"
# Functions that make an answer: parameter of its HTTP status (None: it goes into a stream) and of its code, with the
# values where a call leaves them out. Those that hand their own parameters on to one of these are found.
MAKERS: dict[str, tuple[int | str | None, int | str]] = {
    "CallError": ("status", "code"),
    "failure": (1, 2),
}
DEFAULTS = {"CallError": (400, "bad_request")}
HEADER = re.compile(rb"(?i)brightline-[a-z-]+")


@dataclass(frozen=True)
class Call:
    """One call of a maker, in the function around it."""

    file: str
    around: ast.FunctionDef | ast.AsyncFunctionDef | None
    maker: str
    node: ast.Call


@cache
def trees() -> dict[str, ast.Module]:
    return {str(p.relative_to(GATEWAY)): ast.parse(p.read_bytes()) for p in sorted(GATEWAY.rglob("*.py"))}


def answers() -> tuple[set[tuple[str, int | None]], set[str]]:
    """(code, status) of every answer that is no success, and `file:function` where one of the two is worked out."""
    makers = dict(MAKERS)
    while True:
        found: set[tuple[str, int | None]] = set()
        unsure: set[str] = set()
        more: dict[str, tuple[int | str | None, int | str]] = {}
        for call in calls(makers):
            status, code = (argument(call, which) for which in makers[call.maker])
            if isinstance(code, str) and (status is None or isinstance(status, int)):
                found.add((code, status))
            elif (handed := handed_on(call, status, code)) is not None:
                more[named(call.file, call.around.name if call.around else "")] = handed
            else:
                unsure.add(f"{call.file}:{call.around.name if call.around else ''}")
        if more.items() <= makers.items():
            return found, unsure
        makers |= more


def calls(makers: dict[str, tuple[int | str | None, int | str]]) -> Iterator[Call]:
    for file, tree in trees().items():
        around: dict[ast.AST, ast.FunctionDef | ast.AsyncFunctionDef] = {}
        for outer in ast.walk(tree):
            for inner in ast.iter_child_nodes(outer):
                if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef):
                    around[inner] = outer
                elif outer in around:
                    around[inner] = around[outer]
        for node in ast.walk(tree):
            name = named(file, called(node))
            if isinstance(node, ast.Call) and name in makers:
                yield Call(file, around.get(node), name, node)


def named(file: str, function: str) -> str:
    """A function that another file cannot mean goes by its file too."""
    return f"{file}:{function}" if function.startswith("_") else function


def called(node: ast.AST) -> str:
    """The name of a function, or of a module's or one's own: `f(…)`, `module.f(…)`, `self.f(…)`."""
    match node:
        case ast.Call(func=ast.Name(id=name)) | ast.Call(func=ast.Attribute(value=ast.Name(), attr=name)):
            return str(name)
        case _:
            return ""


def argument(call: Call, which: int | str | None) -> object:
    """The constant in that place, the ast of anything else; None where the maker has no such parameter."""
    if which is None:
        return None
    given = {k.arg: k.value for k in call.node.keywords}
    node: ast.expr | None
    if isinstance(which, int):
        node = call.node.args[which] if which < len(call.node.args) else None
    else:
        node = given.get(which)
    if node is None:
        return DEFAULTS[call.maker][0 if which == "status" else 1]
    return node.value if isinstance(node, ast.Constant) else node


def handed_on(call: Call, status: object, code: object) -> tuple[int | str | None, int | str] | None:
    """Where the function around takes status and code as parameters of its own: by which place they come."""
    if call.around is None:
        return None
    names = [a.arg for a in call.around.args.args if a.arg != "self"]
    places = [names.index(v.id) if isinstance(v, ast.Name) and v.id in names else None for v in (status, code)]
    if places[1] is None or (places[0] is None and status is not None):
        return None
    return places[0], places[1]


def headers() -> set[str]:
    """Every `Brightline-…` header that the code names, in lower case."""
    values = (n.value for tree in trees().values() for n in ast.walk(tree) if isinstance(n, ast.Constant))
    texts = (v.encode() if isinstance(v, str) else v for v in values if isinstance(v, str | bytes))
    return {t.decode().lower() for t in texts if HEADER.fullmatch(t)}


def settings() -> dict[str, set[str]]:
    """Function that reads a table of the settings → the keys that the table may have."""
    found: dict[str, set[str]] = {}
    for tree in (trees()[name] for name in ("config.py", "engine_config.py", "mcp_config.py", "watch_config.py")):
        constants = {
            t.id: ast.literal_eval(n.value)
            for n in tree.body
            if isinstance(n, ast.Assign) and isinstance(n.value, ast.Tuple)
            for t in n.targets
            if isinstance(t, ast.Name)
        }
        for function in (f for f in tree.body if isinstance(f, ast.FunctionDef)):
            for node in ast.walk(function):
                if isinstance(node, ast.Call) and called(node) in ("_only", "only"):
                    known = node.args[1]
                    found[function.name] = set(
                        constants[known.id] if isinstance(known, ast.Name) else ast.literal_eval(known)
                    )
    return found
