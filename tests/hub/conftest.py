"""A Hub on this machine, one for each test."""

from collections.abc import Iterator

import pytest
from hub_server import HubServer


@pytest.fixture
def hub() -> Iterator[HubServer]:
    with HubServer() as server:
        yield server
