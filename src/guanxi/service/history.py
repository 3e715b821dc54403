"""The route on how an account stood on past days."""

import time
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import Query, Request
from pydantic import Field
from starlette.responses import Response

from guanxi.engine import Engine, View
from guanxi.engine.history import days_of, every_of, point
from guanxi.service.answers import Id, NoQuery, envelope
from guanxi.service.past import WAIT_S
from guanxi.service.problems import Problem
from guanxi.service.shapes import Envelope, Interval, Shape, SurelyPlaced
from guanxi.service.state import Service, service_of
from guanxi.service.table import Route


class HistoryQuery(NoQuery):
    """Which days."""

    from_: Annotated[str | None, Field(alias="from", description="First day; of the last twelve by default")] = None
    to: Annotated[str | None, Field(description="Last day; that of the newest event by default")] = None
    every: Annotated[str, Field(description="day, week, month, or a number of days")] = "month"


class HistoryData(Shape):
    """How an account stood at the end of each day, in UTC."""

    class Point(Shape):
        """One day; nulls where nothing was known of the account yet."""

        class Counts(Shape):
            """Who was behind it."""

            n_trusting: int
            n_followers: int

        class Heard(Shape):
            """How much of what the account showed was real."""

            audience: Interval
            conduct: Interval
            data_confidence: Literal["A", "B", "C", "D"]
            factor: float

        day: str
        run: str
        n_undated_events: int = Field(description="Left out: nothing shows that they were known then")
        known: bool
        standing: SurelyPlaced | None
        authenticity: Heard | None
        counts: Counts | None

    account: str
    every: str | int
    points: list[Point]


async def history(request: Request, account: Id, query: Annotated[HistoryQuery, Query()]) -> Response:
    """How an account stood on past days, from what was known by the end of each.

    As many days as runs are kept may be asked for. What is not kept is computed; if that takes long, the answer is 503
    with how many days are there, and asking again goes on.
    """
    service, step = service_of(request), every_of(query.every)
    most = service.past_runs

    def begun(view: View) -> tuple[list[str], dict[str, Any]]:
        view.snapshot.accounts.index(account)  # an id that is known at no time is wrong, not unknown yet
        return days_of(view, first=query.from_, last=query.to, every=step, most=most), view.meta(personalised=False)

    days, meta = await service.current.answer(begun)
    points = await _points(service, account, days)
    return envelope(({"account": account, "every": step, "points": points}, meta))


async def _points(service: Service, account: str, days: list[str]) -> list[dict[str, Any]]:
    """The points of all days, the last one first: whether it may be asked for is said before any work."""
    give_up, points = time.monotonic() + WAIT_S, []
    for n_done, day in enumerate(reversed(days)):
        compute = partial(_point, service.engine, account, day)
        wait_s = max(give_up - time.monotonic(), 0.0)
        try:
            points.append(await service.current.past.answer(compute, day, heard=True, wait_s=wait_s))
        except Problem as exc:
            raise Problem(exc.status, exc.code, f"{n_done} of {len(days)} days are there; {exc.detail}") from exc
    return points[::-1]


def _point(engine: Engine, account: str, day: str, view: View) -> dict[str, Any]:
    return point(view, account, day, heard=engine.past.heard(view))


ROUTES: tuple[Route, ...] = (
    Route("GET", "/v1/accounts/{account:opaque}/history", history, "read", Envelope[HistoryData], (404, 422, 503)),
)
