import json

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guanxi.errors import DataError
from guanxi.events import EVENT_SCHEMA, parse_events
from guanxi.schema import load_model

NOW_US = 1_800_000_000_000_000
DAY_US = 86_400_000_000


def parse(**columns):
    """Parse rows that are good purchases but for the columns given."""
    n = len(next(iter(columns.values())))
    good = {"relation": ["purchase"] * n, "source": ["ann"] * n, "target": ["tea"] * n}
    arrays = {
        name: pa.array(column) if isinstance(column, list) else column for name, column in {**good, **columns}.items()
    }
    return parse_events(arrays, now_us=NOW_US)


def reasons(parsed):
    return [(reject.row, reject.field, reject.reason) for reject in parsed.rejects]


def test_events_have_the_schema_and_say_which_rows_they_come_from():
    parsed = parse(source=["ann", "", "bob"])
    assert parsed.events.schema == EVENT_SCHEMA
    assert parsed.rows.tolist() == [0, 2]
    assert reasons(parsed) == [(1, "source", "is empty")]


def test_no_rows_give_no_events():
    for kind in (pa.string(), pa.binary(), pa.null()):
        parsed = parse(source=pa.array([], kind))
        assert (len(parsed.events), parsed.rejects) == (0, [])


@pytest.mark.parametrize("relation", load_model().relations.values(), ids=lambda relation: relation.name)
def test_every_verb_is_understood(relation):
    parsed = parse(relation=[relation.name, relation.retraction.upper(), f" {relation.name} "])
    assert parsed.rejects == []
    assert parsed.events["relation"].to_pylist() == [relation.code] * 3
    assert parsed.events["retract"].to_pylist() == [False, True, False]
    first_target = load_model().kinds[relation.targets[0]].code
    assert set(parsed.events["target_kind"].to_pylist()) == {first_target}


def test_unknown_relation_is_refused_with_the_known_ones():
    ((row, field, reason),) = reasons(parse(relation=["buy"]))
    assert (row, field) == (0, "relation")
    assert all(verb in reason for verb in load_model().verbs)


def test_target_kind_is_one_of_the_relations_own():
    parsed = parse(relation=["share", "share", "share"], target_kind=["Post", None, "brand"])
    assert [load_model().kind_name(code) for code in parsed.events["target_kind"].to_pylist()] == ["post", "item"]
    assert reasons(parsed) == [(2, "target_kind", "of share is not one of item, post")]


@pytest.mark.parametrize("relation", ["follow", "unfollow", "trust", "block", "identity_link", "report"])
def test_nobody_relates_to_themselves(relation):
    ((_, field, reason),) = reasons(parse(relation=[relation], source=["ann"], target=[" ann "]))
    assert field == "target"
    assert reason.endswith("itself")


def test_account_and_item_of_one_name_are_two_things():
    assert parse(source=["tea"]).rejects == []


def test_text_is_trimmed_and_its_control_characters_refused():
    parsed = parse(source=["  ann\n", "an\tn", "an\0n", "a" * 256, "a" * 257, "京" * 86])
    assert parsed.events["source"].to_pylist() == ["ann", "a" * 256]
    assert [row for row, _, _ in reasons(parsed)] == [4, 5, 1, 2]


def test_bytes_that_are_no_utf8_are_refused_alone():
    parsed = parse(source=[b"ann", b"ren\xe9e"])
    assert len(parsed.events) == 1
    assert (parsed.rejects[0].field, parsed.rejects[0].value) == ("source", "ren\\xe9e")


def test_via_goes_with_some_relations_only():
    parsed = parse(relation=["purchase", "share", "follow"], via=["cat", "cat", "cat"])
    assert reasons(parsed) == [(2, "via", "goes with share, purchase only")]


def test_only_retracted_facts_are_named():
    parsed = parse(relation=["refund", "purchase", "unfollow"], retracts=["e1", "e1", "e1"])
    assert parsed.rows.tolist() == [0]
    assert {field for _, field, _ in reasons(parsed)} == {"retracts"}


def test_value_lies_in_the_range_of_its_relation():
    relations = ["purchase", "purchase", "review", "review", "trust", "trust", "identity_link", "follow"]
    parsed = parse(relation=relations, value=[0, -1, -10, 11, 10, 10.5, 2, 99])
    assert parsed.rows.tolist() == [0, 2, 4, 7]
    assert parsed.events["value"].to_pylist() == [0.0, -10.0, 10.0, None]
    assert sorted(reasons(parsed)) == [
        (1, "value", "(quantity) is below 0"),
        (3, "value", "(rating) is above 10"),
        (5, "value", "(level) is above 10"),
        (6, "value", "(confidence) is above 1"),
    ]


def test_time_is_between_1990_and_tomorrow():
    times = [631_152_000_000_000, 631_151_999_999_999, NOW_US + DAY_US, NOW_US + DAY_US + 1]
    parsed = parse(time=pa.array(times, pa.timestamp("us")))
    assert parsed.rows.tolist() == [0, 2]
    assert [reason.split(";")[0] for _, _, reason in reasons(parsed)] == ["is before 1990-01-01", "is in the future"]


