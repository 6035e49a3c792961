"""Large answers are judged two at a time; small ones wait for nobody."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from batch_import.domain.errors import OutOfResources
from batch_import.net.deadline import deadline
from batch_import.net.large_answers import LARGE, await_place, judged_inside


def judge(size: int, begun: threading.Semaphore, go_on: threading.Event) -> None:
    with judged_inside():
        await_place(size)
        begun.release()
        assert go_on.wait(10)


def test_a_third_large_answer_waits_and_a_small_one_does_not() -> None:
    begun, go_on = threading.Semaphore(0), threading.Event()
    with ThreadPoolExecutor(4) as pool:
        large = [pool.submit(judge, LARGE + 1, begun, go_on) for _ in range(3)]
        assert begun.acquire(timeout=10)
        assert begun.acquire(timeout=10)
        small = pool.submit(judge, LARGE, begun, go_on)
        assert begun.acquire(timeout=10)
        assert not begun.acquire(timeout=0.1)  # neither of the three that are left over has begun
        go_on.set()
        for one in (*large, small):
            one.result(10)


def test_without_a_place_before_the_deadline_the_relay_is_not_judged() -> None:
    begun, go_on = threading.Semaphore(0), threading.Event()
    with ThreadPoolExecutor(2) as pool:
        held = [pool.submit(judge, LARGE + 1, begun, go_on) for _ in range(2)]
        assert begun.acquire(timeout=10)
        assert begun.acquire(timeout=10)
        with deadline(0.05), judged_inside(), pytest.raises(OutOfResources):
            await_place(LARGE + 1)
        go_on.set()
        for one in held:
            one.result(10)


def test_a_block_takes_one_place_and_leaves_none_taken() -> None:
    with deadline(0.05), judged_inside():
        for _ in range(3):
            await_place(LARGE + 1)
    for _ in range(3):
        with judged_inside():
            pass
        with deadline(0.05):
            await_place(LARGE + 1)  # outside a block nothing is held, and nothing waited for
