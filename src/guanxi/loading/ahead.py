"""Work that is done ahead of the one who needs it, in a thread of its own."""

import queue
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")

Made = queue.Queue[tuple[T | None, BaseException | None]]

_WAIT_S = 0.1
_PATIENCE_S = 2.0
"""How long a consumer that stops waits for the thread: one that reads from a pipe may be held there for ever."""


def ahead(items: Iterable[T], *, depth: int = 2) -> Generator[T]:
    """Yield ``items`` in their order, while a thread makes the next ones.

    At most ``depth`` wait. What the thread raises is raised here; where the consumer stops early, so does the
    thread, as soon as it has made the item that it is at.

    >>> list(ahead(range(3)))
    [0, 1, 2]
    """
    made: Made[T] = queue.Queue(depth)
    enough = threading.Event()
    thread = threading.Thread(target=_make, args=(iter(items), made, enough.is_set), name="reader", daemon=True)
    thread.start()
    try:
        while True:
            item, error = made.get()
            if isinstance(error, StopIteration):
                return
            if error is not None:
                raise error
            yield item  # type: ignore[misc]
    finally:
        enough.set()
        thread.join(_PATIENCE_S)


def _make(
    items: Iterator[T], made: "queue.Queue[tuple[T | None, BaseException | None]]", done: Callable[[], bool]
) -> None:
    last: BaseException | None = None
    while last is None and not done():
        item: T | None = None
        try:
            item = next(items)
        except BaseException as exc:  # noqa: BLE001 - raised where the items are wanted
            last = exc
        while not done():
            try:
                made.put((item, last), timeout=_WAIT_S)
                break
            except queue.Full:
                continue
    close = getattr(items, "close", None)
    if close is not None:
        close()
