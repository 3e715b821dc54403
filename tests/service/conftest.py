"""A small graph, and the app over it in this process."""

from pathlib import Path

import pytest

from service.running import make_store, serving


@pytest.fixture(scope="session")
def example_home(tmp_path_factory) -> Path:
    """A store that tests only read."""
    home = tmp_path_factory.mktemp("example") / "store"
    make_store(home)
    return home


@pytest.fixture(scope="session")
def reading(example_home):
    """A client of an app over the store that tests only read."""
    with serving(example_home) as client:
        yield client


@pytest.fixture
def home(tmp_path):
    """A store of its own for a test."""
    make_store(tmp_path / "store")
    return tmp_path / "store"


@pytest.fixture
def client(home):
    """A client of an app over a store of its own."""
    with serving(home) as client:
        yield client
