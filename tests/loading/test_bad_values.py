"""Values that are refused one by one, each in a real file, with the user's own column named."""

import pytest

from guanxi.loading import FileMapping

HEADER = "kind,buyer,item,when,qty\n"
MAPPING = FileMapping(columns={"relation": "kind", "source": "buyer", "target": "item", "time": "when", "value": "qty"})
GOOD = "purchase,ann,tea,2023-11-14,2\n"


@pytest.mark.parametrize(
    ("row", "field", "reason"),
    [
        ("buys,ann,tea,,", "kind", "is not one of follow, "),
        (",ann,tea,,", "kind", "is not one of follow, "),
        ("purchase,,tea,,", "buyer", "is empty"),
        ("purchase,ann,  ,,", "item", "is empty"),
        ("follow,ann,ann,,", "item", "is the account itself, which cannot follow itself"),
        ("purchase,ann,tea,9999-12-31,", "when", "is in the future"),
        ("purchase,ann,tea,yesterday,", "when", "is not a time"),
        ("purchase,ann,tea,1970-01-01,", "when", "is before 1990-01-01"),
        ("purchase,ann,tea,NaN,", "when", "is not a time"),
        ("purchase,ann,tea,,NaN", "qty", "is not a finite number"),
        ("purchase,ann,tea,,inf", "qty", "is not a finite number"),
        ("purchase,ann,tea,,-Infinity", "qty", "is not a finite number"),
        ("purchase,ann,tea,,1e999", "qty", "is not a finite number"),
        ("purchase,ann,tea,,true", "qty", "is not a finite number"),
        ("purchase,ann,tea,,-1", "qty", "(quantity) is below 0"),
        ("review,ann,tea,,11", "qty", "(rating) is above 10"),
        ("purchase," + "x" * 10_000 + ",tea,,", "buyer", "is longer than 256 bytes"),
        ('purchase,"an\nn",tea,,', "buyer", "has a control character"),
        ("purchase,a\0n,tea,,", "", "has a NUL byte"),
    ],
)
def test_bad_value_is_refused_with_the_users_column(load_text, row, field, reason):
    loaded = load_text(HEADER + GOOD + row + "\n" + GOOD, mapping=MAPPING)
    (reject,) = loaded.rejects
    assert (reject.line, reject.field) == (3, field)
    assert reject.reason.startswith(reason)
    assert len(loaded.rows) == 2
    assert len(reject.value) <= 81


def test_empty_time_and_value_are_unknown(load_text):
    (row,) = load_text(HEADER + "purchase,ann,tea,,\n", mapping=MAPPING).rows
    assert (row["time"], row["value"]) == (None, None)


def test_latin1_read_as_utf8_refuses_those_lines_only(load_text):
    content = (HEADER + GOOD + "purchase,renée,tea,,\n" + GOOD).encode("latin-1")
    loaded = load_text(content, mapping=MAPPING)
    assert loaded.reasons == [
        (3, "buyer", "is not UTF-8 text; if the file has another encoding, name it with --encoding")
    ]
    assert loaded.rejects[0].value == "ren\\xe9e"
    assert len(loaded.rows) == 2


def test_invalid_text_in_a_column_nobody_reads_does_not_matter(load_text):
    loaded = load_text(b"relation,source,target,note\nfollow,ann,bob,\xff\xfe\n")
    assert (loaded.pairs, loaded.rejects) == ([("ann", "bob")], [])


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16", "ascii"])
def test_text_broken_in_its_own_encoding_is_refused_by_that_name(load_text, encoding):
    begin, end = "relation,source,target\nfollow,a".encode(encoding), "n,bob\nfollow,bob,cat\n"
    broken = {"gb18030": b"\xff", "utf-16": b"\x00\xd8", "ascii": b"\xe9"}[encoding]
    tail = end.encode("utf-16-le") if encoding == "utf-16" else end.encode(encoding)
    loaded = load_text(begin + broken + tail, mapping=FileMapping(encoding=encoding))
    (reject,) = loaded.rejects
    assert reject.line == 2
    assert loaded.pairs == [("bob", "cat")]
    assert reject.reason in {f"is not {encoding} text", "has 2 fields, not 3 as the header"}


def test_time_format_is_followed(load_text):
    mapping = FileMapping(time_format="%d.%m.%Y")
    loaded = load_text("type,from,to,date\nfollow,ann,bob,14.11.2023\nfollow,ann,cat,2023-11-14\n", mapping=mapping)
    assert loaded.rows[0]["time"] == 1_699_920_000_000_000
    assert loaded.reasons == [(3, "date", "is not a time (as %d.%m.%Y)")]


def test_retraction_may_name_the_fact_that_it_takes_back(load_text):
    loaded = load_text("id,type,user,item,retracts\ne1,purchase,ann,tea,\ne2,refund,ann,tea,e1\ne3,follow,ann,bob,e1\n")
    assert [(row["retract"], row["retracts"]) for row in loaded.rows] == [(False, None), (True, "e1")]
    assert loaded.reasons == [(4, "retracts", "only a refund or the like takes back an event")]


def test_equal_rows_without_ids_are_one_fact(load_text):
    loaded = load_text("type,user,item,date\n" + "purchase,ann,tea,2023-11-14\n" * 2 + "purchase,ann,tea,2023-11-15\n")
    assert loaded.ids[0] == loaded.ids[1] != loaded.ids[2]
    assert loaded.ids[0].startswith("auto-")
