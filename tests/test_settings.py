"""Settings: flags over environment over file over defaults; nothing unknown, nothing out of range."""

import pytest

from guanxi.engine import Privacy
from guanxi.engine.privacy import public_relations
from guanxi.errors import ParameterError
from guanxi.settings import CONFIG_VARIABLE, DEFAULT_CONFIG, Settings, load_settings


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """An empty current folder and an environment without settings."""
    monkeypatch.chdir(tmp_path)
    for name in (CONFIG_VARIABLE, *(f"GUANXI_{field.upper()}" for field in Settings.model_fields)):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def write(folder, text, name=DEFAULT_CONFIG):
    (folder / name).write_text(text, encoding="utf-8")


def test_flags_win_over_environment_over_file_over_defaults(folder, monkeypatch):
    assert (load_settings().port, load_settings().host, load_settings().workers) == (8000, "127.0.0.1", 1)
    write(folder, 'port = 1\nhost = "file"\nworkers = 2')
    assert (load_settings().port, load_settings().host, load_settings().workers) == (1, "file", 2)
    monkeypatch.setenv("GUANXI_PORT", "3")
    monkeypatch.setenv("GUANXI_HOST", "environment")
    assert (load_settings().port, load_settings().host, load_settings().workers) == (3, "environment", 2)
    settings = load_settings(port=4)
    assert (settings.port, settings.host, settings.workers) == (4, "environment", 2)


def test_flag_that_was_not_given_leaves_the_other_sources_alone(folder):
    write(folder, "port = 1")
    assert load_settings(port=None).port == 1


def test_file_that_the_environment_names_is_read_instead(folder, monkeypatch):
    write(folder, "port = 1")
    write(folder, "port = 2", "other.toml")
    monkeypatch.setenv(CONFIG_VARIABLE, str(folder / "other.toml"))
    assert load_settings().port == 2


def test_named_file_that_is_missing_is_an_error(folder, monkeypatch):
    monkeypatch.setenv(CONFIG_VARIABLE, "nowhere.toml")
    with pytest.raises(ParameterError, match=r"GUANXI_CONFIG names nowhere.toml, which is no file"):
        load_settings()


# -- refused ----------------------------------------------------------------------------------------------------------


def test_unknown_key_is_refused_by_name_with_the_known_ones(folder):
    write(folder, "prot = 1")
    with pytest.raises(ParameterError, match=r"setting prot is not one of store, .*host, port, .*log_json"):
        load_settings()


def test_unknown_flag_is_refused():
    with pytest.raises(ParameterError, match="setting prot is not one of"):
        load_settings(prot=1)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("port", "eighty", r"setting port: .*valid integer.*, found 'eighty'"),
        ("port", "65536", r"setting port: .*less than or equal to 65535, found '65536'"),
        ("port", "-1", r"setting port: .*greater than or equal to 0, found '-1'"),
        ("workers", "0", r"setting workers: .*greater than or equal to 1, found '0'"),
        ("k_anonymity", "0", r"setting k_anonymity: .*greater than or equal to 1, found '0'"),
        ("max_body_bytes", "10", r"setting max_body_bytes: .*1024, found '10'"),
        ("log_level", "loud", r"setting log_level: .*'debug', 'info', 'warning' or 'error', found 'loud'"),
        ("log_json", "perhaps", r"setting log_json: .*boolean.*, found 'perhaps'"),
        ("public_relations", '["love"]', r"setting public_relations: .*'love' is not one of follow, share"),
        ("public_relations", "share", r"public_relations"),
    ],
)
def test_bad_value_is_refused_with_its_name_what_was_allowed_and_what_was_found(monkeypatch, name, value, message):
    monkeypatch.setenv(f"GUANXI_{name.upper()}", value)
    with pytest.raises(ParameterError, match=message) as refused:
        load_settings()
    assert "guanxi.toml" not in str(refused.value)


def test_secret_is_in_no_message(folder):
    write(folder, "api_key = 123456789")
    with pytest.raises(ParameterError, match="setting api_key") as refused:
        load_settings()
    assert "123456789" not in str(refused.value)


@pytest.mark.parametrize("text", ["port = ", b"\xff\xfe"])
def test_file_that_is_no_toml_is_refused_by_its_name(folder, text):
    (folder / DEFAULT_CONFIG).write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ParameterError, match=r"^guanxi.toml: "):
        load_settings()


# -- the key ----------------------------------------------------------------------------------------------------------


def test_no_key_is_none():
    assert load_settings().secret_key() is None


def test_key_from_the_environment_is_kept_out_of_print(monkeypatch):
    monkeypatch.setenv("GUANXI_API_KEY", "swordfish")
    settings = load_settings()
    assert settings.secret_key() == "swordfish"
    assert "swordfish" not in repr(settings)


def test_key_from_a_file_is_read_without_its_line_end(folder, monkeypatch):
    write(folder, "swordfish\n", "key")
    monkeypatch.setenv("GUANXI_API_KEY_FILE", str(folder / "key"))
    assert load_settings().secret_key() == "swordfish"


def test_key_file_wins_over_the_key(folder):
    write(folder, "from the file", "key")
    assert load_settings(api_key="plain", api_key_file=folder / "key").secret_key() == "from the file"


def test_key_file_that_cannot_be_read_is_an_error(folder):
    with pytest.raises(ParameterError, match=r"api_key_file .*nowhere cannot be read: No such file"):
        load_settings(api_key_file=folder / "nowhere").secret_key()
    (folder / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ParameterError, match=r"api_key_file .*binary cannot be read: "):
        load_settings(api_key_file=folder / "binary").secret_key()


def test_empty_key_file_is_an_error_and_not_an_open_door(folder):
    write(folder, "\n", "key")
    with pytest.raises(ParameterError, match=r"api_key_file .*key is empty"):
        load_settings(api_key_file=folder / "key").secret_key()


def test_secret_of_seeds_is_kept_out_of_print_and_must_be_long(folder, monkeypatch):
    assert load_settings().secret_of_seeds() is None
    monkeypatch.setenv("GUANXI_SEED_SECRET", "swordfish swordfish")
    assert load_settings().secret_of_seeds() == b"swordfish swordfish"
    assert "swordfish" not in repr(load_settings())
    write(folder, "from a file, long enough\n", "seeds")
    assert load_settings(seed_secret_file=folder / "seeds").secret_of_seeds() == b"from a file, long enough"
    with pytest.raises(ParameterError, match="seed_secret has 5 bytes, not at least 16"):
        load_settings(seed_secret="short").secret_of_seeds()


# -- privacy ----------------------------------------------------------------------------------------------------------


def test_privacy_is_that_of_the_model_unless_set(monkeypatch):
    assert load_settings().privacy == Privacy(public_relations(), 5)
    monkeypatch.setenv("GUANXI_PUBLIC_RELATIONS", '["share"]')
    monkeypatch.setenv("GUANXI_K_ANONYMITY", "20")
    assert load_settings().privacy == Privacy(frozenset({"share"}), 20)
    assert "purchase" not in public_relations()
