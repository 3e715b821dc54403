"""Answers as of a past date: what a store would have said that had only what was known then."""

import os
import tempfile
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guanxi.engine import Engine, Privacy, Strategy
from guanxi.engine.moments import moment_of
from guanxi.errors import NotReadyError, ParameterError, StoreBusyError, UnknownIdError
from guanxi.events.values import DAY_US, isoformat
from strategies import ACCOUNTS, NOW_US, T0, day, event_rows, quick, row

TIES = [
    row("follow", "ann", "bob", at=1),
    row("follow", "bob", "cat", at=2),
    row("share", "bob", "tea", at=2),
    row("purchase", "cat", "tea", at=3),
    row("follow", "cat", "dan", at=4),
    row("unfollow", "ann", "bob", at=5),
]
WIDE = [
    *(row("follow", f"a{n}", f"a{(n * 7 + 1) % 30}", at=n) for n in range(30) if n != (n * 7 + 1) % 30),
    *(row("follow", f"a{n}", "whose-id-must-go", at=n) for n in range(20)),
]
GONE = "whose-id-must-go"


def filled(home, rows, strategy=None):
    engine = Engine(home, create=True, now_us=lambda: NOW_US)
    engine.append(rows)
    publish(engine, strategy)
    return engine


def publish(engine, strategy=None):
    engine.snapshot()
    engine.score(strategy)


def known_then(rows, n):
    return [one for one in rows if one["time"] is not None and one["time"] <= day(n)]


def answers(view):
    """Everything that a view can be asked, but for what says that it is one of the past."""
    found = [view.ranking(limit=20)]
    for one in (*ACCOUNTS, "newcomer"):
        found += [view.items(one), view.items(one, exact=True, exclude_seen=False), view.accounts(one)]
        found.append(view.trusted_by(one))
        if view.snapshot.accounts.find(one) is not None:
            found += [view.authenticity(one), view.dossier(one)]
            found += [view.trust(other, one) for other in ACCOUNTS]
    return [
        (data, {name: said for name, said in meta.items() if name not in ("as_of", "past")}) for data, meta in found
    ]


def runs_in(engine):
    return sorted(path.name for path in (engine.store.home / "past").glob("*"))


def files_with(home, text):
    return [path for path in home.rglob("*") if path.is_file() and text.encode() in path.read_bytes()]


# -- what it says -----------------------------------------------------------------------------------------------------


@given(rows=event_rows(), n=st.integers(0, 6), data=st.data())
@quick(15)
def test_answer_of_a_past_day_is_that_of_a_store_with_what_was_known_then(rows, n, data):
    arrived = data.draw(st.permutations(rows))
    cut = data.draw(st.integers(0, len(arrived)))
    then = known_then(rows, n)
    with tempfile.TemporaryDirectory() as folder:
        engine = Engine(Path(folder) / "store", create=True, now_us=lambda: NOW_US)
        for some in (arrived[:cut], arrived[cut:]):  # what is asked in between is kept, and must not be believed later
            engine.append(some)
            if engine.store.last_seq():
                publish(engine)
                view = engine.view(as_of=day(n))
        if then:
            other = filled(Path(folder) / "other", then)
            assert (view.snapshot.id, view.run.id) == (other.view().snapshot.id, other.view().run.id)
            assert answers(view) == answers(other.view())
            other.close()
        elif rows:
            assert (view.snapshot.n_accounts, view.past.n_events) == (0, 0)
        engine.close()


def test_meta_says_the_moment_and_what_counts(engine, answer):
    answer(engine, [*TIES, row("follow", "eve", "ann"), row("follow", "eve", "bob")])
    _, meta = engine.view(as_of=day(2.5)).items("ann")
    assert meta["as_of"] == day(2.5)
    assert meta["past"] == {"newest_event": day(2), "n_events": 3, "n_undated_events": 2}
    assert (meta["n_newer_events"], meta["strategy"], meta["degraded"]) == (0, "balanced@1", False)
    assert "past" not in engine.view().items("ann")[1]


