from datetime import UTC, date, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from guanxi.errors import FileFormatError
from guanxi.loading import FileMapping

N = 2500


@pytest.fixture
def load_table(tmp_path, load):
    def load_written(table, **options):
        pq.write_table(table, tmp_path / "events.parquet")
        return load(tmp_path / "events.parquet", **options)

    return load_written


def follows(n=1, **columns):
    sources = pa.array([f"a{i}" for i in range(n)])
    return pa.table({"relation": pa.array(["follow"] * n), "source": sources, "target": pa.array(["b"] * n)} | columns)


def test_rows_become_events_with_their_numbers(load_table):
    loaded = load_table(follows(N), batch_rows=1000)
    assert loaded.lines == list(range(1, N + 1))


def test_table_without_rows_gives_no_events(load_table):
    loaded = load_table(follows(0))
    assert (loaded.rows, loaded.rejects) == ([], [])


@pytest.mark.parametrize(
    "times",
    [
        pa.array([datetime(2023, 11, 14, tzinfo=UTC)], pa.timestamp("ns", "UTC")),
        pa.array([datetime(2023, 11, 14)], pa.timestamp("s")),  # noqa: DTZ001 - a column without a zone
        pa.array([date(2023, 11, 14)]),
        pa.array([1_699_920_000]),
        pa.array([1_699_920_000.0]),
        pa.array([1_699_920_000_000]),
        pa.array(["2023-11-14"]).dictionary_encode(),
        pa.array(["2023-11-14"], pa.large_string()),
    ],
)
def test_times_of_every_type_mean_the_same(load_table, times):
    assert load_table(follows(time=times)).rows[0]["time"] == 1_699_920_000_000_000


@pytest.mark.parametrize("kind", [pa.int64(), pa.large_string(), pa.string_view(), pa.binary(), pa.uint32()])
def test_ids_of_every_type_become_text(load_table, kind):
    column = pa.array([7], kind) if pa.types.is_integer(kind) else pa.array(["7"]).cast(kind)
    assert load_table(follows().set_column(1, "source", column)).pairs == [("7", "b")]


def test_truth_values_and_fractions_are_no_ids(load_table):
    table = follows().set_column(1, "source", pa.array([1.5]))
    assert load_table(table).reasons == [(1, "source", "is double, not text")]
    assert load_table(table.set_column(1, "source", pa.array([True]))).reasons == [(1, "source", "is bool, not text")]


def test_truth_value_is_no_number(load_table):
    assert load_table(follows(value=pa.array([True]))).reasons == [(1, "value", "is not a finite number")]


def test_structs_become_properties(load_table):
    loaded = load_table(follows(properties=pa.array([{"city": "京", "age": None}])))
    assert loaded.rows[0]["properties"] == '{"city":"京"}'


def test_named_columns_become_properties(load_table):
    mapping = FileMapping(properties=("city", "age"))
    loaded = load_table(follows(city=pa.array(["京"]), age=pa.array([7])), mapping=mapping)
    assert loaded.rows[0]["properties"] == '{"age":7,"city":"京"}'


def test_column_of_lists_is_one_error(load_table):
    with pytest.raises(FileFormatError, match=r"column 'via' is list<.*>, not text, numbers or times"):
        load_table(follows(via=pa.array([["x"]])))


def test_doubled_column_is_one_error(load_table):
    with pytest.raises(FileFormatError, match="column 'source' more than once"):
        load_table(follows().append_column("source", pa.array(["x"])))


@pytest.mark.parametrize("keep", [0.5, 0.95, 0.001])
def test_file_cut_off_is_one_error(tmp_path, load, keep):
    path = tmp_path / "events.parquet"
    pq.write_table(follows(N), path)
    content = path.read_bytes()
    path.write_bytes(content[: max(1, int(len(content) * keep))])
    with pytest.raises(FileFormatError, match="is not an intact Parquet file"):
        load(path)


def test_damaged_page_is_one_error(tmp_path, load):
    path = tmp_path / "events.parquet"
    pq.write_table(follows(N), path, compression="zstd")
    content = bytearray(path.read_bytes())
    content[20:2000] = b"\xff" * 1980
    path.write_bytes(content)
    with pytest.raises(FileFormatError, match="is not an intact Parquet file"):
        load(path)


def test_empty_file_is_one_error(tmp_path, load):
    (tmp_path / "events.parquet").touch()
    with pytest.raises(FileFormatError, match="is empty"):
        load(tmp_path / "events.parquet")
