"""Erasing through the engine: answers are made anew, and no file of the store holds the account."""

import dataclasses
import sqlite3

import pytest

from guanxi.engine import Engine, Strategy
from guanxi.engine.erasure import blank_rejects
from guanxi.errors import StoreError, UnknownIdError
from guanxi.stores import EmbeddedStore
from strategies import NOW_US, row

GONE = "whose-id-must-go"
ROWS = [
    *(row("follow", f"a{n}", f"a{(n * 7 + 1) % 30}", at=n) for n in range(30) if n != (n * 7 + 1) % 30),
    *(row("follow", f"a{n}", GONE, at=n) for n in range(20)),
    *(row("purchase", f"a{n}", f"item-{n % 5}", at=n, via=GONE) for n in range(10)),
    row("follow", GONE, "a1", at=1),
    row("purchase", GONE, "only-theirs", at=1),
]


def files_with(home, text):
    return [path for path in home.rglob("*") if path.is_file() and text.encode() in path.read_bytes()]


def outcomes(engine, *rows):
    return [(outcome.outcome, outcome.detail) for outcome in engine.append(rows)]


def test_answers_are_made_anew_and_no_file_holds_the_account(engine, answer):
    before = answer(engine, ROWS[:40])
    answer(engine, ROWS)
    assert files_with(engine.store.home, GONE)
    report = engine.erase(GONE)
    assert (report.n_events, report.n_unnamed, report.waits_for) == (22, 10, ())
    assert files_with(engine.store.home, GONE) == []
    view = engine.view()
    assert view.snapshot.id == report.snapshot != before.snapshot.id
    assert view.run.id == report.run
    assert view.snapshot.accounts.find(GONE) is None
    assert "only-theirs" not in view.snapshot.ids["item"].values.to_pylist()
    with pytest.raises(UnknownIdError):
        view.authenticity(GONE)
    published = engine.store.published()
    assert (published.previous_snapshot, published.previous_run) == (None, None)


def test_snapshot_after_erasing_is_the_one_of_the_others_events(engine, answer, tmp_path):
    answer(engine, ROWS)
    report = engine.erase(GONE)
    other = Engine(tmp_path / "other", create=True, now_us=lambda: NOW_US)
    kept = [one for one in ROWS if GONE not in (one["source"], one["target"])]
    other.append([one | {"via": None} for one in kept])
    assert other.snapshot().id == report.snapshot
    other.close()


def test_events_of_the_account_are_refused_with_the_reason(engine, tmp_path):
    engine.append(ROWS[:5])
    engine.erase(GONE)
    said = outcomes(engine, row("follow", GONE, "a1"), row("follow", "a1", GONE), row("follow", "a9", "a2"))
    why = "is from or to an account that was erased"
    assert said == [("rejected", why), ("rejected", why), ("created", None)]
    file = tmp_path / "again.csv"
    file.write_text(f"relation,source,target\nfollow,{GONE},a1\nfollow,a3,a1\n")
    report = engine.load([file])
    assert (report.n_created, report.n_rejects) == (1, 1)
    (reject,) = report.first_rejects
    assert (reject.line, reject.reason, reject.value) == (2, why, "")
    assert files_with(engine.store.home, GONE) == []


def test_seed_that_is_erased_is_a_seed_no_more(engine, answer):
    answer(engine, ROWS, Strategy(name="custom", seeds=(GONE, "a1")))
    engine.erase(GONE)
    assert engine.view().run.strategy.seeds == ("a1",)
    assert files_with(engine.store.home, GONE) == []
    assert len(engine.store.recorded_runs()) == 1


def test_snapshot_without_a_run_is_made_anew_without_one(engine):
    engine.append(ROWS)
    engine.snapshot()
    report = engine.erase(GONE)
    assert report.run is None
    assert files_with(engine.store.home, GONE) == []
    assert engine.score().snapshot == report.snapshot


def test_only_account_there_is_leaves_an_empty_graph(engine, answer):
    answer(engine, [row("purchase", GONE, "tea", at=1)])
    report = engine.erase(GONE)
    assert engine.view().snapshot.n_accounts == 0
    assert report.waits_for == ()


