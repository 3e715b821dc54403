import csv
import gzip
import io
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guanxi.errors import FileFormatError
from guanxi.loading import FileMapping, ReadOptions, read_events
from guanxi.loading.csv_text import read_csv
from guanxi.loading.files import find_files
from guanxi.loading.lines import MAX_LINE_BYTES
from guanxi.loading.splitting import MAX_RECORD_LINES, OPEN_QUOTE, split_csv

NOW_US = 1_800_000_000_000_000
HEADER = "relation,source,target\n"


def split_all(text, n_columns):
    slots = np.arange(n_columns, dtype=np.int64)
    split = split_csv(text.encode(), slots, n_columns, delimiter=ord(","), first_line=1, final=True)
    rows = zip(*(column.to_pylist() for column in split.columns), strict=True)
    return [[cell.decode() for cell in row] for row in rows], split


cells = st.text(st.sampled_from('ab,"\n é'), max_size=6)


@settings(deadline=None)
@given(st.lists(st.lists(cells, min_size=3, max_size=3), max_size=20), st.sampled_from(["\n", "\r\n"]))
def test_whatever_the_csv_module_writes_is_read_back(rows, line_end):
    written = io.StringIO(newline="")
    csv.writer(written, lineterminator=line_end).writerows(rows)
    read, split = split_all(written.getvalue(), 3) if rows else ([], None)
    assert read == rows
    assert split is None or len(split.refused) == 0


@settings(deadline=None)
@given(st.lists(st.text(st.sampled_from('ab,"'), min_size=1, max_size=12), min_size=1, max_size=1))
def test_a_line_with_quotes_anywhere_reads_as_the_csv_module_reads_it(lines):
    text = lines[0] + "\n"
    expected = next(csv.reader([text]))
    read, split = split_all(text, len(expected))
    if split.refused.size:
        assert split.refused[0][0] == OPEN_QUOTE
        assert "\n" in expected[-1]  # the csv module closes the quote at the end of the file
    else:
        assert read == [expected]


def test_rows_become_events_with_their_lines(load_text):
    loaded = load_text(HEADER + "follow,ann,bob\n\n  \nunfollow,ann,bob\n".replace("  \n", "\r\n"))
    assert loaded.pairs == [("ann", "bob"), ("ann", "bob")]
    assert [row["retract"] for row in loaded.rows] == [False, True]
    assert loaded.lines == [2, 5]


@pytest.mark.parametrize("delimiter", [";", "\t", "|", ","])
def test_delimiter_is_found_in_the_header(load_text, delimiter):
    loaded = load_text(f"{HEADER}follow,ann,bob\n".replace(",", delimiter))
    assert loaded.pairs == [("ann", "bob")]


def test_named_delimiter_is_used(load_text):
    loaded = load_text("relation:source:target\nfollow:ann:bob\n", mapping=FileMapping(delimiter=":"))
    assert loaded.pairs == [("ann", "bob")]


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("last", ["", "end"])
def test_line_ends_do_not_matter(load_text, line_end, last):
    text = (HEADER + "follow,ann,bob\nfollow,bob,cat\n").replace("\n", line_end)
    loaded = load_text(text if last else text.removesuffix(line_end))
    assert loaded.pairs == [("ann", "bob"), ("bob", "cat")]
    assert loaded.rejects == []


def test_byte_order_mark_is_removed(load_text):
    assert load_text(b"\xef\xbb\xbf" + (HEADER + "follow,ann,bob\n").encode()).pairs == [("ann", "bob")]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "gb18030", "big5", "utf-8-sig"])
def test_named_encoding_is_read(load_text, encoding):
    content = (HEADER + "follow,中文,小人\n").encode(encoding)
    assert load_text(content, mapping=FileMapping(encoding=encoding)).pairs == [("中文", "小人")]


def test_utf16_mark_is_believed(load_text):
    assert load_text((HEADER + "follow,关系,bob\n").encode("utf-16")).pairs == [("关系", "bob")]


