"""A pool keeps the connections that calls gave back, and nothing in place of those that nobody opened."""

from batch_import.net.deadline import POOLS
from batch_import.net.relays import CONNECTIONS

from tests.support.relay_farm import relay_farm


def test_connections_that_were_used_at_once_are_kept_and_used_again() -> None:
    with relay_farm(1) as (port,), POOLS["http"]("127.0.0.1", port, maxsize=CONNECTIONS) as pool:
        assert idle(pool) == 0
        for _ in range(2):
            asked = [pool.urlopen("GET", "/v1/models", preload_content=False) for _ in range(3)]
            assert [answer.status for answer in asked] == [200] * 3
            assert idle(pool) == 0
            for answer in asked:
                answer.drain_conn()
            assert (idle(pool), pool.num_connections) == (3, 3)


def test_a_full_pool_closes_what_it_cannot_keep() -> None:
    with relay_farm(1) as (port,), POOLS["http"]("127.0.0.1", port, maxsize=1) as pool:
        asked = [pool.urlopen("GET", "/v1/models", preload_content=False) for _ in range(2)]
        for answer in asked:
            answer.drain_conn()
        assert idle(pool) == 1
        assert pool.urlopen("GET", "/v1/models").status == 200
        assert pool.num_connections == 2


def idle(pool: object) -> int:
    return pool.pool.qsize()  # type: ignore[attr-defined]