@pytest.mark.parametrize("kind", [pa.timestamp("s"), pa.timestamp("ms"), pa.timestamp("us"), pa.timestamp("ns")])
@pytest.mark.parametrize("value", [2**63 - 1, -(2**63)])
def test_timestamp_beyond_every_calendar_is_refused(kind, value):
    parsed = parse(time=pa.array([value], pa.int64()).cast(kind))
    assert [field for _, field, _ in reasons(parsed)] == ["time"]


def test_date_beyond_every_calendar_is_refused():
    ((_, field, reason),) = reasons(parse(time=pa.array([2**31 - 1], pa.int32()).cast(pa.date32())))
    assert (field, reason) == ("time", "is in the future")


@pytest.mark.parametrize("value", ["{", "[1]", '{"a": NaN}', '{"a": 1e999}', '{"a": "\\ud800"}', '{"a":' + "[" * 9000])
def test_properties_that_are_no_object_are_refused(value):
    ((_, field, reason),) = reasons(parse(properties=[value]))
    assert (field, reason) == ("properties", "is not a JSON object of finite numbers and valid text")


def test_properties_are_one_text_whatever_their_order():
    parsed = parse(properties=['{"b": 1,\n "a": "京"}', '{"a":"\\u4eac","b":1}', None])
    assert parsed.events["properties"].to_pylist() == ['{"a":"京","b":1}'] * 2 + [None]
    assert len(set(parsed.events["key_lo"].to_pylist())) == 2


def test_long_properties_are_refused():
    ((_, field, reason),) = reasons(parse(properties=['{"a": "' + "x" * 20_000 + '"}']))
    assert (field, reason) == ("properties", "is longer than 16384 bytes")


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ('{"proof": "magic"}', "proof is not one of self, inferred, oauth, signature, domain, staff"),
        ('{"proof": "mutual"}', "proof is not one of self"),
        ('{"proof": 3}', "proof is not one of self"),
        ('{"proof": ""}', "proof is not one of self"),
        ('{"expires": "soon"}', "expires is not a time from 1990 on (ISO 8601 text or a number of seconds)"),
        ('{"expires": "1980-01-01"}', "expires is not a time from 1990 on"),
        ('{"expires": true}', "expires is not a time from 1990 on"),
        ('{"expires": ["2030-01-01"]}', "expires is not a time from 1990 on"),
        ('{"expires": "2023-11-14"}', "expires is not after the time of the event"),
    ],
)
def test_wrong_proof_or_expiry_of_an_identity_link_is_refused_with_what_is_allowed(said, reason):
    columns = {"relation": ["identity_link"], "time": ["2023-11-14"], "properties": [said]}
    ((_, field, found),) = reasons(parse(**columns))
    assert field == "properties"
    assert found.startswith(reason)


@pytest.mark.parametrize(
    "said",
    [
        '{"proof": "oauth", "expires": "2030-01-01"}',
        '{"expires": 1900000000}',
        '{"proof": null, "expires": null}',
        "{}",
    ],
)
def test_proof_and_expiry_that_are_right_are_kept_as_they_were_said(said):
    parsed = parse(relation=["identity_link"], time=["2023-11-14"], properties=[said])
    assert not parsed.rejects
    assert json.loads(parsed.events["properties"][0].as_py()) == json.loads(said)


def test_other_relations_may_say_what_they_like_and_unlinking_names_an_end_that_has_passed():
    said = ['{"proof": "magic", "expires": true}', '{"proof": "oauth", "expires": "2023-01-01"}']
    parsed = parse(relation=["follow", "unlink"], time=["2023-11-14"] * 2, properties=said)
    assert not parsed.rejects


@pytest.mark.parametrize(
    "kind", [pa.list_(pa.string()), pa.duration("s"), pa.time32("s"), pa.struct({"a": pa.string()})]
)
def test_column_of_another_kind_is_one_error(kind):
    with pytest.raises(DataError, match=r"column value is .*, not text, numbers or times"):
        parse(value=pa.nulls(1, kind))


def test_missing_column_is_one_error():
    with pytest.raises(DataError, match="no column for relation, target; columns given: source"):
        parse_events({"source": pa.array(["ann"])}, now_us=NOW_US)


def test_columns_of_different_length_are_one_error():
    with pytest.raises(DataError, match="columns differ in length"):
        parse(source=["ann"], target=["a", "b"])


raw_values = st.one_of(
    st.none(), st.text(max_size=10), st.sampled_from(["follow", "purchase", "1e5", "2023-11-14", "{}"])
)
fields = st.sampled_from(["id", "relation", "source", "target", "target_kind", "time", "value", "via", "properties"])


@settings(deadline=None)
@given(st.data(), st.integers(1, 5))
def test_every_row_is_either_an_event_or_a_reject(data, n):
    columns = {
        name: data.draw(st.lists(raw_values, min_size=n, max_size=n)) for name in data.draw(st.sets(fields, min_size=1))
    }
    parsed = parse(**{name: pa.array(column, pa.string()) for name, column in columns.items()})
    assert sorted([*parsed.rows.tolist(), *(reject.row for reject in parsed.rejects)]) == list(range(n))
    assert len(parsed.events) == len(parsed.rows)
