"""The demo, once, on the real data set; and what it refuses to do."""

import importlib.util
import re
import subprocess
from pathlib import Path

import pytest

from .conftest import Cli, Ran, command

needs_data = pytest.mark.skipif(
    importlib.util.find_spec("graphdatascience") is None,
    reason="the wheel graphdatascience, which the demo's data lies in, is not installed",
)


@pytest.fixture(scope="module")
def toured(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """What the demo shows, without the server."""
    folder = tmp_path_factory.mktemp("demo")
    done = subprocess.run(
        command("demo", "--no-serve"), capture_output=True, text=True, cwd=folder, timeout=120, check=False
    )
    return Ran(done.returncode, done.stdout, done.stderr)


@needs_data
def test_demo_runs_to_its_end_without_a_traceback(toured: Ran) -> None:
    assert toured.code == 0
    assert "Traceback" not in toured.out + toured.err
    assert "Next: guanxi recommend" in toured.err


@needs_data
def test_demo_shows_every_part(toured: Ran) -> None:
    parts = ("Loaded", "Snapshot ", "Run ", "Most trusted of 1,892", "Dossier on", "A simulation", "bought-000")
    places = [toured.out.index(part) for part in (*parts, "Ten recommendations for", "the terms of its score")]
    assert places == sorted(places)
    assert re.search(r"│ records +│ 304,747 │", toured.out)


@needs_data
def test_demo_recommends_ten_items(toured: Ran) -> None:
    listed = toured.out.partition("Ten recommendations for")[2].partition("the terms of its score")[0]
    assert re.findall(r"│ (\d+) +│ \d+ +│ [\d.e-]+ │", listed.replace("  ", " ")) == [str(n) for n in range(1, 11)]


@needs_data
def test_demo_terms_add_up_to_the_score(toured: Ran) -> None:
    table = toured.out.partition("the terms of its score")[2]
    rows = re.findall(r"│ +(?:\S.*?)? +│ (.+?) +│ +([-\d.e]+) │", table)
    amounts = [float(amount) for term, amount in rows if term != "sum"]
    (total,) = [float(amount) for term, amount in rows if term == "sum"]
    assert len(amounts) > 2
    assert sum(amounts) == pytest.approx(total, rel=1e-5)  # six digits are shown


@needs_data
def test_demo_simulation_finds_the_bought_followers(toured: Ran) -> None:
    simulated = toured.out.partition("A simulation")[2]
    assert float(re.search(r"factor on trust +│ ([\d.]+)", simulated)[1]) < 1  # type: ignore[index]
    assert "follows within block: examples" in simulated


@needs_data
def test_demo_leaves_a_folder_alone_that_it_did_not_make(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    ran = cli("demo", "--no-serve", "--store", "mine")
    assert (ran.code, ran.out) == (2, "")
    assert "mine is not empty and was not made by the demo" in ran.err
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["letter.txt"]