def test_follow_that_was_taken_back_later_stands_and_a_later_one_does_not(engine, answer):
    answer(engine, TIES)
    assert engine.view(as_of=day(4.5)).trust("ann", "bob")[0]["direct"] > 0
    assert engine.view().trust("ann", "bob")[0]["direct"] == 0
    with pytest.raises(UnknownIdError, match="no account 'dan' among 3"):
        engine.view(as_of=day(3)).trust("ann", "dan")


def test_what_the_viewer_did_since_does_not_leak_in(engine, answer):
    answer(engine, TIES)
    then = engine.view(as_of=day(3))
    before = then.items("ann"), then.trust("ann", "cat")
    engine.append([row("follow", "ann", "cat", at=900), row("purchase", "ann", "tea", at=900)])
    assert engine.view().items("ann")[1]["n_newer_events"] == 2
    again = engine.view(as_of=day(3))
    assert (again.items("ann"), again.trust("ann", "cat")) == before
    assert again.items("newcomer")[0]["known"] is False


def test_before_the_first_event_nothing_is_known_and_the_answer_says_so(engine, answer):
    answer(engine, TIES, Strategy(name="custom", seeds=("ann",)))
    view = engine.view(as_of="2001-01-01")
    data, meta = view.items("ann")
    assert (data["known"], data["items"]) == (False, [])
    assert meta["past"] == {"newest_event": None, "n_events": 0, "n_undated_events": 0}
    assert view.ranking()[0] == {"accounts": [], "n_accounts": 0}
    with pytest.raises(UnknownIdError, match="no account 'bob' among 0"):
        view.authenticity("bob")


def test_run_of_the_past_follows_the_strategy_in_use(engine, answer):
    answer(engine, TIES, Strategy(name="bold", version=3, restart=0.4))
    assert engine.view(as_of=day(3)).run.strategy == Strategy(name="bold", version=3, restart=0.4)
    engine.score(Strategy(name="timid", restart=0.9))
    assert engine.view(as_of=day(3)).items("ann")[1]["strategy"] == "timid@1"


def test_seed_that_was_no_account_yet_is_left_out_and_none_at_all_is_refused(engine, answer):
    answer(engine, TIES, Strategy(name="custom", seeds=("bob", "dan")))
    assert engine.view(as_of=day(3)).run.strategy.seeds == ("bob",)
    answer(engine, [], Strategy(name="custom", seeds=("dan",)))
    with pytest.raises(UnknownIdError, match="none of the 1 seeds of custom@1 was an account at 2023-11-17"):
        engine.view(as_of=day(3))


def test_names_of_those_who_acted_in_private_stay_out(tmp_path):
    buyers = [f"buyer-{n}" for n in range(4)]
    rows = [row("follow", "ann", who, at=1) for who in buyers]
    rows += [row("purchase", who, "tea", at=2) for who in buyers]
    engine = Engine(tmp_path / "store", create=True, now_us=lambda: NOW_US, privacy=Privacy(k=5))
    engine.append([*rows, *(row("purchase", f"late{n}", "tea", at=9) for n in range(9)), *(
        row("follow", "ann", f"late{n}", at=9) for n in range(9))])  # fmt: skip
    publish(engine)
    found, _ = engine.view(as_of=day(3)).items("ann")
    (tea,) = found["items"]
    assert tea["summary"]["counts"] == [{"relation": "purchase", "fewer_than": 5}]
    assert not any(who in str(tea) for who in buyers)
    assert engine.view().items("ann")[0]["items"][0]["summary"]["counts"] == [{"relation": "purchase", "n": 13}]
    engine.close()


# -- moments ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("2023-11-14", "2023-11-14T23:59:59Z"),
        ("20231114", "2023-11-14T23:59:59Z"),
        (" 2023-11-14T10:00 ", "2023-11-14T10:00:00Z"),
        ("2023-11-14T10:00:00Z", "2023-11-14T10:00:00Z"),
        ("2023-11-14T10:00:00+08:00", "2023-11-14T02:00:00Z"),
        ("0001-01-01T00:00:00+14:00", "0000-12-31T10:00:00Z"),
    ],
)
def test_day_means_its_end_in_utc_and_a_time_itself(text, means):
    assert isoformat(moment_of(text, now_us=NOW_US)) == means


