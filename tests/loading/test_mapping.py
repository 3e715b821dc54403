import pytest

from guanxi.errors import FileFormatError, ParameterError
from guanxi.loading import FileMapping, parse_pairs, read_mapping_file
from guanxi.loading.mapping import ALIASES, lay_out


@pytest.mark.parametrize(("field", "alias"), [(field, alias) for field, names in ALIASES.items() for alias in names])
def test_alias_is_understood(field, alias):
    others = [name for name in ("relation", "source", "target") if name != field]
    assert lay_out("f", FileMapping(), [*others, alias.upper()]).columns[field] == alias.upper()


def test_own_name_goes_before_aliases():
    layout = lay_out("f", FileMapping(), ["Relation", "type", "source", "user", "target"])
    assert layout.columns == {"relation": "Relation", "source": "source", "target": "target"}


def test_two_aliases_are_refused_with_the_way_out():
    with pytest.raises(FileFormatError, match="time could be any of the columns timestamp, date; choose with --column"):
        lay_out("f", FileMapping(), ["relation", "source", "target", "timestamp", "date"])


def test_column_that_is_named_for_one_field_is_not_guessed_for_another():
    mapping = FileMapping(columns={"via": "user"})
    with pytest.raises(FileFormatError, match="no column for source; columns found: relation, user, target"):
        lay_out("f", mapping, ["relation", "user", "target"])


def test_named_column_that_is_missing_is_refused_with_those_found():
    with pytest.raises(FileFormatError, match="no column 'truster' for source; columns found: a, b"):
        lay_out("f", FileMapping(columns={"source": "truster"}), ["a", "b"])
    with pytest.raises(FileFormatError, match="no column 'city' for properties"):
        lay_out("f", FileMapping(properties=("city",)), ["relation", "source", "target"])


def test_constant_goes_before_a_column_of_that_name(load_text):
    loaded = load_text("type,from,to\nfollow,ann,bob\n", mapping=FileMapping(constants={"relation": "trust"}))
    assert loaded.rows[0]["relation"] == "trust"


def test_constant_value_is_checked_like_any_other(load_text):
    mapping = FileMapping(constants={"relation": "trust", "value": "11"})
    loaded = load_text("from,to\nann,bob\n", mapping=mapping)
    assert loaded.reasons == [(2, "value", "(level) is above 10")]


def test_symmetric_row_makes_two_events(load_text):
    mapping = FileMapping(constants={"relation": "follow"}, symmetric=True)
    loaded = load_text("id,from,to\n1,ann,bob\n2,ann,ann\n3,,cat\n4,cat,dan\n", mapping=mapping)
    assert loaded.pairs == [("ann", "bob"), ("bob", "ann"), ("cat", "dan"), ("dan", "cat")]
    assert loaded.lines == [2, 2, 5, 5]
    assert [row["id"] for row in loaded.rows] == [None] * 4
    assert loaded.reasons == [(3, "to", "is the account itself, which cannot follow itself"), (4, "from", "is empty")]


def test_columns_kept_together_become_properties(load_text):
    mapping = FileMapping(properties=("city", "note"))
    content = "type,from,to,city,note\nfollow,a,b,京,\nfollow,a,c,,\n".encode() + b"follow,a,d,\xff,\n"
    loaded = load_text(content, mapping=mapping)
    assert [row["properties"] for row in loaded.rows] == ['{"city":"京"}', None]
    assert [(reject.line, reject.field) for reject in loaded.rejects] == [(4, "properties")]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"columns": {"sauce": "x"}}, "field 'sauce' is not one of id, relation, source"),
        ({"columns": {"source": "x"}, "constants": {"source": "y"}}, "source is given as a column and as a constant"),
        ({"columns": {"properties": "x"}, "properties": ("y",)}, "as a list of columns and as a field"),
        ({"delimiter": ",,"}, "delimiter is ',,', not one character"),
        ({"delimiter": '"'}, "not one character"),
        ({"delimiter": "；"}, "not an ASCII character"),
        ({"encoding": "klingon"}, "encoding 'klingon' is not known"),
        ({"encoding": "base64"}, "encoding 'base64' is not known"),
        ({"symmetric": True, "columns": {"id": "x"}}, "cannot share one id"),
    ],
)
def test_impossible_mapping_is_refused(options, message):
    with pytest.raises(ParameterError, match=message):
        FileMapping(**options)


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        (["source"], "--column 'source' is not of the form FIELD=VALUE"),
        (["source="], "is not of the form"),
        (["sauce=x"], "field 'sauce' is not one of id"),
        (["source=x", "source=y"], "names source twice: 'x' and 'y'"),
    ],
)
def test_bad_pair_is_refused(pairs, message):
    with pytest.raises(ParameterError, match=message):
        parse_pairs("--column", pairs)


def test_pair_may_hold_further_equal_signs():
    assert parse_pairs("--column", ["source=a=b"]) == {"source": "a=b"}


def test_mapping_file_is_read(tmp_path):
    path = tmp_path / "mapping.toml"
    path.write_text(
        """
        [[file]]
        match = "friends*.csv"
        columns = { source = "userID", target = "friendID" }
        set = { relation = "follow", value = 1 }
        symmetric = true
        time_format = "%Y"
        encoding = "gb18030"
        delimiter = ";"
        properties = ["city"]
        [[file]]
        """
    )
    first, second = read_mapping_file(path)
    assert first == FileMapping(
        match="friends*.csv",
        columns={"source": "userID", "target": "friendID"},
        constants={"relation": "follow", "value": "1"},
        properties=("city",),
        time_format="%Y",
        encoding="gb18030",
        delimiter=";",
        symmetric=True,
    )
    assert second == FileMapping()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"has no \[\[file\]\] table"),
        ("x = ", "is not a TOML file"),
        ("[[files]]", "key 'files' is not one of file, mapping"),
        ("file = 3", "file is 3, not a"),
        ("[[file]]\ncolums = {}", "1: key 'colums' is not one of match, columns, set, properties"),
        ("[[file]]\ncolumns = {sauce = 'x'}", "1: field 'sauce' is not one of"),
        ("[[file]]\ncolumns = 'x'", "columns is 'x', not a table"),
        ("[[file]]\nset = {value = true}", "set.value is True, not text or a number"),
        ("[[file]]\nsymmetric = 'yes'", "symmetric is 'yes', not true or false"),
        ("[[file]]\nmatch = 3", "match is 3, not text"),
        ("[[file]]\nproperties = 'x'", "properties is 'x', not a list of column names"),
        ("[[file]]\nproperties = [3]", "properties is 3, not text"),
    ],
)
def test_bad_mapping_file_is_refused(tmp_path, text, message):
    path = tmp_path / "mapping.toml"
    path.write_text(text)
    with pytest.raises(FileFormatError, match=message):
        read_mapping_file(path)


def test_missing_mapping_file_is_refused(tmp_path):
    with pytest.raises(FileFormatError, match="No such file"):
        read_mapping_file(tmp_path / "gone.toml")
