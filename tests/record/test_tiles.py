"""C2SP tlog-tiles: paths, bundles, and which tiles a tree of a size has."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brightline.errors import RecordError
from brightline.record import merkle
from brightline.record.merkle import Tree
from brightline.record.tiles import Growth, Tile, decode_bundle, encode_bundle, tile_reader, tiles_of


@given(st.builds(Tile, st.integers(-1, 63), st.integers(0, 2**64 - 1), st.integers(1, 256)))
def test_paths_read_back(tile: Tile) -> None:
    assert Tile.parse(tile.path) == tile


def test_paths_of_the_specification() -> None:
    assert Tile(0, 1234067).path == "tile/0/x001/x234/067"
    assert Tile(-1, 0, 3).path == "tile/entries/000.p/3"
    assert Tile(2, 1000, 255).path == "tile/2/x001/000.p/255"


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/0",
        "tile/00/000",
        "tile/64/000",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/007",
        "tile/0/x000/001",
        "tile/0/001/002",
        "tile/0/x001",
        "tile/-1/000",
        "tile/0/000/",
        "/tile/0/000",
        "tile/0/٠٠٠",
        "tile/0/" + "x999/" * 2000 + "000",
    ],
)
def test_other_spellings_are_refused(path: str) -> None:
    with pytest.raises(RecordError):
        Tile.parse(path)


def test_tiles_of_the_sizes_in_the_specification() -> None:
    partial = [(t.level, t.index, t.width) for t in tiles_of(70_000) if t.width < 256]
    assert partial == [(-1, 273, 112), (0, 273, 112), (1, 1, 17), (2, 0, 1)]
    assert sum(t.level == 0 for t in tiles_of(70_000)) == 274
    assert [t.path for t in tiles_of(256)] == ["tile/entries/000", "tile/0/000", "tile/1/000.p/1"]
    assert list(tiles_of(0)) == []


LEAVES = [merkle.hash_leaf(b"%d" % i) for i in range(3500)]
NODE = merkle.node_reader(LEAVES)


def hashes_of(tile: Tile) -> bytes:
    """The definition: MTH of 256 ** level leaves each."""
    width = 256**tile.level
    starts = [(tile.index * 256 + i) * width for i in range(tile.width)]
    return b"".join(merkle.subtree_root(range(at, at + width), NODE) for at in starts)


@settings(max_examples=25)
@given(st.lists(st.integers(1, 700), max_size=5))
def test_what_grows_is_what_a_tree_of_the_size_has(steps: list[int]) -> None:
    tree, growth, files = Tree(), Growth(), dict[str, bytes]()
    for step in steps:
        growth.add(tree.extend(LEAVES[tree.size : tree.size + step]))
        tiles = growth.tiles()
        files.update((tile.path, data) for tile, data in tiles)
        growth.drop([tile for tile, _ in tiles])
        assert all(tile.width < 256 for tile, _ in growth.tiles())
        for tile in tiles_of(tree.size):
            if tile.level >= 0:
                assert files[tile.path] == hashes_of(tile)
        node = tile_reader(tree.size, files.__getitem__)
        for index in (0, tree.size // 2, tree.size - 1):
            proof = merkle.prove_inclusion(index, tree.size, node)
            merkle.verify_inclusion(index, tree.size, LEAVES[index], proof, tree.root())


def test_a_tile_of_another_length_is_refused() -> None:
    node = tile_reader(3, lambda path: bytes(64))
    with pytest.raises(RecordError, match=r"tile/0/000.p/3: 64 bytes"):
        node(0, 0)


@given(st.integers(0, 256))
def test_bundles_read_back(width: int) -> None:
    entries = bytes(i % 251 for i in range(256 * width))
    bundle = encode_bundle(entries)
    assert len(bundle) == 258 * width
    assert decode_bundle(bundle, width) == entries


def test_malformed_bundles_are_refused() -> None:
    bundle = encode_bundle(bytes(512))
    for data, width in ((bundle, 3), (bundle[:-1], 2), (b"\0\xff" + bundle[2:], 2), (bundle + bundle, 2)):
        with pytest.raises(RecordError, match="bundle"):
            decode_bundle(data, width)
