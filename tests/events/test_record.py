import mmh3
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from guanxi.events import event_ids, event_keys, parse_events

NOW_US = 1_800_000_000_000_000
PURCHASE = {"relation": "purchase", "source": "ann", "target": "tea"}


def parse(*rows):
    names = {name: None for row in rows for name in row}
    return parse_events({name: pa.array([row.get(name) for row in rows]) for name in names}, now_us=NOW_US)


def keys(parsed):
    return list(zip(parsed.events["key_hi"].to_pylist(), parsed.events["key_lo"].to_pylist(), strict=True))


def test_key_is_the_hash_of_the_id():
    digest = mmh3.hash_bytes(b"e1", 0, True)
    (key,) = keys(parse(PURCHASE | {"id": "e1"}))
    assert key == (int.from_bytes(digest[:8], "little"), int.from_bytes(digest[8:], "little"))


def test_same_id_with_another_body_has_the_same_key_and_another_body_hash():
    parsed = parse(PURCHASE | {"id": "e1"}, PURCHASE | {"id": "e1", "target": "cup"}, PURCHASE | {"id": "e1"})
    bodies = parsed.events["body"].to_pylist()
    assert len(set(keys(parsed))) == 1
    assert bodies[0] == bodies[2] != bodies[1]


def test_rows_without_ids_are_one_event_if_and_only_if_they_say_the_same():
    variants = [
        {},
        {"source": "bob"},
        {"relation": "refund"},
        {"relation": "share"},
        {"target_kind": "post", "relation": "share"},
        {"time": "2023-11-14"},
        {"value": "0"},
        {"value": "2"},
        {"via": "cat"},
        {"relation": "refund", "retracts": "e1"},
        {"properties": "{}"},
    ]
    parsed = parse(*[PURCHASE | variant for variant in variants])
    assert len(set(keys(parsed))) == len(variants)
    assert keys(parse(*[PURCHASE | variant for variant in reversed(variants)])) == keys(parsed)[::-1]


def test_values_and_times_written_in_several_ways_are_one_event():
    same = [
        PURCHASE | {"value": value, "time": time}
        for value in ("2", "2.0", " 2", "+2", "2e0")
        for time in ("2023-11-14", "1699920000", "1699920000000", "2023-11-14T08:00:00+08:00", "2023-11-14T00:00:00Z")
    ]
    assert len(set(keys(parse(*same)))) == 1
    zero = parse(PURCHASE | {"value": "0"}, PURCHASE | {"value": "-0.0"})
    assert len(set(keys(zero))) == 1


def test_derived_id_given_back_is_the_same_event():
    derived = parse(PURCHASE)
    (id_,) = event_ids(derived.events)
    again = parse(PURCHASE | {"id": id_})
    assert again.rejects == []
    assert keys(again) == keys(derived)
    assert event_ids(again.events) == [id_]
    high, low = event_keys(pa.array([id_]))
    assert [(int(high[0]), int(low[0]))] == keys(derived)


def test_derived_id_of_another_body_is_refused():
    (id_,) = event_ids(parse(PURCHASE).events)
    parsed = parse(PURCHASE | {"id": id_, "target": "cup"}, PURCHASE | {"id": "auto-1"}, PURCHASE | {"id": "automatic"})
    assert [(reject.row, reject.field) for reject in parsed.rejects] == [(0, "id"), (1, "id")]
    assert event_ids(parsed.events) == ["automatic"]
    assert parsed.rows.tolist() == [2]


@settings(deadline=None)
@given(st.lists(st.tuples(st.text(max_size=4), st.text(max_size=4), st.text(max_size=4)), max_size=8))
def test_different_bodies_have_different_keys(bodies):
    rows = [{"relation": "purchase", "source": a, "target": b, "via": c} for a, b, c in bodies]
    parsed = parse(*rows, PURCHASE)
    said = [(row["source"], row["target"], row["via"]) for row in parsed.events.to_pylist()]
    assert len(set(keys(parsed))) == len(set(said))