@pytest.mark.parametrize("text", ["", "yesterday", "2023-13-01", "14.11.2023", "1700000000000", "9" * 200])
def test_text_that_is_no_date_is_refused_and_quoted(text):
    with pytest.raises(ParameterError, match=r"as_of is .*neither a day, such as 2024-05-31, nor a time"):
        moment_of(text, now_us=NOW_US)


def test_day_that_it_is_now_may_be_asked_for_and_the_next_may_not():
    today, tomorrow = isoformat(NOW_US)[:10], isoformat(NOW_US + DAY_US)[:10]
    assert moment_of(today, now_us=NOW_US) > NOW_US
    for text in (tomorrow, isoformat(NOW_US + 1_000_000), "9999-12-31"):
        with pytest.raises(ParameterError, match=f"as_of is {text}, which is not past: it is 2026-08-10T"):
            moment_of(text, now_us=NOW_US)


def test_store_without_a_run_has_no_past_either(engine):
    engine.append(TIES)
    with pytest.raises(NotReadyError, match="there is no run yet"):
        engine.view(as_of="2023-11-20")


# -- what is kept -----------------------------------------------------------------------------------------------------


def test_past_run_is_never_put_in_use_and_is_not_listed(engine, answer):
    answer(engine, TIES)
    before = engine.store.published(), engine.store.recorded_runs(), engine.view()
    engine.view(as_of=day(3))
    assert (engine.store.published(), engine.store.recorded_runs(), engine.view()) == before
    answer(engine, [row("follow", "dan", "ann", at=6)])
    assert len(runs_in(engine)) == 1


