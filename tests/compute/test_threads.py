"""Blocks of runs on threads: each run once, faults and cancelling passed on."""

import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acutecast.compute import Event, left_behind, processors, run_blocks, unless_stopped
from acutecast.errors import Cancelled


@settings(deadline=None)
@given(st.integers(1, 200), st.integers(1, 9))
def test_every_run_once(n_runs, threads):
    done = []
    run_blocks(done.extend, n_runs, threads)
    assert sorted(done) == list(range(n_runs))


def test_blocks_are_whole_and_small():
    blocks = []
    run_blocks(blocks.append, 256, 2)
    assert all(isinstance(block, range) and 1 <= len(block) <= 8 for block in blocks)
    assert 32 <= len(blocks) <= 40


def test_one_run_needs_one_block():
    blocks = []
    run_blocks(blocks.append, 1, 8)
    assert blocks == [range(1)]


def test_the_first_block_is_alone():
    """It compiles the kernels; the others start when it is done."""
    busy = threading.Lock()
    first_done = threading.Event()
    others = []

    def work(block: range) -> None:
        if 0 in block:
            assert busy.acquire(blocking=False)
            busy.release()
            assert others == []
            first_done.set()
        else:
            assert first_done.is_set()
            others.append(block)

    run_blocks(work, 100, 4)
    assert others


def test_threads_work_side_by_side():
    """Two blocks meet at a barrier, which one thread alone would never pass."""
    barrier = threading.Barrier(2, timeout=20)

    def work(block: range) -> None:
        if block.start in (1, 2):
            barrier.wait()

    run_blocks(work, 3, 2)
    assert not barrier.broken


def test_progress_ends_with_all_runs():
    events: list[Event] = []
    run_blocks(lambda block: None, 50, 3, watch=events.append, stage="counting")
    assert {event.stage for event in events} == {"counting"}
    assert [event.done for event in events] == sorted({event.done for event in events})
    assert events[-1].done == events[-1].of == 50


def test_a_fault_is_passed_on_and_stops_the_rest():
    done = []

    def work(block: range) -> None:
        if 0 not in block:
            raise ZeroDivisionError("a fault of ours")
        done.append(block)

    with pytest.raises(ZeroDivisionError, match="a fault of ours"):
        run_blocks(work, 500, 2)
    assert len(done) == 1


def test_cancelled_before_it_begins_does_at_most_one_block():
    done = []
    with pytest.raises(Cancelled):
        run_blocks(done.append, 500, 4, cancelled=lambda: True)
    assert len(done) <= 1


def test_cancelled_on_the_way_leaves_the_rest_undone():
    done = []
    answered = threading.Event()

    def work(block: range) -> None:
        if len(done) >= 2:
            assert answered.wait(20)
            sum(range(20_000))  # work enough that a thousand blocks do not slip through
        done.append(block)

    def cancelled() -> bool:
        if len(done) >= 2:
            answered.set()
        return answered.is_set()

    with pytest.raises(Cancelled):
        run_blocks(work, 8000, 1, cancelled=cancelled)
    assert 2 <= len(done) < 500


def test_no_thread_is_left_behind():
    before = threading.active_count()
    run_blocks(lambda block: None, 20, 4)
    assert threading.active_count() == before


def test_processors():
    assert processors() >= 1


def test_a_stop_does_not_wait_for_the_first_block():
    """A thread inside the compiler cannot be ended: it is left behind."""
    begun, end = threading.Event(), threading.Event()

    def work(block: range) -> None:
        begun.set()
        end.wait()

    try:
        with pytest.raises(Cancelled):
            run_blocks(work, 9, 2, cancelled=begun.is_set)
        assert left_behind()
        with pytest.raises(Cancelled):
            unless_stopped(end.wait, begun.is_set)
    finally:
        end.set()


def test_work_that_is_not_stopped_gives_what_it_gives():
    assert unless_stopped(lambda: 3, lambda: False) == 3
    assert unless_stopped(lambda: 3, None) == 3
    with pytest.raises(ZeroDivisionError):
        unless_stopped(lambda: 1 // 0, lambda: False)
