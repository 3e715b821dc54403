import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guanxi.events import FIELDS, columns_from_rows

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
row_values = st.dictionaries(st.sampled_from(FIELDS), json_values, max_size=5) | json_values


@settings(deadline=None)
@given(st.lists(row_values, max_size=8))
def test_every_row_is_either_taken_or_refused(rows):
    columns, positions, rejects = columns_from_rows(rows)
    assert sorted([*positions, *(reject.row for reject in rejects)]) == list(range(len(rows)))
    assert {len(column) for column in columns.values()} == {len(positions)}
    assert tuple(columns) == FIELDS


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        ("source", "ann", "ann"),
        ("source", 7, "7"),
        ("source", 10**18, "1" + "0" * 18),
        ("value", 1.5, "1.5"),
        ("time", 1_700_000_000, "1700000000"),
        ("time", "2023-11-14", "2023-11-14"),
        ("properties", {"a": "京"}, '{"a": "京"}'),
        ("via", None, None),
    ],
)
def test_value_becomes_text(field, value, text):
    columns, _, rejects = columns_from_rows([{field: value}, {}])
    assert columns[field].to_pylist() == [text, None]
    assert rejects == []


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("source", True, "is true, not text"),
        ("source", 1.5, "is 1.5, not text"),
        ("source", ["a"], 'is ["a"], not text'),
        ("source", "\ud800", 'is "\\ud800", not text'),
        ("value", False, "is false, not a number"),
        ("time", {}, "is {}, not a number"),
        ("properties", "{}", 'is "{}", not an object'),
        ("properties", {"a": "\ud800"}, 'is {"a": "\\ud800"}, not an object'),
    ],
)
def test_value_of_another_type_is_refused(field, value, reason):
    columns, positions, (reject,) = columns_from_rows([{"source": "ann"}, {field: value}])
    assert (reject.row, reject.field, reject.reason) == (1, field, reason)
    assert positions == [0]
    assert columns["source"].to_pylist() == ["ann"]


def test_number_too_large_to_write_out_is_refused():
    # Not a parameter of the test above: pytest would write it out for the test's name.
    _, positions, rejects = columns_from_rows([{"source": 10**5000}, {"properties": {"a": 10**5000}}])
    assert (positions, [reject.field for reject in rejects]) == ([], ["source", "properties"])


def test_object_nested_without_end_is_refused():
    deep: dict[str, object] = {}
    for _ in range(100_000):
        deep = {"a": deep}
    _, positions, (reject,) = columns_from_rows([{"properties": deep}])
    assert (positions, reject.field) == ([], "properties")
    while deep:  # taken apart by hand: freeing it in one go would recurse as deep
        deep = deep.pop("a")


def test_fields_may_stand_under_other_keys():
    columns, positions, rejects = columns_from_rows([{"from": "ann"}, {"from": True}], keys={"source": "from"})
    assert {name: column.to_pylist() for name, column in columns.items()} == {"source": ["ann"]}
    assert (positions, [reject.field for reject in rejects]) == ([0], ["source"])
