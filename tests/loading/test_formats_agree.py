import csv
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

names = st.text(st.characters(exclude_categories=["Cs", "Cc", "Z"]), min_size=1, max_size=8)
row = st.fixed_dictionaries(
    {
        "id": st.none() | names,
        "relation": st.sampled_from(["follow", "purchase", "refund", "share", "trust"]),
        "source": names,
        "target": names,
        "time": st.none() | st.integers(1_000_000_000, 1_700_000_000),
        "value": st.none() | st.floats(0, 10),
        "via": st.none() | names,
    }
)


def write_all(folder, rows):
    with (folder / "events.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    (folder / "events.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    kinds = {"time": pa.int64(), "value": pa.float64()}
    columns = {name: pa.array([row[name] for row in rows], kinds.get(name, pa.string())) for name in rows[0]}
    pq.write_table(pa.table(columns), folder / "events.parquet")
    return [folder / f"events.{extension}" for extension in ("csv", "jsonl", "parquet")]


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("formats")


@settings(max_examples=40, deadline=None)
@given(rows=st.lists(row, min_size=1, max_size=12))
def test_same_rows_give_the_same_events_in_every_format(folder, load, rows):
    from_csv, from_json, from_parquet = (load(path) for path in write_all(folder, rows))
    assert from_csv.rows == from_json.rows == from_parquet.rows
    reasons = [(line - 1, field, reason) for line, field, reason in from_csv.reasons]
    assert reasons == from_json.reasons == from_parquet.reasons
