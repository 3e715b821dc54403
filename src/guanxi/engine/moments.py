"""A moment in the past, and which events were known then."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

import numpy as np
import pyarrow as pa

from guanxi.errors import ParameterError
from guanxi.events import EVENT_SCHEMA
from guanxi.events.coded import NO_TIME, Coded
from guanxi.events.values import isoformat, microseconds

_SHOWN = 80


@dataclass(frozen=True, slots=True)
class Past:
    """What an answer as of a past moment rests on.

    Attributes
    ----------
    moment : int
        In microseconds since 1970 UTC.
    n_events : int
        Events of that moment or before it.
    n_undated : int
        Events without a time: nothing shows that they were known then, so they are left out.
    """

    moment: int
    n_events: int
    n_undated: int

    def meta(self, newest: int | None) -> dict[str, object]:
        """As an answer says it; ``newest`` is the time of the last event that counts."""
        return {
            "newest_event": None if newest is None else isoformat(newest),
            "n_events": self.n_events,
            "n_undated_events": self.n_undated,
        }


class NothingNewer:
    """Stands for the store in a view of the past: nobody has done anything after its snapshot."""

    def events_of(self, source: str, *, after: int) -> pa.Table:
        """No events."""
        del source, after
        return EVENT_SCHEMA.empty_table()


def moment_of(text: str, *, now_us: int) -> int:
    """The end of a day, or a time, in microseconds since 1970 UTC.

    A day is one of UTC. A time that names no zone is UTC, too. The day that it is now may be asked for: whatever comes
    until its end is known as soon as a run knows it.

    Raises
    ------
    ParameterError
        If the text is neither, or lies in the future.

    Examples
    --------
    >>> isoformat(moment_of("2023-11-14", now_us=1_800_000_000_000_000))
    '2023-11-14T23:59:59Z'
    >>> isoformat(moment_of("2023-11-14T10:00+08:00", now_us=1_800_000_000_000_000))
    '2023-11-14T02:00:00Z'
    """
    first, last = _span(text.strip())
    if first > now_us:
        raise ParameterError(f"as_of is {text}, which is not past: it is {isoformat(now_us)}")
    return last


def _span(text: str) -> tuple[int, int]:
    """First and last microsecond that a text may mean."""
    try:
        try:
            day = date.fromisoformat(text)
        except ValueError:
            moment = datetime.fromisoformat(text)
            at = microseconds(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
            return at, at
        return _of_day(day)
    except (ValueError, OverflowError) as exc:
        raise ParameterError(
            f"as_of is {text[:_SHOWN]!r}, neither a day, such as 2024-05-31, nor a time, such as 2024-05-31T12:00Z"
        ) from exc


def _of_day(day: date) -> tuple[int, int]:
    """First and last microsecond of a day in UTC."""
    return tuple(microseconds(datetime.combine(day, part, UTC)) for part in (time.min, time.max))  # type: ignore[return-value]


def day_of(text: str, *, name: str) -> date:
    """Read a day; ``name`` is what the message calls it."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError as exc:
        raise ParameterError(f"{name} is {text[:_SHOWN]!r}, not a day, such as 2024-05-31") from exc


def known_at(parts: Iterable[Coded], moment: int) -> tuple[list[Coded], int]:
    """Events that were known at a moment, and the number of those without a time, which are left out.

    What counts is an event's own time. When it was loaded does not: a purchase of May that is loaded in June was known,
    to whoever made it, in May.
    """
    known, n_undated = [], 0
    for part in parts:
        rows = np.flatnonzero((part.time != NO_TIME) & (part.time <= moment))
        n_undated += int((part.time == NO_TIME).sum())
        if len(rows):
            known.append(part if len(rows) == len(part) else part.take(rows))
    return known, n_undated
