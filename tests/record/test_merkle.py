"""RFC 6962: the shared vectors, and the laws of the tree and its proofs."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brightline.errors import RecordError
from brightline.record import merkle

VECTORS = sorted((Path(__file__).parents[1] / "vectors" / "merkle").rglob("*.json"))


def subtree(v: dict[str, Any]) -> range:
    return range(v["start"], v["end"])


def _verify(kind: str, v: dict[str, Any]) -> None:
    def raw(name: str) -> bytes:
        return base64.b64decode(v[name])

    proof = [base64.b64decode(h) for h in v["proof"] or []]
    match kind:
        case "inclusion":
            merkle.verify_inclusion(v["leafIdx"], v["treeSize"], raw("leafHash"), proof, raw("root"))
        case "subtreeinclusion":
            merkle.verify_subtree_inclusion(v["leafIdx"], subtree(v), raw("leafHash"), proof, raw("root"))
        case "consistency":
            merkle.verify_consistency(v["size1"], v["size2"], proof, raw("root1"), raw("root2"))
        case "subtreeconsistency":
            merkle.verify_subtree_consistency(subtree(v), v["size"], proof, raw("root1"), raw("root2"))
        case _:
            raise AssertionError(kind)


def test_all_shared_vectors_are_here() -> None:
    assert len(VECTORS) == 518


@pytest.mark.parametrize("kind", ["inclusion", "subtreeinclusion", "consistency", "subtreeconsistency"])
def test_vectors(kind: str) -> None:
    wrong = []
    for path in (p for p in VECTORS if kind in p.parts):
        vector = json.loads(path.read_text())
        try:
            _verify(kind, vector)
            refused = False
        except RecordError:
            refused = True
        if refused != vector["wantErr"]:
            wrong.append(path)
    assert wrong == []


def leaves_of(n: int) -> list[bytes]:
    return [merkle.hash_leaf(i.to_bytes(2, "big")) for i in range(n)]


def mth(leaves: list[bytes]) -> bytes:
    """The definition, word for word."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    return sha256(b"\x01" + mth(leaves[:k]) + mth(leaves[k:])).digest()


LEAVES = leaves_of(300)
NODE = merkle.node_reader(LEAVES)
ROOTS = [mth(LEAVES[:n]) for n in range(301)]


@given(st.lists(st.integers(0, 70), max_size=8))
def test_any_way_of_extending_gives_the_same_tree(steps: list[int]) -> None:
    tree, completed = merkle.Tree(), dict[int, list[bytes]]()
    for step in steps:
        start = min(tree.size, 300)
        for height, nodes in enumerate(tree.extend(LEAVES[start : start + step])):
            completed.setdefault(height, []).extend(nodes)
        assert tree.root() == ROOTS[tree.size]
    for height, nodes in completed.items():
        assert nodes == [NODE(height, i) for i in range(tree.size >> height)]


def test_inclusion_of_every_leaf_in_every_size() -> None:
    for size in range(1, 301):
        for index in {0, size // 3, size // 2, size - 2, size - 1} & set(range(size)):
            proof = merkle.prove_inclusion(index, size, NODE)
            merkle.verify_inclusion(index, size, LEAVES[index], proof, ROOTS[size])
            _refuses_every_change(
                lambda p, i=index, n=size: merkle.verify_inclusion(i, n, LEAVES[i], p, ROOTS[n]), proof
            )


def test_consistency_of_every_pair_of_sizes() -> None:
    for new in range(1, 301):
        for old in {1, 2, new // 3, new // 2, new - 1, new} & set(range(1, new + 1)):
            proof = merkle.prove_consistency(old, new, NODE)
            merkle.verify_consistency(old, new, proof, ROOTS[old], ROOTS[new])
            _refuses_every_change(lambda p, o=old, n=new: merkle.verify_consistency(o, n, p, ROOTS[o], ROOTS[n]), proof)
            if old != new:
                with pytest.raises(RecordError):
                    merkle.verify_consistency(old, new, proof, ROOTS[old - 1], ROOTS[new])


@given(st.data())
def test_subtrees(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 300))
    width = data.draw(st.integers(1, size))
    step = 1 << (width - 1).bit_length()
    start = data.draw(st.integers(0, (size - width) // step)) * step
    part = range(start, start + width)
    root = merkle.subtree_root(part, NODE)
    assert root == mth(LEAVES[start : start + width])
    proof = merkle.prove_subtree_consistency(part, size, NODE)
    merkle.verify_subtree_consistency(part, size, proof, root, ROOTS[size])
    _refuses_every_change(lambda p: merkle.verify_subtree_consistency(part, size, p, root, ROOTS[size]), proof)
    index = data.draw(st.sampled_from(part))
    path = merkle.prove_subtree_inclusion(index, part, NODE)
    merkle.verify_subtree_inclusion(index, part, LEAVES[index], path, root)


def _refuses_every_change(check: Callable[[list[bytes]], None], proof: list[bytes]) -> None:
    """Too long, too short, and one bit of one hash: each is refused."""
    changed = [[*proof, bytes(32)], [bytes(32), *proof]]
    if proof:
        changed += [proof[:-1], proof[1:], [*proof[:-1], proof[-1][:31]]]
        changed += [[*proof[:-1], bytes([proof[-1][0] ^ 1]) + proof[-1][1:]]]
    for other in changed:
        with pytest.raises(RecordError):
            check(other)


def test_hash_leaves_reads_fixed_strides() -> None:
    data = bytes(range(256)) * 3
    assert merkle.hash_leaves(data, 256) == [merkle.hash_leaf(data[:256])] * 3


def test_malformed_questions_are_refused() -> None:
    for call in (
        lambda: merkle.verify_inclusion(-1, 4, LEAVES[0], [], ROOTS[4]),
        lambda: merkle.prove_inclusion(4, 4, NODE),
        lambda: merkle.prove_consistency(0, 4, NODE),
        lambda: merkle.prove_consistency(5, 4, NODE),
        lambda: merkle.subtree_root(range(3, 5), NODE),
        lambda: merkle.verify_subtree_consistency(range(-1, -1), 4, [], merkle.EMPTY_ROOT, ROOTS[4]),
        lambda: merkle.verify_inclusion(0, 2**64, LEAVES[0], [], ROOTS[4]),
    ):
        with pytest.raises(RecordError):
            call()
