"""What docs/loading.md says is so."""

import re
from pathlib import Path

import pytest

from guanxi.events import FIELDS
from guanxi.loading import FileMapping, read_mapping_file
from guanxi.loading.files import FORMATS
from guanxi.loading.mapping import ALIASES

PAGE = (Path(__file__).parents[2] / "docs" / "loading.md").read_text(encoding="utf-8")


def table(first_header):
    """Rows of the table whose first column has this header, as the code words in each cell."""
    text = PAGE[PAGE.index(f"\n| {first_header} |") :].strip().split("\n\n")[0]
    cells = [line.strip("|").split(" | ") for line in text.splitlines()[2:]]
    return [[re.findall(r"`([^`]+)`", cell) for cell in row] for row in cells]


def test_mapping_file_on_the_page_is_read(tmp_path):
    path = tmp_path / "mapping.toml"
    path.write_text(PAGE.split("```toml\n")[1].split("```")[0], encoding="utf-8")
    friends, orders = read_mapping_file(path)
    assert friends.symmetric
    assert orders.properties == ("city", "channel")


def test_every_alias_is_on_the_page():
    listed = PAGE[PAGE.index("| field | also understood |") :].split("\n\n")[0]
    rows = [re.findall(r"`([^`]+)`", line) for line in listed.splitlines()[2:]]
    assert {row[0]: tuple(row[1:]) for row in rows} == dict(ALIASES)


def test_every_field_is_on_the_page():
    assert {row[0][0] for row in table("field")} == set(FIELDS)


def test_every_extension_is_on_the_page():
    assert {word for row in table("extension") for word in row[0]} == set(FORMATS)


@pytest.mark.parametrize("option", [name for name in FileMapping.__dataclass_fields__ if name != "constants"])
def test_every_option_of_a_mapping_is_on_the_page(option):
    assert option in {word for row in table("key") for word in row[0]}