def test_account_that_no_answer_knows_leaves_answers_as_they_are(engine, answer):
    before = answer(engine, ROWS[:30])
    engine.append([row("follow", GONE, "a1")])
    report = engine.erase(GONE)
    assert (report.run, report.n_events) == (before.run.id, 1)
    assert files_with(engine.store.home, GONE) == []


def test_lists_of_rejects_quote_the_account_no_more(engine, tmp_path):
    file = tmp_path / "bad.csv"
    long = "x" * 90
    file.write_text(
        f"relation,source,target\nfollow,{GONE},{GONE}\nfollow,a1\nfollw,{GONE},a2\nfollow,ann,ann\n{long},{GONE},a3\n"
    )
    engine.load([file])
    (listed,) = (engine.store.home / "rejects").glob("*.csv")
    before = listed.read_text().splitlines()
    assert GONE in listed.read_text()
    engine.erase(GONE)
    after = listed.read_text().splitlines()
    assert GONE not in listed.read_text()
    assert len(after) == len(before)
    assert [line for line in after if line.endswith(",ann")] == [line for line in before if line.endswith(",ann")]


@pytest.mark.parametrize(
    ("value", "blank"),
    [("ann", True), ("x,ann,y", True), ("annette", False), ("Ann", False), ("x,an…", True), ("x,bo…", False)],
)
def test_value_is_blanked_where_it_names_the_account(tmp_path, value, blank):
    path = tmp_path / "rejects.csv"
    text = f'file,line,field,reason,value\r\nf.csv,2,source,is wrong,"{value}"\r\n'
    path.write_text(text, newline="")
    blank_rejects(path, {"ann"})
    assert ("(erased)" in path.read_text()) == blank
    assert "f.csv,2,source" in path.read_text()


def test_snapshot_that_was_being_built_meanwhile_does_not_bring_the_account_back(engine, answer, monkeypatch):
    answer(engine, ROWS)
    engine.append([row("follow", "a1", "a25", at=40)])
    last, other = EmbeddedStore.coded_events, Engine(engine.store.home, now_us=lambda: NOW_US)
    raced = []

    def racing(store, **bounds):
        found = list(last(store, **bounds))
        if store is engine.store and not raced:
            raced.append(other.erase(GONE))
        return iter(found)

    monkeypatch.setattr(EmbeddedStore, "coded_events", racing)
    engine.snapshot()
    assert raced[0].waits_for == ()
    engine.score()
    assert engine.view().snapshot.accounts.find(GONE) is None
    assert files_with(engine.store.home, GONE) == []
    other.close()


def test_what_a_kill_left_of_answers_is_made_anew_by_the_next_opening(engine, answer, monkeypatch):
    answer(engine, ROWS)
    engine.erase_events(GONE)
    draft = engine.store.snapshots / ".draft-x" / "bundle"
    draft.mkdir(parents=True)
    (draft / "ids").write_text(GONE)
    engine.close()
    reopened = Engine(engine.store.home)
    assert reopened.view().snapshot.accounts.find(GONE) is None
    assert files_with(engine.store.home, GONE) == []
    reopened.close()


def not_now(*_):
    raise StoreError("not now")


def test_answers_that_cannot_be_made_now_are_waited_for(engine, answer, monkeypatch):
    answer(engine, ROWS)
    with monkeypatch.context() as patch:
        patch.setattr(Engine, "snapshot", not_now)
        assert engine.erase(GONE).waits_for == ("answers",)
    assert engine.finish_erasures()
    assert files_with(engine.store.home, GONE) == []


def test_list_of_tombstones_erases_again_in_a_restored_copy(engine, answer, tmp_path):
    answer(engine, ROWS)
    copy = tmp_path / "copy"
    (tmp_path / "copy").mkdir()
    source, target = sqlite3.connect(engine.store.home / "guanxi.sqlite"), sqlite3.connect(copy / "guanxi.sqlite")
    source.backup(target)
    for db in (source, target):
        db.close()
    engine.erase(GONE)
    restored = Engine(copy)
    tombstones = [dataclasses.replace(one, erased_us=0) for one in engine.store.tombstones()]
    assert restored.replay(tombstones).n_events == 22
    assert files_with(copy, GONE) == []
    restored.close()
