"""A small store, and the command line: in this process, where it is fast, and as a process of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from guanxi.cli import main
from guanxi.engine import Engine

EVENTS = """\
relation,source,target,time,value
follow,ann,bob,2025-01-01,
follow,ann,cai,2025-01-02,
follow,bob,cai,2025-01-03,
follow,dan,cai,2025-01-03,
follow,cai,ann,2025-01-03,
follow,-eve,ann,2025-01-03,
purchase,bob,tea,2025-02-01,2
purchase,cai,tea,2025-02-01,1
purchase,cai,cup,2025-02-02,1
share,bob,pot,2025-02-03,
share,ann,pot,2025-02-03,
"""
N_EVENTS, N_ACCOUNTS = 11, 5


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command said and how it ended."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """The one JSON document on standard output, read strictly."""
        return json.loads(self.out, parse_constant=_no_json)["data"]


def _no_json(constant: str) -> None:
    raise AssertionError(f"{constant} is no JSON")


Cli = Callable[..., Ran]


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An empty folder, and an environment that says nothing to Guanxi."""
    for name in [name for name in os.environ if name.startswith("GUANXI_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("OMP_WAIT_POLICY", "passive")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    """Run a command in this process."""

    def run(*args: object) -> Ran:
        monkeypatch.setattr(sys, "argv", ["guanxi", *map(str, args)])
        with pytest.raises(SystemExit) as exited:
            main()
        said = capsys.readouterr()
        return Ran(int(exited.value.code or 0), said.out, said.err)

    return run


def scored_store(cli: Cli, folder: Path) -> Path:
    """A store with a run of ``events.csv`` in a folder; made by the commands, once."""
    store = folder / "store"
    if not store.exists():
        for args in (("load", folder / "events.csv"), ("snapshot",), ("score",)):
            ran = cli(*args, "--store", store, "--quiet")
            assert ran.code == 0, ran.err
    return store


def command(*args: object) -> list[str]:
    """The command line of a process of its own."""
    return [sys.executable, "-c", "from guanxi.cli import main; main()", *map(str, args)]


@pytest.fixture
def process() -> Cli:
    """Run a command in a process of its own."""

    def run(*args: object, **env: str) -> Ran:
        done = subprocess.run(command(*args), capture_output=True, env=os.environ | env, timeout=60, check=False)
        return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())

    return run


@pytest.fixture
def events(tmp_path: Path) -> Path:
    """A file of events."""
    path = tmp_path / "events.csv"
    path.write_text(EVENTS)
    return path


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with those events and a run; tests only read it."""
    folder = tmp_path_factory.mktemp("cli")
    (folder / "events.csv").write_text(EVENTS)
    engine = Engine(folder / "store", create=True)
    engine.load([folder / "events.csv"])
    engine.snapshot()
    engine.score()
    engine.close()
    return folder / "store"
