import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest

import answers
from guanxi import compiled

PATHS = os.pathsep.join(sys.path)
TRUST = "import answers\nprint(answers.of_trust().tobytes().hex())\n"
RUN = "print(answers.of_a_run().tobytes().hex())\n"
WITHOUT_NUMBA = 'import sys\nsys.modules["numba"] = None\n'
ONE_KERNEL = """
import shutil, sys, warnings
from pathlib import Path
from guanxi.compiled import njit

@njit()
def double(x):
    return 2 * x

if "full" in sys.argv:
    shutil.rmtree("kept")
    Path("kept").write_text("no folder")
print(double(21), double(0.5))
"""


def run(program, *arguments, **environment):
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program), *arguments],
        env=os.environ | {"PYTHONPATH": PATHS, "NUMBA_DISABLE_JIT": "0"} | environment,
        capture_output=True,
        text=True,
        check=True,
    )


def numbers(done):
    return [np.frombuffer(bytes.fromhex(line)) for line in done.stdout.splitlines()]


def run_kernel(folder, *arguments, cache):
    (folder / "one_kernel.py").write_text(ONE_KERNEL)
    environment = {
        "PYTHONPATH": PATHS,
        "NUMBA_CACHE_DIR": str(cache),
        "NUMBA_CACHE_LOCATOR_CLASSES": "UserProvidedCacheLocator",
    }
    return subprocess.run(
        [sys.executable, "one_kernel.py", *arguments],
        env=os.environ | environment,
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )


def test_without_numba_answers_are_the_same_and_one_warning_says_so():
    done = run(WITHOUT_NUMBA + TRUST + RUN)
    trust, scores = numbers(done)
    assert trust == pytest.approx(answers.of_trust(), abs=1e-12)
    assert scores == pytest.approx(answers.of_a_run(), abs=1e-10)
    assert done.stderr.count("numba cannot compile here (ModuleNotFoundError") == 1
    assert "kernels run as plain Python" in done.stderr


def test_with_compilation_switched_off_answers_are_the_same_and_nothing_is_said():
    done = run(TRUST, NUMBA_DISABLE_JIT="1")
    assert numbers(done)[0] == pytest.approx(answers.of_trust(), abs=1e-12)
    assert done.stderr == ""


def test_kernel_is_kept_on_disk(tmp_path):
    done = run_kernel(tmp_path, cache=tmp_path / "kept")
    assert (done.stdout, done.stderr) == ("42 1.0\n", "")
    assert len(list((tmp_path / "kept").rglob("*.nbc"))) == 2


def test_cache_that_cannot_be_written_is_said_once_and_the_kernel_compiles(tmp_path):
    (tmp_path / "file").touch()
    done = run_kernel(tmp_path, cache=tmp_path / "file" / "kept")
    assert done.stdout == "42 1.0\n"
    assert done.stderr.count("compiled kernels cannot be kept on disk") == 1
    assert "Set NUMBA_CACHE_DIR" in done.stderr


def test_cache_that_fails_later_is_said_once_and_the_kernel_still_answers(tmp_path):
    done = run_kernel(tmp_path, "full", cache=tmp_path / "kept")
    assert done.stdout == "42 1.0\n"
    assert done.stderr.count("compiled kernels cannot be kept on disk") == 1


def test_memory_that_may_not_be_executed_leaves_the_twin(monkeypatch):
    def refused():
        raise OSError("mmap: operation not permitted")

    monkeypatch.setattr(compiled, "_try_out", refused)
    compiled.compiler.cache_clear()
    try:
        with pytest.warns(compiled.CompilationWarning, match="mmap: operation not permitted"):
            declared = compiled.njit(twin=lambda x: x + x)(lambda x: 2 * x)
        assert compiled.get_num_threads() == 1
    finally:
        compiled.compiler.cache_clear()
    assert declared(21) == 42
    assert not hasattr(declared, "signatures")


def test_plain_numbers_wrap_around_as_compiled_ones_do(monkeypatch):
    monkeypatch.setattr(compiled, "compiler", lambda: None)
    triple = compiled.njit(cache=False)(lambda x: x * np.uint64(3))
    assert triple(np.uint64(2**63)) == 2**63 * 3 % 2**64


def test_help_does_not_import_numba():
    done = run(
        """
        import sys
        from guanxi.cli import main
        sys.argv = ["guanxi", "--help"]
        try:
            main()
        except SystemExit as exc:
            print(exc.code, "numba" in sys.modules, "scipy" in sys.modules)
        """
    )
    assert done.stdout.endswith("0 False False\n")
