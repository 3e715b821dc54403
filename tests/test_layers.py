"""The floors: each imports only floors below it, none is left out, and the lower ones are pure."""

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "guanxi"
CONTRACT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"][0]
FLOORS = [layer.split(" | ") for layer in CONTRACT["layers"]]
# Files, locks and progress lines are the work of these two.
TOUCHES_THE_WORLD = {"loading", "stores"}
# igraph draws from Python's generator by default, and can only be given it back under its name.
HAS_TO = {"graph/communities.py": {"random"}}
PURE = [name for floor in FLOORS[FLOORS.index(["engine"]) + 1 :] for name in floor if name not in TOUCHES_THE_WORLD]


def modules() -> set[str]:
    files = {path.stem for path in SOURCE.glob("*.py")} - {"__init__"}
    return files | {path.parent.name for path in SOURCE.glob("*/__init__.py")}


def files_of(module: str) -> list[Path]:
    return [*SOURCE.glob(f"{module}.py"), *(SOURCE / module).rglob("*.py")]


def imported(path: Path) -> set[str]:
    """First word of every module that a file imports."""
    names: set[str] = set()
    for step in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(step, ast.Import):
            names |= {alias.name for alias in step.names}
        elif isinstance(step, ast.ImportFrom) and step.module:
            names.add(step.module)
    return {name.partition(".")[0] for name in names}


def test_every_import_points_downwards():
    linter = Path(sys.executable).with_name("lint-imports")
    run = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def test_contract_names_every_module():
    assert CONTRACT["exhaustive"]
    assert CONTRACT["containers"] == ["guanxi"]
    named = {name for floor in FLOORS for name in floor} | set(CONTRACT.get("exhaustive_ignores", []))
    assert modules() == named


@pytest.mark.parametrize("module", PURE)
def test_module_below_the_engine_knows_neither_clock_nor_chance_nor_log(module):
    found = {str(path.relative_to(SOURCE)): imported(path) for path in files_of(module)}
    impure = {"time", "random", "secrets", "logging", "structlog", "socket"}
    assert found
    known = {name: (words & impure) - HAS_TO.get(name, set()) for name, words in found.items()}
    assert {name: words for name, words in known.items() if words} == {}