@pytest.mark.parametrize("chunk_bytes", [1, 7, 1000])
def test_multibyte_text_cut_between_chunks_is_read(load_text, chunk_bytes):
    content = (HEADER + "follow,关系,小红书\n" * 3).encode("gb18030")
    loaded = load_text(content, mapping=FileMapping(encoding="gb18030"), chunk_bytes=chunk_bytes)
    assert loaded.pairs == [("关系", "小红书")] * 3


def test_gzip_is_unpacked_by_name_and_by_content(load_text):
    packed = gzip.compress((HEADER + "follow,ann,bob\n").encode())
    assert load_text(packed, name="events.csv.gz").pairs == [("ann", "bob")]
    assert load_text(packed, name="events.csv").pairs == [("ann", "bob")]


def test_quoted_field_may_hold_delimiters_quotes_and_line_ends(load_text):
    text = 'relation,source,target,note\nfollow,"ann, the ""first""",bob,"one\ntwo\r\nthree"\nfollow,bob,cat,\n'
    loaded = load_text(text)
    assert loaded.pairs == [('ann, the "first"', "bob"), ("bob", "cat")]
    assert loaded.lines == [2, 5]


def test_open_quote_costs_one_line(load_text):
    rest = "".join(f"follow,a{i},b{i}\n" for i in range(3 * MAX_RECORD_LINES))
    loaded = load_text(HEADER + 'follow,"ann,bob\n' + rest)
    assert loaded.reasons == [(2, "", "has a quote that is not closed")]
    assert loaded.rejects[0].value == 'follow,"ann,bob'
    assert len(loaded.rows) == 3 * MAX_RECORD_LINES


def test_open_quote_before_a_quoted_field_costs_one_line(load_text):
    loaded = load_text(HEADER + 'follow,"ann,bob\nfollow,bob,cat\nfollow,"cat",dan\n')
    assert loaded.reasons == [(2, "", "has a quote that is not closed")]
    assert loaded.pairs == [("bob", "cat"), ("cat", "dan")]


def test_every_line_with_an_open_quote_is_refused_alone(load_text):
    loaded = load_text(HEADER + 'follow,"ann,bob\n' * 2000 + "follow,ann,bob\n", chunk_bytes=3000)
    assert [reject.line for reject in loaded.rejects] == list(range(2, 2002))
    assert loaded.lines == [2002]


def test_wrong_number_of_fields_is_refused(load_text):
    loaded = load_text(HEADER + "follow,ann\nfollow,ann,bob\nfollow,ann,bob,cat\n")
    assert loaded.reasons == [
        (2, "", "has 2 fields, not 3 as the header"),
        (4, "", "has 4 fields, not 3 as the header"),
    ]
    assert loaded.lines == [3]


@pytest.mark.parametrize("chunk_bytes", [50_000, 1 << 24])
def test_line_of_ten_megabytes_is_refused_and_reading_goes_on(load_text, chunk_bytes):
    loaded = load_text(
        HEADER + "follow,ann,bob\nfollow," + "x" * 10_000_000 + ",bob\nfollow,bob,cat", chunk_bytes=chunk_bytes
    )
    assert loaded.reasons == [(3, "", "is longer than 1 MB")]
    assert loaded.lines == [2, 4]


@pytest.mark.parametrize("chunk_bytes", [50_000, 1 << 24])
@pytest.mark.parametrize("quoted", ["", '"'])
def test_longest_line_is_read_and_one_byte_more_is_not(load_text, chunk_bytes, quoted):
    frame = f"follow,ann,bob,{quoted}{quoted}\n"
    fitting = f"follow,ann,bob,{quoted}" + "x" * (MAX_LINE_BYTES - len(frame)) + f"{quoted}\n"
    longer = fitting.replace("xx", "xxx", 1)
    loaded = load_text("relation,source,target,note\n" + fitting + longer, chunk_bytes=chunk_bytes)
    assert loaded.lines == [2]
    assert loaded.reasons == [(3, "", "is longer than 1 MB")]


def test_empty_file_is_one_error(load_text):
    with pytest.raises(FileFormatError, match=r"events\.csv: is empty"):
        load_text("")
    with pytest.raises(FileFormatError, match="is empty"):
        load_text("\n\r\n\n")


