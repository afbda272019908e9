"""Each of the three positions in turn."""

import pytest

from brightline.terms import Pack
from tests.packs.positions import NAMES, shipped_pack


@pytest.fixture(params=NAMES)
def pack(request: pytest.FixtureRequest) -> Pack:
    return shipped_pack(request.param)
