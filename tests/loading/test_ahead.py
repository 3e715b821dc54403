"""Items made ahead: all of them, in order, and nothing goes on once nobody wants them."""

import threading

import pytest

from guanxi.loading import ahead


def test_items_come_in_their_order():
    assert list(ahead(iter(range(100)), depth=3)) == list(range(100))


def test_error_of_the_thread_is_raised_after_the_items_before_it():
    def items():
        yield 1
        raise KeyError("lost")

    made = ahead(items())
    assert next(made) == 1
    with pytest.raises(KeyError, match="lost"):
        next(made)


def test_consumer_that_stops_ends_the_thread_and_closes_what_it_reads():
    closed = threading.Event()

    def items():
        try:
            yield from range(1000)
        finally:
            closed.set()

    made = ahead(items())
    assert next(made) == 0
    made.close()
    assert closed.is_set()
    assert "reader" not in [thread.name for thread in threading.enumerate()]


def test_consumer_that_stops_is_not_held_by_a_source_that_waits():
    free = threading.Event()

    def items():
        yield 1
        free.wait(timeout=60)

    made = ahead(items())
    assert next(made) == 1
    made.close()
    waiting = [thread for thread in threading.enumerate() if thread.name == "reader"]
    assert len(waiting) == 1
    free.set()
    waiting[0].join(timeout=10)
    assert not waiting[0].is_alive()