def test_header_only_gives_no_events(load_text):
    loaded = load_text(HEADER.strip())
    assert (loaded.rows, loaded.rejects) == ([], [])


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (b"relation,source,source,target\n", "column 'source' more than once"),
        (b"relation,target\n", "no column for source; columns found: relation, target"),
        ("relation,source,target\n".encode("utf-16-le"), "NUL bytes; if it is UTF-16, name it with --encoding utf-16"),
        (b"relation,source,target,caf\xe9\n", "name the file's with --encoding"),
        (b"relation,source,target\rfollow,a,b\r", "CR alone"),
        (b"x" * 2_000_000, "is this a CSV file"),
    ],
)
def test_unusable_header_is_one_error(load_text, header, message):
    with pytest.raises(FileFormatError, match=message):
        load_text(header)


def test_gzip_cut_in_half_is_one_error(load_text):
    rows = "".join(f"follow,a{i},b{i * 7919 % 1000}\n" for i in range(5000))
    packed = gzip.compress((HEADER + rows).encode())
    with pytest.raises(FileFormatError, match="ends too early"):
        load_text(packed[: len(packed) // 2], name="events.csv.gz")


def test_text_named_gzip_is_one_error(load_text):
    with pytest.raises(FileFormatError, match="is not intact gzip data"):
        load_text(HEADER, name="events.csv.gz")


def test_damaged_gzip_is_one_error(load_text):
    packed = bytearray(gzip.compress((HEADER + "follow,ann,bob\n" * 500).encode()))
    packed[20:40] = bytes(20)
    with pytest.raises(FileFormatError, match="gzip"):
        load_text(bytes(packed), name="events.csv.gz")


messy_lines = st.sampled_from(
    [
        "follow,ann,bob,1\n",
        'follow,"ann",bob,"two\nlines"\n',
        'follow,"ann,bob\n',
        'purchase,a"b"c,item,"5"\n',
        "follow,ann\n",
        "\n",
        "\r\n",
        "follow,ann,b\0b,\r\n",
        'follow,"a""b",c,"\n',
        'x,y,z,"\n\n\n"\n',
    ]
)


@settings(max_examples=60, deadline=None)
@given(st.lists(messy_lines, max_size=25), st.integers(1, 60))
def test_same_events_and_rejects_whatever_the_chunk(lines, chunk_bytes):
    with TemporaryDirectory() as folder:
        path = Path(folder) / "events.csv"
        path.write_text("relation,source,target,note\n" + "".join(lines), encoding="utf-8", newline="")

        def everything(size):
            batches = list(read_events([path], now_us=NOW_US, options=ReadOptions(chunk_bytes=size)))
            keys = [key for batch in batches for key in batch.events["key_lo"].to_pylist()]
            lines = [line for batch in batches for line in batch.lines.tolist()]
            return keys, lines, [reject for batch in batches for reject in batch.rejects]

        assert everything(chunk_bytes) == everything(1 << 20)


def test_progress_reaches_the_size_of_all_files(tmp_path):
    for name in ("a.csv", "b.csv.gz"):
        content = (HEADER + "follow,ann,bob\n" * 1000).encode()
        (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith("gz") else content)
    batches = list(read_events([tmp_path], now_us=NOW_US, options=ReadOptions(chunk_bytes=1000)))
    progress = [batch.bytes_read for batch in batches]
    assert progress == sorted(progress)
    assert progress[-1] == batches[0].bytes_total == sum(path.stat().st_size for path in tmp_path.iterdir())


def test_raw_batches_hold_only_the_fields_of_events(tmp_path):
    path = tmp_path / "events.csv"
    path.write_text("type,from,to,note\nfollow,ann,bob,hello\n")
    raw = next(read_csv(find_files([path]).files[0], ReadOptions()))
    assert {name: column.to_pylist() for name, column in raw.columns.items()} == {
        "relation": [b"follow"],
        "source": [b"ann"],
        "target": [b"bob"],
    }
