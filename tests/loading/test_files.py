import os
from pathlib import Path

import pytest

from guanxi.errors import FileFormatError
from guanxi.loading import FileMapping, find_files
from guanxi.loading.files import STORE_MARK
from guanxi.stores.connection import DATABASE

TEXT = "relation,source,target\nfollow,ann,bob\n"


def test_folder_is_searched_in_the_order_of_names(tmp_path):
    (tmp_path / "inner").mkdir()
    for name in ("b.csv", "a.tsv", "inner/c.jsonl.gz", "notes.txt", "d.parquet.gz"):
        (tmp_path / name).write_text(TEXT)
    found = find_files([tmp_path])
    assert [file.path.name for file in found.files] == ["a.tsv", "b.csv", "c.jsonl.gz"]
    assert {skipped.path.name for skipped in found.skipped} == {"notes.txt", "d.parquet.gz"}
    assert "unknown extension '.txt'" in {s.path.name: s.reason for s in found.skipped}["notes.txt"]


def test_first_mapping_that_matches_counts(tmp_path, load):
    (tmp_path / "friends.csv").write_text("x,y\nann,bob\n")
    (tmp_path / "trust.csv").write_text("truster,trustee\nann,bob\n")
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    mappings = [
        FileMapping(match="friends*", columns={"source": "x", "target": "y"}, constants={"relation": "follow"}),
        FileMapping(match="[tf]*.csv", constants={"relation": "trust"}),
    ]
    found = find_files([tmp_path], mappings)
    assert [skipped.path.name for skipped in found.skipped] == ["other.csv"]
    assert [row["relation"] for row in load(tmp_path, mapping=mappings).rows] == ["follow", "trust"]
    with pytest.raises(FileFormatError, match=r"other\.csv: no mapping matches it; patterns: friends\*"):
        find_files([tmp_path / "other.csv"], mappings)


def test_missing_file_is_one_error(tmp_path):
    with pytest.raises(FileFormatError, match=r"gone\.csv: No such file"):
        find_files([tmp_path / "gone.csv"])


def test_path_through_a_file_is_one_error(tmp_path):
    (tmp_path / "a.csv").write_text(TEXT)
    with pytest.raises(FileFormatError, match="Not a directory"):
        find_files([tmp_path / "a.csv" / "b.csv"])


def test_named_file_of_an_unknown_kind_is_one_error(tmp_path):
    (tmp_path / "a.xlsx").write_text(TEXT)
    with pytest.raises(FileFormatError, match=r"unknown extension '\.xlsx'; known: \.csv, .*\.csv\.gz"):
        find_files([tmp_path / "a.xlsx"])


def test_folder_without_files_is_one_error(tmp_path):
    with pytest.raises(FileFormatError, match="no file to load"):
        find_files([tmp_path])


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_unreadable_file_is_one_error(tmp_path, load):
    path: Path = tmp_path / "a.csv"
    path.write_text(TEXT)
    path.chmod(0)
    with pytest.raises(FileFormatError, match="Permission denied"):
        load(path)


def test_store_inside_a_folder_is_not_loaded(tmp_path):
    (tmp_path / "events.csv").write_text("relation,source,target\nfollow,ann,bob\n")
    (tmp_path / "store" / "rejects").mkdir(parents=True)
    (tmp_path / "store" / STORE_MARK).touch()
    (tmp_path / "store" / "rejects" / "1.csv").write_text("file,line,field,reason,value\n")
    assert STORE_MARK == DATABASE
    assert [file.path.name for file in find_files([tmp_path]).files] == ["events.csv"]
