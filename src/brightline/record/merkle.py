"""The Merkle tree of RFC 6962 section 2.1: hashes, an incremental tree, and proofs, made and verified.

    MTH({})     = SHA-256("")
    MTH({d})    = SHA-256(0x00 || d)                         a leaf
    MTH(D[0:n]) = SHA-256(0x01 || MTH(D[0:k]) || MTH(D[k:n]))  k the largest power of two below n

A *subtree* is a `range` of leaves whose start is a multiple of the smallest power of two that is at least its
length, so that the same hash stands for it in every larger tree (draft-ietf-plants-merkle-tree-certs).
Proof makers read the tree through `node(height, index)`: the hash of the perfect subtree
[index << height, (index + 1) << height). Whatever does not verify raises RecordError.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256
from struct import iter_unpack
from typing import Never

from brightline.errors import RecordError

HASH_BYTES = 32
EMPTY_ROOT = sha256(b"").digest()

NodeReader = Callable[[int, int], bytes]


def hash_leaf(data: bytes) -> bytes:
    """SHA-256(0x00 || data)."""
    return sha256(b"\x00" + data).digest()


def hash_node(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right)."""
    return sha256(b"\x01" + left + right).digest()


def hash_leaves(data: bytes, stride: int) -> list[bytes]:
    """The leaf hashes of `data` read as whole entries of `stride` bytes each; what is left over has none.

    Plain hashlib is as fast as anything here.
    """
    whole = memoryview(data)[: len(data) // stride * stride]
    return [sha256(b"\x00" + entry).digest() for (entry,) in iter_unpack(f"{stride}s", whole)]


def hash_pairs(nodes: Sequence[bytes]) -> list[bytes]:
    """The parents of an even number of neighbouring nodes."""
    pairs = iter(nodes)
    return [sha256(b"\x01" + left + right).digest() for left, right in zip(pairs, pairs, strict=True)]


class Tree:
    """A tree that only grows. It keeps the roots of its perfect subtrees, at most one for each height.

    Law: after any sequence of `extend`, `root()` is MTH of all leaves given, in order.
    """

    __slots__ = ("_border", "size")

    def __init__(self) -> None:
        self.size = 0
        self._border: list[bytes | None] = []  # by height: the perfect subtree that waits for a right neighbour

    def extend(self, leaves: Sequence[bytes]) -> list[list[bytes]]:
        """Append leaf hashes. Returns the hashes of the perfect subtrees that this completed, by height, in order."""
        self.size += len(leaves)
        completed: list[list[bytes]] = []
        level = list(leaves)
        while level:
            height = len(completed)
            completed.append(level)
            if height == len(self._border):
                self._border.append(None)
            waiting = self._border[height]
            nodes = level if waiting is None else [waiting, *level]
            self._border[height] = nodes[-1] if len(nodes) % 2 else None
            level = hash_pairs(nodes[: len(nodes) & ~1])
        return completed

    def copy(self) -> Tree:
        """Another tree that grows on its own."""
        other = Tree()
        other.size, other._border = self.size, self._border.copy()
        return other

    def root(self) -> bytes:
        """MTH of the leaves so far."""
        root: bytes | None = None
        for left in self._border:
            if left is not None:
                root = left if root is None else hash_node(left, root)
        return EMPTY_ROOT if root is None else root


def node_reader(leaves: Sequence[bytes]) -> NodeReader:
    """`node(height, index)` over leaf hashes held in memory."""
    levels = [list(leaves)]
    while len(levels[-1]) > 1:
        nodes = levels[-1]
        levels.append(hash_pairs(nodes[: len(nodes) & ~1]))
    return lambda height, index: levels[height][index]


def subtree_root(subtree: range, node: NodeReader) -> bytes:
    """MTH(D[start:stop])."""
    _check_subtree(subtree.start, subtree.stop)
    return _root(subtree.start, subtree.stop, node)


def prove_inclusion(index: int, size: int, node: NodeReader) -> list[bytes]:
    """PATH(index, D[0:size]) of RFC 6962 section 2.1.1."""
    return prove_subtree_inclusion(index, range(size), node)


def prove_subtree_inclusion(index: int, subtree: range, node: NodeReader) -> list[bytes]:
    """The proof that leaf `index` stands in the subtree."""
    start, end = subtree.start, subtree.stop
    _check_subtree(start, end)
    _check_index(index, start, end)
    proof: list[bytes] = []
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            proof.append(_root(middle, end, node))
            end = middle
        else:
            proof.append(_root(start, middle, node))
            start = middle
    return proof[::-1]


def prove_consistency(old: int, new: int, node: NodeReader) -> list[bytes]:
    """PROOF(old, D[0:new]) of RFC 6962 section 2.1.2. Nothing is to be proven of an empty tree."""
    _check_old(old)
    return prove_subtree_consistency(range(old), new, node)


def prove_subtree_consistency(subtree: range, size: int, node: NodeReader) -> list[bytes]:
    """SUBTREE_PROOF(start, end, D[0:size]): the subtree is part of the tree of `size`."""
    start, end = subtree.start, subtree.stop
    _check_subtree(start, end)
    _check_within(end, size)
    low, high, known = 0, size, True  # the part that is still to be split; is its own hash the subtree's?
    proof: list[bytes] = []
    while (start, end) != (low, high):
        middle = low + _split(high - low)
        if end <= middle:
            proof.append(_root(middle, high, node))
            high = middle
        else:
            proof.append(_root(low, middle, node))
            # A subtree that crosses the middle starts at `low`: its right part goes on, no longer known.
            known = known and start >= middle
            low, start = middle, max(start, middle)
    if not known:
        proof.append(_root(low, high, node))
    return proof[::-1]


def verify_inclusion(index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes) -> None:
    """Raises RecordError unless `leaf` (a leaf hash) is number `index` in the tree of `size` with `root`."""
    verify_subtree_inclusion(index, range(size), leaf, proof, root)


def verify_subtree_inclusion(index: int, subtree: range, leaf: bytes, proof: Sequence[bytes], root: bytes) -> None:
    """Raises RecordError unless `leaf` is number `index` (of the whole tree) in the subtree with `root`."""
    start, end = subtree.start, subtree.stop
    _check_subtree(start, end)
    _check_index(index, start, end)
    rest = _Rest(proof, leaf)
    if len(leaf) != HASH_BYTES:
        _refuse(f"a leaf hash has {HASH_BYTES} bytes")

    def up(index: int, size: int) -> bytes:
        if size == 1:
            return leaf
        k, sibling = _split(size), rest.take()
        return hash_node(up(index, k), sibling) if index < k else hash_node(sibling, up(index - k, size - k))

    found = up(index - start, end - start)
    rest.finish()
    if found != root:
        _refuse("the inclusion proof leads to another root")


def verify_consistency(old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> None:
    """Raises RecordError unless the tree of size `new` begins with the tree of size `old` > 0."""
    _check_old(old)
    verify_subtree_consistency(range(old), new, proof, old_root, new_root)


def verify_subtree_consistency(subtree: range, size: int, proof: Sequence[bytes], sub_root: bytes, root: bytes) -> None:
    """Raises RecordError unless the subtree with `sub_root` is part of the tree of `size` with `root`.

    An empty range is part of every tree that is long enough, and has the empty root.
    """
    start, end = subtree.start, subtree.stop
    rest = _Rest(proof, sub_root, root)
    _check_within(end, size)
    if start == end and start >= 0:
        rest.finish()
        if sub_root != EMPTY_ROOT:
            _refuse("an empty subtree has the empty root")
        return
    _check_subtree(start, end)

    def up(start: int, end: int, size: int, known: bool) -> tuple[bytes, bytes]:
        """(hash of the subtree's share of these `size` leaves, hash of all of them)."""
        if start == 0 and end == size:
            both = sub_root if known else rest.take()
            return both, both
        k, sibling = _split(size), rest.take()
        if end <= k:
            part, whole = up(start, end, k, known)
            return part, hash_node(whole, sibling)
        if start >= k:
            part, whole = up(start - k, end - k, size - k, known)
            return part, hash_node(sibling, whole)
        part, whole = up(0, end - k, size - k, False)
        return hash_node(sibling, part), hash_node(sibling, whole)

    part, whole = up(start, end, size, True)
    rest.finish()
    if part != sub_root:
        _refuse("the consistency proof leads to another root of the old tree")
    if whole != root:
        _refuse("the consistency proof leads to another root of the new tree")


class _Rest:
    """What is left of a proof, read from its end: the top of the tree first. Its length bounds all recursion."""

    __slots__ = ("_hashes",)

    def __init__(self, proof: Sequence[bytes], *others: bytes) -> None:
        self._hashes = list(proof)
        # Without a proof nothing is hashed: the others are only compared, and the vectors compare other lengths too.
        if self._hashes and any(len(h) != HASH_BYTES for h in (*self._hashes, *others)):
            _refuse(f"a hash has {HASH_BYTES} bytes")

    def take(self) -> bytes:
        if not self._hashes:
            _refuse("the proof is too short")
        return self._hashes.pop()

    def finish(self) -> None:
        if self._hashes:
            _refuse(f"the proof has {len(self._hashes)} hashes too many")


def _root(start: int, end: int, node: NodeReader) -> bytes:
    size = end - start
    if size & (size - 1) == 0:
        return node(size.bit_length() - 1, start >> (size.bit_length() - 1))
    middle = start + _split(size)
    return hash_node(_root(start, middle, node), _root(middle, end, node))


def _split(size: int) -> int:
    """The largest power of two below `size` >= 2."""
    return 1 << ((size - 1).bit_length() - 1)


def _check_subtree(start: int, end: int) -> None:
    if not 0 <= start < end or start % (1 << (end - start - 1).bit_length()):
        _refuse(f"[{start}, {end}) is not a subtree")


def _check_index(index: int, start: int, end: int) -> None:
    if not start <= index < end:
        _refuse(f"leaf {index} is not in [{start}, {end})")


def _check_within(end: int, size: int) -> None:
    if end > size:
        _refuse(f"a tree of {size} leaves has no leaf {end - 1}")


def _check_old(old: int) -> None:
    if old < 1:
        _refuse("consistency with an empty tree shows nothing")


def _refuse(text: str) -> Never:
    raise RecordError(text, place="proof", cure="ask for the proof again, or treat the log as altered")
