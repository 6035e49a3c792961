"""A lack of descriptors or memory is this process's fault: no verdict about a relay or the host comes of it."""

import errno
import gc
import os
import resource
import ssl
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
from batch_import.coordination.circuit_breaker import CLOSED, BreakerDecision, OriginBreakers
from batch_import.domain.errors import OutOfResources
from batch_import.host.transport import HostTransport
from batch_import.net import own_faults
from batch_import.net.http import exchange
from batch_import.net.relays import RelayConnections, connection_trouble
from batch_import.net.resolver import Resolver

from tests.support.clock import HandClock
from tests.unit.coordination.test_circuit_breaker import Rows

NOBODY = "http://127.0.0.1:9"
TLS = ssl.create_default_context()


@pytest.fixture
def no_descriptors() -> Iterator[None]:
    """No file or socket can be opened inside the test."""
    gc.collect()  # what earlier tests left behind would be closed meanwhile
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken = [os.dup(0)]
    resource.setrlimit(resource.RLIMIT_NOFILE, (taken[0] + 50, hard))
    try:
        with suppress(OSError):
            while True:
                taken.append(os.dup(0))
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for one in taken:
            os.close(one)


@pytest.mark.parametrize("url", [f"{NOBODY}/v1", "https://127.0.0.1:9/v1", "http://relay.example.com/v1"])
def test_a_relay_that_could_not_be_called_is_not_unreachable(no_descriptors: None, url: str) -> None:
    with RelayConnections(("127.0.0.1",)) as relays, pytest.raises(OutOfResources):
        exchange(relays.send, "GET", url, headers={})


def test_an_origin_that_could_not_be_called_opens_no_breaker(no_descriptors: None) -> None:
    rows: Any = Rows()
    connect = partial(connection_trouble, Resolver(), ("127.0.0.1",))
    with pytest.raises(OutOfResources):
        OriginBreakers(rows, HandClock().clock, connect).admission(NOBODY)
    assert rows.rows == {}


class Breaker:
    opened = False

    def failed(self) -> BreakerDecision:
        self.opened = True
        return CLOSED

    def works(self) -> None: ...


@pytest.mark.parametrize("url", [NOBODY, "https://host.example.com"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_host_that_could_not_be_called_is_not_silent(no_descriptors: None, method: str, url: str) -> None:
    breaker = Breaker()
    host = HostTransport(url, "admin-key", breaker, tls=TLS)
    with pytest.raises(OutOfResources):
        host.get("/") if method == "GET" else host.write(method, "/")
    assert not breaker.opened


def test_memory_that_ran_out_while_an_answer_was_read_is_not_the_relays_fault() -> None:
    def failing(*_: Any, **__: Any) -> Any:
        raise MemoryError

    with pytest.raises(OutOfResources):
        exchange(failing, "GET", NOBODY, headers={})


@pytest.mark.parametrize("code", [errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS])
def test_a_fault_is_recognised_behind_the_errors_that_it_led_to(code: int) -> None:
    error = ConnectionError("no connection")
    error.__cause__ = OSError(code, os.strerror(code))
    assert own_faults.is_own_fault(error)
    assert not own_faults.is_own_fault(ConnectionRefusedError(errno.ECONNREFUSED, "refused"))
