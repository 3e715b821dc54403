"""Everyone's trust as Parquet: what is written, and what an interruption leaves."""

import json

import pyarrow.parquet as pq
import pytest

from guanxi.engine import everyone
from guanxi.engine.everyone import write_everyone
from guanxi.errors import ParameterError
from strategies import row

ROWS = [row("follow", f"a{i}", f"a{(i * k) % 17}") for i in range(17) for k in (2, 3, 5) if i != (i * k) % 17]


@pytest.fixture
def run(engine, answer, monkeypatch):
    monkeypatch.setattr(everyone, "_PER_PART", 4)
    return answer(engine, ROWS).run


def test_rows_are_the_top_accounts_of_every_viewer_with_their_ids(run, tmp_path):
    said = []
    report = write_everyone(run, tmp_path / "out", size=3, progress=lambda done, of: said.append((done, of)))
    found = {}
    for line in pq.read_table(tmp_path / "out").to_pylist():
        found.setdefault(line["viewer"], []).append((line["rank"], line["account"], line["trust"]))
    ids = run.snapshot.accounts.values.to_pylist()
    for index, id_ in enumerate(ids):
        top = run.push.top(index, size=3)
        expected = [(rank, ids[a]) for rank, a in enumerate(top.accounts.tolist(), start=1)]
        assert [(rank, account) for rank, account, _ in sorted(found.get(id_, []))] == expected
        assert [trust for *_, trust in sorted(found.get(id_, []))] == pytest.approx(top.scores.tolist())
    assert (report.n_viewers, report.n_viewers_before, report.run) == (len(ids), 0, run.id)
    assert said[0] == (0, len(ids))
    assert said[-1] == (len(ids), len(ids))


def test_interrupted_work_goes_on_and_ends_with_the_same_rows(run, tmp_path):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    write_everyone(run, whole, size=3)
    write_everyone(run, broken, size=3)
    (broken / "part-000001.parquet").unlink()
    (broken / "_part-000001.parquet.draft").write_bytes(b"half a file")
    report = write_everyone(run, broken, size=3)
    assert report.n_viewers_before == report.n_viewers - 4
    assert pq.read_table(broken).equals(pq.read_table(whole))


def test_threads_change_no_row(run, tmp_path):
    for n_threads in (1, 3):
        write_everyone(run, tmp_path / str(n_threads), size=5, n_threads=n_threads)
    assert pq.read_table(tmp_path / "1").equals(pq.read_table(tmp_path / "3"))


def test_failure_stops_the_work_and_keeps_what_is_complete(run, tmp_path):
    def stop(done, _):
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_everyone(run, tmp_path / "out", size=3, n_threads=1, progress=stop)
    kept = len(list((tmp_path / "out").glob("part-*")))
    assert kept >= 1
    assert write_everyone(run, tmp_path / "out", size=3).n_viewers_before == min(4 * kept, run.snapshot.n_accounts)


def test_folder_of_another_run_size_or_kind_is_refused(run, tmp_path):
    write_everyone(run, tmp_path / "out", size=3)
    with pytest.raises(ParameterError, match="begun for another run or size"):
        write_everyone(run, tmp_path / "out", size=4)
    (tmp_path / "out" / everyone.MANIFEST).write_text(json.dumps({"run": "other"}))
    with pytest.raises(ParameterError, match="begun for another run or size"):
        write_everyone(run, tmp_path / "out", size=3)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letters.txt").write_text("dear")
    with pytest.raises(ParameterError, match="neither empty nor begun by this command"):
        write_everyone(run, tmp_path / "mine")


@pytest.mark.parametrize("size", [0, 1001])
def test_size_out_of_range_is_refused(run, tmp_path, size):
    with pytest.raises(ParameterError, match=f"size is {size}, not in 1..1000"):
        write_everyone(run, tmp_path / "out", size=size)
