"""The wheel: it carries the model of the graph and works far from the checkout."""

import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


@pytest.fixture(scope="module")
def uv() -> str:
    found = shutil.which("uv", path=os.pathsep.join([str(ROOT / ".uv" / "bin"), os.environ.get("PATH", "")]))
    if found is None:
        pytest.skip("uv is neither in .uv (tools/bootstrap.sh uv) nor on the PATH")
    return found


@pytest.fixture(scope="module")
def unpacked(uv: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Content of the wheel that the checkout builds."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [uv, "build", "--quiet", "--wheel", "--python", sys.executable, "--out-dir", folder, ROOT]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "content")
    return folder / "content"


def test_wheel_carries_the_whole_schema_folder(unpacked):
    inside, outside = unpacked / "guanxi" / "graph_schema", ROOT / "graph_schema"
    shipped = {str(path.relative_to(inside)): path.read_bytes() for path in inside.rglob("*") if path.is_file()}
    written = {str(path.relative_to(outside)): path.read_bytes() for path in outside.rglob("*") if path.is_file()}
    assert "model.toml" in shipped
    assert shipped == written


def test_wheel_carries_every_module_and_the_licence(unpacked):
    source = ROOT / "src"
    written = {str(path.relative_to(source)) for path in source.rglob("*.py")}
    shipped = {str(path.relative_to(unpacked)) for path in unpacked.rglob("*.py")}
    assert shipped == written
    strategies = {path.name for path in (source / "guanxi" / "engine" / "strategies").glob("*.toml")}
    assert {path.name for path in (unpacked / "guanxi" / "engine" / "strategies").glob("*.toml")} == strategies != set()
    assert (unpacked / f"guanxi-{PROJECT['version']}.dist-info" / "licenses" / "LICENSE").is_file()


def test_model_loads_from_the_wheel_in_a_foreign_folder(unpacked, tmp_path):
    code = "import guanxi.schema as s; print(s.schema_folder()); print(*s.load_model().relations)"
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(unpacked)},
        capture_output=True,
        text=True,
        check=True,
    )
    folder, relations = run.stdout.splitlines()
    assert Path(folder) == unpacked / "guanxi" / "graph_schema"
    assert "follow" in relations.split()


def test_sources_of_the_build_exist():
    named = [PROJECT["readme"], *PROJECT["license-files"]]
    assert [name for name in named if not (ROOT / name).is_file()] == []
