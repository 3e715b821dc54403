"""How an account stood on past days: trust, followers and authenticity, each from the run as of that day."""

import calendar
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal

import numpy as np

from guanxi.engine.engine import Engine
from guanxi.engine.heard import HeardOfAll
from guanxi.engine.judging import globally_sure_of
from guanxi.engine.moments import day_of
from guanxi.engine.trust_answers import placed
from guanxi.engine.view import View
from guanxi.errors import ParameterError
from guanxi.events.values import MICROSECONDS
from guanxi.snapshot import NO_TIME, Snapshot

Answer = dict[str, Any]
Every = Literal["day", "week", "month"] | int
"""How far the days are apart; a number counts days."""

DEFAULT_DAYS = 12
MOST_DAYS = 400
_ONE = timedelta(days=1)
_DIGITS = 5


def history(
    engine: Engine,
    account: str,
    days: Sequence[str],
    *,
    progress: Callable[[int, int], None] | None = None,
) -> list[Answer]:
    """How an account stood at the end of each of some days; the last one is looked at first.

    Parameters
    ----------
    days : sequence of str
        See ``days_of``.
    progress : callable, optional
        Told how many days are done, of how many.
    """
    points = []
    for n_done, day in enumerate(reversed(days), start=1):
        view = engine.view(as_of=day)
        points.append(point(view, account, day, heard=engine.past.heard(view)))
        if progress is not None:
            progress(n_done, len(days))
    return points[::-1]


def point(view: View, account: str, day: str, *, heard: HeardOfAll) -> Answer:
    """How an account stood in one view; nulls where the view does not know it."""
    found = view.snapshot.accounts.find(account)
    said = {"day": day, "run": view.run.id, "n_undated_events": view.past.n_undated if view.past else 0}
    if found is None:
        return said | {"known": False, "standing": None, "authenticity": None, "counts": None}
    index = view.run.actor(found)
    followed = view.snapshot.relation("follow", "account").targets
    standing = placed(float(view.run.global_trust[index]), view.run.sorted_trust)
    return said | {
        "known": True,
        "standing": standing | globally_sure_of(view.run, np.array([index]))[0],
        "authenticity": heard.about(found) | {"factor": float(view.run.discount[found])},
        "counts": {
            "n_trusting": int(view.run.graph.in_degrees[index]),
            "n_followers": int((followed == found).sum()),
        },
    }


def days_of(
    view: View, *, first: str | None = None, last: str | None = None, every: Every = "month", most: int = MOST_DAYS
) -> list[str]:
    """Days to look at: the last of each week (Sunday) or month, or every so many; and always the last one.

    Parameters
    ----------
    view : View
        The one in use; its events say where a history begins and ends.
    first, last : str, optional
        As ISO 8601 has them. By default the days of the first and the last event, and not more than the last twelve.
    most : int
        Days that may be asked for.

    Raises
    ------
    ParameterError
        If a day is none, the first comes after the last, or there are too many.
    """
    span = _span_of(view.snapshot)
    if span is None:
        return []
    start = span[0] if first is None else day_of(first, name="from")
    end = span[1] if last is None else day_of(last, name="to")
    if start > end:
        raise ParameterError(f"from is {start}, which comes after to, {end}")
    days = [day.isoformat() for day in _days(start, end, every)]
    days = days[-min(DEFAULT_DAYS, most) :] if first is None else days
    if len(days) > most:
        raise ParameterError(f"from {start} to {end} are {len(days):,} days to look at, not at most {most:,}")
    return days


def _span_of(snapshot: Snapshot) -> tuple[date, date] | None:
    """Days of the first and the last event that stands; None where none has a time."""
    if snapshot.as_of is None:
        return None
    dated = (relation.times[relation.times != NO_TIME] for relation in snapshot.relations.values())
    firsts = [int(np.min(times)) for times in dated if len(times)]
    return _day_at(min(firsts, default=snapshot.as_of)), _day_at(snapshot.as_of)


def _day_at(time_us: int) -> date:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=time_us // MICROSECONDS)).date()


def _days(start: date, end: date, every: Every) -> Iterator[date]:
    """The days that end a step, in ``start`` to ``end``, and the last one."""
    step = 1 if every == "day" else every
    if isinstance(step, int):
        yield from (start + timedelta(days=n) for n in range(0, (end - start).days, step))
    else:
        day = _last_day(start, step)
        while day < end:
            yield day
            day = _last_day(day + _ONE, step)
    yield end


def _last_day(day: date, of: Literal["week", "month"]) -> date:
    """The last day of the week or month that a day is in; of the week that ends the calendar, its last day."""
    if of == "month":
        return day.replace(day=calendar.monthrange(day.year, day.month)[1])
    return day + min(timedelta(days=6 - day.weekday()), date.max - day)


def every_of(text: str) -> Every:
    """Read how far days are apart: ``day``, ``week``, ``month``, or a number of days.

    >>> every_of("month"), every_of("10")
    ('month', 10)

    Raises
    ------
    ParameterError
        If the text is none of these.
    """
    if text in ("day", "week", "month"):
        return text  # type: ignore[return-value]
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS and int(text)):
        raise ParameterError(f"every is {text[:80]!r}, not day, week, month or a number of days above 0")
    return int(text)