def test_run_is_computed_once_by_whichever_process_comes_first(engine, answer, caplog):
    answer(engine, TIES)
    others = [Engine(engine.store.home, now_us=lambda: NOW_US) for _ in range(3)]
    caplog.set_level("INFO", "guanxi")
    views = []
    threads = [threading.Thread(target=lambda of=of: views.append(of.view(as_of=day(3)))) for of in [engine, *others]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({view.run.id for view in views}) == 1
    assert len(views) == 4
    assert sum("as of" in message for message in caplog.messages) == 1
    assert engine.view(as_of=day(3)) is engine.view(as_of=day(3))
    assert (engine.keeps(day(3)), engine.keeps(day(2))) == (True, False)
    for other in others:
        other.close()


def test_later_events_leave_a_past_run_as_it_is_and_late_ones_replace_it(engine, answer, caplog):
    answer(engine, TIES)
    first = engine.view(as_of=day(3))
    caplog.set_level("INFO", "guanxi")
    answer(engine, [row("follow", "dan", "ann", at=6), row("follow", "dan", "bob")])
    same = engine.view(as_of=day(3))
    assert same.run.id == first.run.id
    assert (first.past.n_undated, same.past.n_undated) == (0, 1)
    assert not [message for message in caplog.messages if "as of" in message]
    answer(engine, [row("follow", "eve", "cat", at=2.5)])
    late = engine.view(as_of=day(3))
    assert late.snapshot.accounts.find("eve") is not None
    (kept,) = (engine.store.home / "past").iterdir()
    assert [path.name for path in (kept / "runs").iterdir()] == [late.run.id]


def test_event_that_no_run_knows_yet_does_not_count_in_the_past_either(engine, answer):
    answer(engine, TIES)
    engine.append([row("follow", "eve", "cat", at=2.5)])
    assert engine.view(as_of=day(3)).snapshot.accounts.find("eve") is None
    publish(engine)
    assert engine.view(as_of=day(3)).snapshot.accounts.find("eve") is not None


def test_only_some_past_runs_are_kept_and_the_least_asked_for_go(tmp_path):
    filled(tmp_path / "store", TIES).close()
    engine = Engine(tmp_path / "store", now_us=lambda: NOW_US, past_kept=2)
    for n in (1, 2):
        engine.view(as_of=day(n))
    for at, path in enumerate(sorted((engine.store.home / "past").iterdir(), key=lambda path: path.stat().st_ctime_ns)):
        os.utime(path, ns=(at, at))
    engine.view(as_of=day(1))
    engine.view(as_of=day(3))
    assert len(runs_in(engine)) == 2
    assert [engine.keeps(day(n)) for n in (1, 2, 3)] == [True, False, True]
    assert engine.view(as_of=day(2)).past.n_events == 3
    engine.close()


@pytest.mark.parametrize("part", ["snapshots/*/follow.account.targets.npy", "runs/*/global_trust.npy", "past.json"])
def test_damaged_past_run_is_computed_again(engine, answer, part):
    answer(engine, TIES)
    first = engine.view(as_of=day(3)).run.id
    (path,) = (engine.store.home / "past").glob(f"*/{part}")
    octets = bytearray(path.read_bytes())
    octets[-1] ^= 1
    path.write_bytes(octets)
    other = Engine(engine.store.home, now_us=lambda: NOW_US)
    view = other.view(as_of=day(3))
    assert view.run.id == first
    assert view.ranking()[0]["n_accounts"] == 3
    other.close()


def test_what_a_killed_process_left_half_done_is_removed(engine, answer):
    answer(engine, TIES)
    left = engine.store.home / "past" / "0123456789abcdef" / "snapshots"
    left.mkdir(parents=True)
    (left / "something").write_text("half")
    engine.view(as_of=day(3))
    assert not left.parent.exists()


# -- erasing ----------------------------------------------------------------------------------------------------------


def test_erased_account_is_in_no_file_of_the_past_and_unknown_then(engine, answer):
    answer(engine, WIDE)
    before = engine.view(as_of=day(10))
    assert before.snapshot.accounts.find(GONE) is not None
    assert files_with(engine.store.home / "past", GONE)
    assert engine.erase(GONE).waits_for == ()
    assert files_with(engine.store.home, GONE) == []
    with pytest.raises(UnknownIdError):
        engine.view(as_of=day(10)).authenticity(GONE)
    assert files_with(engine.store.home, GONE) == []


def test_run_that_is_computed_while_an_account_is_erased_does_not_know_it(engine, answer, monkeypatch):
    answer(engine, WIDE)
    other, read = Engine(engine.store.home, now_us=lambda: NOW_US), type(engine.store).coded_events
    erasing = threading.Thread(target=other.erase, args=(GONE,))

    def racing(store, **bounds):
        found = list(read(store, **bounds))
        if store is engine.store and not erasing.ident:
            erasing.start()
            while engine.store.last_erasure() == 0:
                pass
        return iter(found)

    monkeypatch.setattr(type(engine.store), "coded_events", racing)
    view = engine.view(as_of=day(10))
    erasing.join()
    assert view.snapshot.accounts.find(GONE) is None
    assert engine.store.erasing("answers") == []
    assert files_with(engine.store.home, GONE) == []
    other.close()


def test_erasure_that_cannot_wait_for_a_run_being_computed_is_finished_later(engine, answer, monkeypatch):
    answer(engine, WIDE)
    engine.view(as_of=day(10))
    monkeypatch.setattr("guanxi.engine.past._ERASE_WAIT_S", 0.1)
    with _computing(engine):
        assert engine.erase(GONE).waits_for == ("answers",)
        assert files_with(engine.store.home / "past", GONE)
    assert engine.finish_erasures()
    assert files_with(engine.store.home, GONE) == []


def test_store_that_is_busy_with_another_past_run_for_too_long_says_so(engine, answer, monkeypatch):
    answer(engine, TIES)
    monkeypatch.setattr("guanxi.engine.past._WAIT_S", 0.05)
    with _computing(engine), pytest.raises(StoreBusyError, match=r"computing scores of the past in .* for 0.05 s"):
        engine.view(as_of=day(3))
    assert engine.view(as_of=day(3)).past.moment == T0 + 3 * DAY_US


def _computing(engine):
    from guanxi.engine.locks import held

    return held(engine.store.home / "past.lock", timeout_s=1.0, doing="testing")
