"""One engine for the tests that only talk to it; those that break one start their own."""

from collections.abc import Iterator

import pytest

from brightline.models import EmbeddedModel
from tools.capture_embedded import KEY


@pytest.fixture(scope="session")
def engine() -> Iterator[EmbeddedModel]:
    with EmbeddedModel(api_key=KEY) as running:
        yield running
