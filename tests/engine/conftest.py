import pytest

from guanxi.engine import Engine
from strategies import NOW_US


@pytest.fixture
def engine(tmp_path):
    """An engine over a new store, with a clock that stands still."""
    opened = Engine(tmp_path / "store", create=True, now_us=lambda: NOW_US)
    yield opened
    opened.close()


def scored(opened, rows, strategy=None):
    outcomes = {outcome.outcome for outcome in opened.append(rows)}
    assert outcomes <= {"created", "duplicate"}
    opened.snapshot()
    opened.score(strategy)
    return opened.view()


@pytest.fixture(scope="session")
def answer():
    """Append rows to an engine, take a snapshot, compute a run and return the view of it."""
    return scored
