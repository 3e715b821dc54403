"""The exception tree: what the module's docstring draws is what the classes are."""

import inspect
import re

import pytest

from guanxi import errors

CLASSES = {name: item for name, item in vars(errors).items() if inspect.isclass(item)}


def drawn_tree() -> dict[str, str | None]:
    """Parent of every class in the docstring's picture, by how far the name is indented."""
    parents: dict[str, str | None] = {}
    path: list[tuple[int, str]] = []
    for line in (errors.__doc__ or "").splitlines():
        if found := re.match(r"[\s│├└─]*(\w+Error)\b", line):
            column = found.start(1)
            path = [step for step in path if step[0] < column]
            parents[found[1]] = path[-1][1] if path else None
            path.append((column, found[1]))
    return parents


def test_docstring_draws_every_error_under_its_base():
    real = {name: item.__bases__[0].__name__ for name, item in CLASSES.items()}
    assert drawn_tree() == real | {"GuanxiError": None}


@pytest.mark.parametrize("name", CLASSES)
def test_every_error_is_caught_by_the_base(name):
    assert issubclass(CLASSES[name], errors.GuanxiError)


@pytest.mark.parametrize(
    ("name", "builtin"),
    [("ParameterError", ValueError), ("DataError", ValueError), ("UnknownIdError", LookupError)],
)
def test_wrong_input_is_also_caught_by_the_builtin_error(name, builtin):
    assert issubclass(CLASSES[name], builtin)


@pytest.mark.parametrize("name", CLASSES)
def test_message_is_kept_as_written(name):
    assert str(CLASSES[name]("restart is 2, not in (0, 1]")) == "restart is 2, not in (0, 1]"
