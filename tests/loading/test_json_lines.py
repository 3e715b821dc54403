import gzip
import json

import pytest

from guanxi.errors import FileFormatError
from guanxi.loading import FileMapping

GOOD = '{"relation": "follow", "source": "ann", "target": "bob"}\n'


def load_rows(load_text, *rows, **options):
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    return load_text(text, name="events.jsonl", **options)


def test_objects_become_events_with_their_lines(load_text):
    loaded = load_text(GOOD + "\n \r\n" + GOOD.strip(), name="events.ndjson")
    assert loaded.lines == [1, 4]


def test_gzip_is_unpacked(load_text):
    assert load_text(gzip.compress(GOOD.encode()), name="events.jsonl.gz").lines == [1]


def test_mapping_renames_keys_and_rejects_name_them(load_text):
    mapping = FileMapping(columns={"source": "truster", "target": "trustee"}, constants={"relation": "trust"})
    loaded = load_rows(
        load_text, {"truster": 7, "trustee": "bob"}, {"truster": True, "trustee": "bob"}, mapping=mapping
    )
    assert loaded.pairs == [("7", "bob")]
    assert loaded.reasons == [(2, "truster", "is true, not text")]


@pytest.mark.parametrize(
    ("line", "field", "reason"),
    [
        ("{", "", "is not JSON: "),
        ("[1]", "", "is not a JSON object"),
        ("7", "", "is not a JSON object"),
        ("null", "", "is not a JSON object"),
        (GOOD.strip() * 2, "", "is not JSON: "),
        ('{"relation": "follow", "source": NaN, "target": "b"}', "", "is not JSON: "),
        ('{"relation": "purchase", "source": "a", "target": "b", "quantity": Infinity}', "", "is not JSON: "),
        ('{"relation": "purchase", "source": "a", "target": "b", "quantity": 1e999}', "", "is not JSON: "),
        ('{"relation": "follow", "source": "\\ud800", "target": "b"}', "", "is not JSON: "),
        ('{"relation": "purchase", "source": "a", "target": "b", "value": true}', "value", "is true, not a number"),
        ('{"relation": "purchase", "source": "a", "target": "b", "value": [1]}', "value", "is [1], not a number"),
        ('{"relation": "follow", "source": "a", "target": 1.5}', "target", "is 1.5, not text"),
        (
            '{"relation": "follow", "source": "a", "target": "b", "properties": "x"}',
            "properties",
            'is "x", not an object',
        ),
        ('{"relation": "follow", "source": "a"}', "target", "is empty"),
        ('{"relation": "follow", "source": "' + "x" * 10_000_000 + '"}', "", "is longer than 1 MB"),
    ],
)
def test_bad_line_is_refused_and_reading_goes_on(load_text, line, field, reason):
    loaded = load_text(GOOD + line + "\n" + GOOD, name="events.jsonl")
    (reject,) = loaded.rejects
    assert (reject.line, reject.field) == (2, field)
    assert reject.reason.startswith(reason)
    assert loaded.lines == [1, 3]


def test_line_that_is_no_utf8_is_refused(load_text):
    loaded = load_text(GOOD.encode() + b'{"source": "\xe9"}\n', name="events.jsonl")
    assert [reject.line for reject in loaded.rejects] == [2]


def test_field_that_comes_late_is_read(load_text):
    rows = [{"relation": "follow", "source": f"a{i}", "target": "b"} for i in range(30_000)]
    loaded = load_rows(load_text, *rows, {**rows[0], "time": "2023-11-14"})
    assert loaded.rows[-1]["time"] == 1_699_920_000_000_000


def test_missing_field_is_one_error(load_text):
    with pytest.raises(FileFormatError, match="no column for relation; columns found: source, target"):
        load_rows(load_text, {"source": "ann", "target": "bob"})


def test_file_without_a_readable_line_gives_rejects_only(load_text):
    loaded = load_text("{\nnonsense\n", name="events.jsonl")
    assert [reject.line for reject in loaded.rejects] == [1, 2]


def test_empty_file_is_one_error(load_text):
    with pytest.raises(FileFormatError, match="is empty"):
        load_text("", name="events.jsonl")


@pytest.mark.parametrize("chunk_bytes", [1, 10, 100])
def test_same_events_whatever_the_chunk(load_text, chunk_bytes):
    text = (GOOD + "{\n\n") * 5
    small = load_text(text, name="events.jsonl", chunk_bytes=chunk_bytes)
    assert small == load_text(text, name="events.jsonl")


def test_named_columns_become_properties(load_text):
    mapping = FileMapping(properties=("city", "age"))
    row = {"relation": "follow", "source": "a", "target": "b"}
    loaded = load_rows(load_text, row | {"city": "京", "age": 7}, row | {"city": None, "age": ""}, row, mapping=mapping)
    assert [row["properties"] for row in loaded.rows] == ['{"age":7,"city":"京"}', None, None]
