"""The documentation is complete, and its examples run."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.main

from guanxi.cli import main
from guanxi.cli.app import app

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CLI = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")


def _commands(group, name: str = "guanxi") -> Iterator[tuple[str, object]]:
    """Every command that does something, by its full name."""
    for word, found in group.commands.items():
        if hasattr(found, "commands"):
            yield from _commands(found, f"{name} {word}")
        else:
            yield f"{name} {word}", found


PROGRAM = typer.main.get_command(app)
COMMANDS = dict(_commands(PROGRAM))


def _section(command: str) -> str:
    """What docs/cli.md says under the heading of a command."""
    found = re.search(rf"^## {command}\n(.*?)(?=^## |\Z)", CLI, flags=re.MULTILINE | re.DOTALL)
    assert found, f"docs/cli.md has no section '## {command}'"
    return found[1]


def _flags(command) -> set[str]:
    options = [param for param in command.params if param.param_type_name == "option"]
    return {flag for option in options for flag in (*option.opts, *option.secondary_opts)}


@pytest.mark.parametrize("name", COMMANDS)
def test_command_has_every_option_in_the_docs_and_no_other(name: str) -> None:
    rows = re.findall(r"^\| (`-.*?) \|", _section(name), flags=re.MULTILINE)
    documented = set(re.findall(r"`(--?[a-z][a-z-]*)", " ".join(rows)))
    assert documented == _flags(COMMANDS[name])


@pytest.mark.parametrize("name", COMMANDS)
def test_command_and_its_options_have_help(name: str) -> None:
    command = COMMANDS[name]
    assert command.help
    assert all(param.help for param in command.params)


def test_options_of_the_program_are_in_the_docs() -> None:
    assert all(f"--{param.opts[0].lstrip('-')}`" in CLI for param in PROGRAM.params)


def test_docs_name_no_command_that_is_not_there() -> None:
    assert set(re.findall(r"^## (guanxi .*)$", CLI, flags=re.MULTILINE)) == set(COMMANDS)


def test_exit_codes_in_the_docs_are_those_of_the_program() -> None:
    from guanxi import cli

    codes = {value for name, value in vars(cli).items() if name.startswith("EXIT_")}
    assert {int(code) for code in re.findall(r"^\| (\d+) \|", CLI, flags=re.MULTILINE)} == codes | {0}


def test_readme_lists_every_command_and_no_other() -> None:
    table = README.partition("| command | what it does |")[2].partition("\n\n")[0]
    assert set(re.findall(r"^\| `guanxi ([a-z]+)` \|", table, flags=re.MULTILINE)) == set(PROGRAM.commands)


def _blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)


@pytest.fixture
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("GUANXI_")]:
        monkeypatch.delenv(name)


@pytest.mark.usefixtures("_elsewhere")
def test_python_examples_of_the_readme_run() -> None:
    blocks = _blocks("python")
    assert blocks
    namespace: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, "README.md", "exec"), namespace)  # noqa: S102 - our own file


@pytest.mark.usefixtures("_elsewhere")
def test_shell_examples_of_the_readme_run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    lines = [line for block in _blocks("sh") for line in block.splitlines()]
    assert any(line.startswith("guanxi ") for line in lines)
    for line in lines:
        if line.startswith("printf "):  # makes a file for the commands that follow
            subprocess.run(["sh", "-c", line], check=True)
        if line.startswith("guanxi "):
            monkeypatch.setattr(sys, "argv", shlex.split(line, comments=True))
            with pytest.raises(SystemExit) as exited:
                main()
            assert not exited.value.code, f"{line}\n{capsys.readouterr().err}"
