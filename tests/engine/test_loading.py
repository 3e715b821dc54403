"""Loading files and appending events: counts, rejects, limits, and running it again."""

import csv

import pytest

from guanxi.engine import FileMapping, Limit
from guanxi.errors import FileFormatError, ParameterError, TooManyRejectsError
from strategies import row

HEADER = "id,relation,source,target,time\n"
GOOD = HEADER + "".join(f"e{n},follow,a{n},a{n + 1},\n" for n in range(9))
MIXED = GOOD + "x,follow,ann,ann,\ny,love,ann,bob,\nz,purchase,ann,tea,2023-11-20\n"


@pytest.fixture
def file(tmp_path):
    def write(text, name="events.csv"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_load_counts_every_record_by_what_became_of_it(engine, file):
    seen = []
    report = engine.load([file(MIXED)], progress=lambda done, total: seen.append((done, total)))
    assert (report.n_files, report.n_records, report.n_created, report.n_duplicates, report.n_rejects) == (
        1,
        12,
        10,
        0,
        2,
    )
    assert report.by_relation == {"follow": 9, "purchase": 1}
    assert seen[-1] == (len(MIXED), len(MIXED))
    assert engine.store.n_events() == 10


def test_refused_records_are_listed_with_file_line_field_and_reason(engine, file, tmp_path):
    path, rejects = file(MIXED), tmp_path / "bad.csv"
    report = engine.load([path], rejects_file=rejects)
    assert report.rejects_file == rejects
    rows = list(csv.DictReader(rejects.read_text(encoding="utf-8").splitlines()))
    assert [(r["file"], r["line"], r["field"], r["value"]) for r in rows] == [
        (str(path), "11", "target", "ann"),
        (str(path), "12", "relation", "love"),
    ]
    assert rows[0]["reason"] == "is the account itself, which cannot follow itself"
    assert [r.line for r in report.first_rejects] == [11, 12]


def test_load_without_rejects_writes_no_list(engine, file):
    assert engine.load([file(GOOD)]).rejects_file is None
    assert list(engine.store.home.glob("rejects/*")) == []


def test_second_load_of_the_same_file_changes_nothing(engine, file):
    path = file(GOOD)
    engine.load([path])
    report = engine.load([path])
    assert (report.n_created, report.n_duplicates) == (0, 9)
    assert engine.store.last_seq() == 9


def test_conflict_is_a_reject_with_its_line(engine, file):
    engine.load([file(GOOD)])
    report = engine.load([file(HEADER + "e3,follow,a3,a4,\ne4,follow,eve,bob,\n", "more.csv")])
    assert (report.n_duplicates, report.n_rejects) == (1, 1)
    (reject,) = report.first_rejects
    assert (reject.line, reject.field, reject.value) == (3, "id", "e4")
    assert reject.reason == "is the id of another event that says something else"


def test_too_many_rejects_keep_nothing_but_the_list_of_them(engine, file, tmp_path):
    rejects = tmp_path / "bad.csv"
    with pytest.raises(TooManyRejectsError, match=r"2 of 12 records were refused, more than 1; nothing was loaded"):
        engine.load([file(MIXED)], limit=Limit(count=1), rejects_file=rejects)
    assert engine.store.n_events() == 0
    assert len(rejects.read_text(encoding="utf-8").splitlines()) == 3
    assert engine.load([file(MIXED)], limit=Limit(count=2)).n_created == 10


def test_file_that_cannot_be_read_keeps_nothing_of_the_others(engine, file):
    with pytest.raises(FileFormatError, match=r"b\.csv: no column for"):
        engine.load([file(GOOD, "a.csv"), file("x,y\n1,2\n", "b.csv")])
    assert engine.store.n_events() == 0


def test_folder_is_loaded_and_what_was_skipped_is_said(engine, file, tmp_path):
    file(GOOD)
    file("hello", "notes.txt")
    report = engine.load([tmp_path])
    assert (report.n_files, report.n_created) == (1, 9)
    assert any("notes.txt" in skipped for skipped in report.skipped)


def test_symmetric_file_makes_two_events_of_each_row(engine, file):
    mapping = FileMapping(columns={"source": "a", "target": "b"}, constants={"relation": "follow"}, symmetric=True)
    assert engine.load([file("a,b\nann,bob\n")], [mapping]).by_relation == {"follow": 2}


# -- limits -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "n_rejects", "n_records", "exceeded"),
    [
        ("0", 0, 10, False),
        ("0", 1, 10, True),
        ("3", 3, 3, False),
        ("3", 4, 1000, True),
        ("5%", 5, 100, False),
        ("5%", 6, 100, True),
        ("0%", 1, 100, True),
        ("100%", 100, 100, False),
        ("0.5%", 1, 199, True),
    ],
)
def test_limit_is_exceeded_above_a_number_or_a_part(text, n_rejects, n_records, exceeded):
    assert Limit.parse(text).exceeded(n_rejects, n_records) is exceeded


@pytest.mark.parametrize("text", ["", "%", "-1", "-1%", "101%", "nan%", "inf%", "many", "1.5", "5%%"])
def test_limit_that_is_none_is_refused(text):
    with pytest.raises(ParameterError, match="not a whole number or a percentage such as 5%"):
        Limit.parse(text)


def test_limit_says_what_it_is():
    assert [str(limit) for limit in (Limit(), Limit(count=1000), Limit(part=0.05))] == ["no limit", "1,000", "5 %"]
    assert not Limit().exceeded(10, 10)


# -- single events ----------------------------------------------------------------------------------------------------


def test_appended_rows_are_answered_in_their_order(engine):
    rows = [
        row("follow", "ann", "bob", id="one"),
        "no object",
        row("follow", "ann", "ann"),
        row("follow", "ann", "bob", id="one"),
        row("follow", "ann", "cat", id="one"),
        {"relation": "follow", "source": "ann", "target": True},
        row("purchase", "ann", "tea"),
    ]
    outcomes = engine.append(rows)
    assert [(o.outcome, o.field) for o in outcomes] == [
        ("created", None),
        ("rejected", None),
        ("rejected", "target"),
        ("duplicate", None),
        ("conflict", None),
        ("rejected", "target"),
        ("created", None),
    ]
    assert [o.id for o in outcomes[:6]] == ["one", None, None, "one", "one", None]
    assert outcomes[6].id.startswith("auto-")
    assert outcomes[1].detail == "is not a JSON object"
    assert outcomes[2].detail == "'ann' is the account itself, which cannot follow itself"
    assert outcomes[4].detail == "another event with this id says something else"
    assert outcomes[5].detail == "is true, not text"
    assert engine.store.n_events() == 2


def test_nothing_appended_is_nothing(engine):
    assert engine.append([]) == []
    assert [o.outcome for o in engine.append([7])] == ["rejected"]
    assert engine.store.n_events() == 0
