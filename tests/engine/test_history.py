"""How an account stood on past days."""

import json

import pytest

from guanxi.engine import Engine
from guanxi.engine.heard import HeardOfAll
from guanxi.engine.history import MOST_DAYS, days_of, every_of, history, point
from guanxi.errors import ParameterError
from guanxi.events.values import DAY_US
from strategies import NOW_US, T0, row

# Day 0 of these rows is Tuesday 2023-11-14.
TIES = [
    row("follow", "ann", "bob", at=0),
    row("follow", "cat", "bob", at=10),
    row("follow", "dan", "cat", at=30),
    row("follow", "eve", "bob", at=80),
    row("unfollow", "ann", "bob", at=90),
    row("follow", "eve", "ann"),
]

WIDE = [row("follow", f"a{n}", f"a{(n * 7 + k) % 30}", at=n) for n in range(30) for k in (1, 2, 5) if (n * 6 + k) % 30]


def counts(points):
    return [point["counts"] and point["counts"]["n_followers"] for point in points]


def test_points_are_what_answers_as_of_those_days_say(engine, answer):
    view = answer(engine, TIES)
    days = days_of(view)
    assert days == ["2023-11-30", "2023-12-31", "2024-01-31", "2024-02-12"]
    asked = []
    points = history(engine, "bob", days, progress=lambda *done: asked.append(done))
    assert [point["day"] for point in points] == days
    assert counts(points) == [2, 2, 2, 2]
    assert asked == [(1, 4), (2, 4), (3, 4), (4, 4)]
    for day, said in zip(days, points, strict=True):
        then = engine.view(as_of=day)
        assert said["standing"] == then.trust("ann", "bob")[0]["global"]
        heard = then.authenticity("bob")[0]
        assert said["authenticity"] == {name: heard[name] for name in said["authenticity"]}
        assert said["counts"]["n_trusting"] == 2
        assert (said["run"], said["n_undated_events"], said["known"]) == (then.run.id, 1, True)


def test_what_witnesses_say_is_heard_once_and_kept_until_the_run_is_replaced(engine, answer, monkeypatch):
    answer(engine, WIDE)
    days, heard = ["2023-12-20", "2023-12-31"], []
    first = history(engine, "a1", days)
    said = [point["authenticity"]["audience"] for point in first]
    assert said[0] is not None
    monkeypatch.setattr(HeardOfAll, "of", heard.append)
    other = Engine(engine.store.home, now_us=lambda: NOW_US)
    assert history(other, "a1", days) == first
    assert not heard
    other.close()
    monkeypatch.undo()
    answer(engine, [row("follow", "new", "a1", at=3)])
    again = history(engine, "a1", days)
    assert [point["counts"]["n_followers"] for point in again] == [1 + p["counts"]["n_followers"] for p in first]
    assert len(list((engine.store.home / "past").glob("*/heard/*"))) == 2


def test_damaged_notes_of_what_witnesses_said_are_made_anew(engine, answer):
    answer(engine, WIDE)
    first = history(engine, "a1", ["2023-12-20"])
    (path,) = (engine.store.home / "past").glob("*/heard/*/manifest.json")
    path.write_text("{")
    other = Engine(engine.store.home, now_us=lambda: NOW_US)
    assert history(other, "a1", ["2023-12-20"]) == first
    assert json.loads(path.read_text())["meta"]["holds"] == "heard"
    other.close()


def test_day_before_the_account_was_known_has_nothing_but_the_day(engine, answer):
    answer(engine, TIES)
    (said,) = history(engine, "eve", ["2023-12-01"])
    assert (said["known"], said["standing"], said["authenticity"], said["counts"]) == (False, None, None, None)


def test_current_view_has_a_point_too(engine, answer):
    view = answer(engine, TIES)
    said = point(view, "ann", "2024-02-12", heard=HeardOfAll.of(view.run))
    assert (said["counts"], said["n_undated_events"]) == ({"n_trusting": 1, "n_followers": 1}, 0)


@pytest.mark.parametrize(
    ("every", "days"),
    [
        ("month", ["2023-11-30", "2023-12-31", "2024-01-10"]),
        ("week", ["2023-11-19", "2023-11-26", "2023-12-03", "2023-12-10", "2023-12-17", "2023-12-24", "2023-12-31",
                  "2024-01-07", "2024-01-10"]),
        (30, ["2023-11-14", "2023-12-14", "2024-01-10"]),
        (57, ["2023-11-14", "2024-01-10"]),
    ],
)  # fmt: skip
def test_days_end_each_step_and_the_last_one_is_always_there(engine, answer, every, days):
    view = answer(engine, TIES)
    assert days_of(view, first="2023-11-14", last="2024-01-10", every=every) == days


def test_every_day_and_steps_that_end_on_the_last_one_come_once(engine, answer):
    view = answer(engine, TIES)
    assert days_of(view, first="2024-01-30", last="2024-02-01", every="day") == [
        "2024-01-30",
        "2024-01-31",
        "2024-02-01",
    ]
    assert days_of(view, first="2023-12-01", last="2023-12-31") == ["2023-12-31"]
    assert days_of(view, first="2023-12-31", last="2023-12-31", every=7) == ["2023-12-31"]
    assert days_of(view, first="9999-12-31", last="9999-12-31", every="week") == ["9999-12-31"]


def test_twelve_days_are_looked_at_by_default(engine, answer):
    view = answer(engine, [row("follow", "ann", "bob", at=0), row("follow", "bob", "ann", at=800)])
    assert len(days_of(view)) == 12
    assert days_of(view)[-1] == "2026-01-22"
    assert len(days_of(view, first="2023-11-14")) == 27
    assert len(days_of(view, every="day", most=5)) == 5


def test_events_without_a_time_have_no_history(engine, answer):
    assert days_of(answer(engine, [row("follow", "ann", "bob")])) == []


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"first": "2024-01-02", "last": "2024-01-01"}, "from is 2024-01-02, which comes after to, 2024-01-01"),
        ({"first": "2024-01-01T10:00"}, "from is '2024-01-01T10:00', not a day, such as 2024-05-31"),
        ({"last": "tomorrow"}, "to is 'tomorrow', not a day"),
        ({"first": "2020-01-01", "every": "day"}, f"are 1,504 days to look at, not at most {MOST_DAYS}"),
    ],
)
def test_days_that_cannot_be_are_refused(engine, answer, asked, said):
    view = answer(engine, TIES)
    with pytest.raises(ParameterError, match=said):
        days_of(view, **asked)


def test_future_is_refused_before_anything_is_computed(engine, answer):
    answer(engine, TIES)
    with pytest.raises(ParameterError, match="as_of is 2999-01-01, which is not past"):
        history(engine, "bob", ["2023-11-14", "2999-01-01"])
    assert not (engine.store.home / "past").exists()


@pytest.mark.parametrize("text", ["", "0", "-1", "fortnight", "1.5", "٣", "9" * 5000])
def test_step_that_is_none_is_refused(text):
    with pytest.raises(ParameterError, match="not day, week, month or a number of days above 0"):
        every_of(text)


def test_history_is_of_days_in_utc(engine, answer):
    assert T0 % DAY_US == 80_000_000_000  # 22:13:20, which is the next day east of Greenwich
    view = answer(engine, [row("follow", "ann", "bob", at=0)])
    assert days_of(view) == ["2023-11-14"]
