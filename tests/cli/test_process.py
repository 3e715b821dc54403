"""The command line as a process: start-up, streams, signals."""

import contextlib
import os
import pty
import resource
import signal
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import Cli, command

SLOW_TO_IMPORT = {"numpy", "numba", "pyarrow", "scipy", "pydantic", "fastapi", "rich"}
N_ROWS = 400_000
"""More than the 8 MB that are read at once."""


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_help_comes_at_once() -> None:
    seconds = []
    for _ in range(3):
        before = _cpu_s()
        subprocess.run(command("--help"), check=True, stdout=subprocess.DEVNULL)
        seconds.append(_cpu_s() - before)
    assert statistics.median(seconds) < 0.5


def test_help_imports_nothing_that_is_slow() -> None:
    code = (
        "import sys\nfrom guanxi.cli import main\nsys.argv = ['guanxi', '--help']\n"
        "try:\n    main()\nexcept SystemExit:\n    print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Usage: guanxi" in done.stdout
    assert not SLOW_TO_IMPORT & set(done.stderr.split())


def test_load_into_a_folder_imports_neither_the_driver_of_neo4j_nor_scipys_functions(events: Path) -> None:
    code = (
        "import sys\nfrom guanxi.cli import main\n"
        f"sys.argv = ['guanxi', 'load', {str(events)!r}, '--store', 'light']\n"
        "try:\n    main()\nexcept SystemExit:\n    print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Loaded" in done.stdout
    assert not {"neo4j", "scipy.special", "scipy.sparse"} & set(done.stderr.split())


def test_wrong_usage_is_told_on_standard_error(process: Cli) -> None:
    ran = process("load")
    assert (ran.code, ran.out) == (2, "")
    assert "Missing argument" in ran.err


def test_json_is_ascii_where_the_terminal_is(process: Cli, store: Path) -> None:
    ran = process("recommend", "安", "--store", store, "--json", PYTHONIOENCODING="ascii")
    assert ran.out.isascii()
    assert ran.data["account"] == "安"


@pytest.mark.parametrize("args", [("trust",), ("trust", "--json")], ids="-".join)
def test_reader_that_leaves_is_no_error(store: Path, args: tuple[str, ...]) -> None:
    with subprocess.Popen(
        command(*args, "--store", store), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        running.stdout.close()
        assert running.stderr.read() == ""
        assert running.wait(timeout=60) == 0


def test_interrupted_load_keeps_nothing(cli: Cli, events: Path) -> None:
    cli("load", events)
    before = cli("doctor", "--json").data
    os.mkfifo("many.csv")  # the load waits for what we do not write, so that it is surely interrupted within the file
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    load = subprocess.Popen(command("load", "many.csv"), start_new_session=True, **streams)
    with load as running, Path("many.csv").open("w") as file:
        file.write("relation,source,target\n")
        file.writelines(f"follow,account-{i},account-{i % 1000}\n" for i in range(N_ROWS))
        file.flush()
        os.killpg(running.pid, signal.SIGINT)
        out, err = running.communicate(timeout=60)
    assert (running.returncode, out) == (130, "")
    assert err == "guanxi: interrupted; what was not finished was not kept\n"
    assert _of(cli("doctor", "--json").data, "store") == _of(before, "store")


def test_ctrl_c_that_falls_into_the_end_of_an_object_is_not_lost() -> None:
    code = """
import os, signal, time
import guanxi.cli as cli

class Ends:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.1)

def run():
    Ends()
    time.sleep(50)

cli._run = run
cli.main()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=40, check=False)
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr == "guanxi: interrupted; what was not finished was not kept\n"


def _of(found: list[dict[str, str]], check: str) -> list[str]:
    return [finding["detail"] for finding in found if finding["check"] == check]


def test_progress_is_shown_on_a_terminal(events: Path) -> None:
    ours, theirs = pty.openpty()
    env = os.environ | {"TERM": "xterm", "COLUMNS": "100"}
    with subprocess.Popen(command("load", events), stdout=subprocess.PIPE, stderr=theirs, env=env, text=True) as load:
        os.close(theirs)
        shown = _all_of(ours)
        assert load.stdout.read().startswith("Loaded")
        assert load.wait(timeout=60) == 0
    assert "Loading" in shown
    assert "Next: guanxi snapshot" in shown


def _all_of(terminal: int) -> str:
    """What is written to a terminal until its last writer has ended."""
    shown = b""
    with os.fdopen(terminal, "rb", buffering=0) as stream, contextlib.suppress(OSError):
        while part := stream.read(1 << 12):
            shown += part
    return shown.decode()
