import csv

import pytest

from guanxi.loading import FileReject, RejectWriter


def read_back(path):
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.reader(stream))


def test_rejects_are_written_as_csv(tmp_path):
    with RejectWriter(tmp_path / "rejects.csv") as writer:
        writer.write(
            [FileReject("a.csv", 3, "qty", "is below 0", "-1"), FileReject("a.csv", 4, "", 'say "no"', "x,\ny")]
        )
        writer.write([FileReject("b.csv", 1, "to", "is empty", "")])
    rows = read_back(tmp_path / "rejects.csv")
    assert rows == [
        ["file", "line", "field", "reason", "value"],
        ["a.csv", "3", "qty", "is below 0", "'-1"],
        ["a.csv", "4", "", 'say "no"', "x,\ny"],
        ["b.csv", "1", "to", "is empty", ""],
    ]
    assert writer.count == 3


def test_no_rejects_make_no_file(tmp_path):
    with RejectWriter(tmp_path / "rejects.csv") as writer:
        writer.write([])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_cell_that_a_spreadsheet_would_run_is_disarmed(tmp_path, start):
    with RejectWriter(tmp_path / "rejects.csv") as writer:
        writer.write([FileReject(f"{start}f", 1, f"{start}c", f"{start}r", f"{start}v")])
    rows = read_back(tmp_path / "rejects.csv")
    assert all(cell.startswith("'") for cell in rows[1] if cell != "1")
