"""A sandbox of each generation of the host, and a client that starts it empty."""

from collections.abc import Iterator

import pytest

import sandbox
from sandbox.testkit import Client, fresh_client


@pytest.fixture(scope="session")
def new_box() -> Iterator[sandbox.Box]:
    with sandbox.running() as box:
        yield box


@pytest.fixture(scope="session")
def old_box() -> Iterator[sandbox.Box]:
    with sandbox.running(host_version="0.1.130") as box:
        yield box


@pytest.fixture
def new(new_box: sandbox.Box) -> Iterator[Client]:
    yield from fresh_client(new_box)


@pytest.fixture
def old(old_box: sandbox.Box) -> Iterator[Client]:
    yield from fresh_client(old_box)
