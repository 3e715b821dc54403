"""Settings: defaults, then a TOML file, then the environment, then flags; later ones win.

The file is ``guanxi.toml`` in the current folder, or what ``GUANXI_CONFIG`` names; in the environment every name has
the prefix ``GUANXI_``.
"""

import os
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from guanxi.authenticity.sybils.seeds import MIN_SECRET_BYTES
from guanxi.engine.privacy import Privacy, public_relations
from guanxi.errors import ParameterError
from guanxi.schema import load_model
from guanxi.stores.neo4j.target import Neo4jTarget, is_neo4j

CONFIG_VARIABLE = "GUANXI_CONFIG"
DEFAULT_CONFIG = Path("guanxi.toml")
_SECRETS = ("api_key", "neo4j_password", "seed_secret")


class Settings(BaseSettings):
    """Everything that can be set."""

    model_config = SettingsConfigDict(env_prefix="GUANXI_", extra="forbid", frozen=True)

    store: Path = Field(Path("guanxi-store"), description="Folder of the store; a neo4j:// URI sets neo4j_uri instead")
    neo4j_uri: str | None = Field(
        None, description="Neo4j that holds the graph; the folder then is what goes before it"
    )
    neo4j_user: str = Field("neo4j", description="Who logs on to Neo4j")
    neo4j_password: SecretStr | None = Field(None, description="Password of that user")
    neo4j_password_file: Path | None = Field(None, description="File that holds neo4j_password")
    neo4j_migrate: bool = Field(default=False, description="Whether the API brings the schema in Neo4j up to date")
    host: str = Field("127.0.0.1", description="Address that the API listens on")
    port: Annotated[int, Field(ge=0, le=65535)] = Field(8000, description="Port that the API listens on")
    workers: Annotated[int, Field(ge=1, le=256)] = Field(1, description="Processes that serve the API")
    api_key: SecretStr | None = Field(None, description="A key with every scope, beside those that the store keeps")
    api_key_file: Path | None = Field(None, description="File that holds api_key, for secrets mounted as files")
    seed_secret: SecretStr | None = Field(
        None, description="Draws the labels of each week that the search for fake accounts starts from"
    )
    seed_secret_file: Path | None = Field(None, description="File that holds seed_secret")
    refresh_every: Annotated[float, Field(gt=0, le=31_536_000)] | None = Field(
        None, description="Seconds between looks for new events, which the API takes into a new run; never if unset"
    )
    past_runs: Annotated[int, Field(ge=1, le=10_000)] = Field(
        24, description="Runs as of past days that stay on disk; those that nobody asks for go first"
    )
    max_body_bytes: Annotated[int, Field(ge=1024)] = Field(10_000_000, description="Largest request body")
    public_relations: frozenset[str] = Field(
        default_factory=public_relations, description="Relation types whose actors reasons may name"
    )
    k_anonymity: Annotated[int, Field(ge=1)] = Field(5, description="Fewest people that a count of others stands for")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="What the logs tell of")
    log_json: bool = Field(default=True, description="Whether the API logs JSON lines")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags, then the environment, then the file."""
        del dotenv_settings, file_secret_settings
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, toml_file=config_file())

    @model_validator(mode="before")
    @classmethod
    def _store_by_uri(cls, values: Any) -> Any:  # noqa: ANN401 - whatever the sources gave
        """A store that is named by a URI lies in Neo4j; its folder is the default one, or what else was given."""
        store = values.get("store") if isinstance(values, dict) else None
        if isinstance(store, str) and is_neo4j(store):
            rest = {name: value for name, value in values.items() if name != "store"}
            return rest | {"neo4j_uri": store}
        return values

    @field_validator("public_relations")
    @classmethod
    def _known_relations(cls, names: frozenset[str]) -> frozenset[str]:
        known = load_model().relations
        for name in sorted(names - set(known)):
            raise ValueError(f"{name!r} is not one of {', '.join(known)}")
        return names

    @property
    def privacy(self) -> Privacy:
        """What answers may say about people."""
        return Privacy(self.public_relations, self.k_anonymity)

    def secret_key(self) -> str | None:
        """The API key from the settings, wherever it stands; None where there is none."""
        return _secret("api_key", self.api_key, self.api_key_file)

    def secret_of_seeds(self) -> bytes | None:
        """What draws the labels of each week, wherever it stands; None where there is none.

        Raises
        ------
        ParameterError
            If it has fewer than 16 bytes, or its file cannot be read.
        """
        text = _secret("seed_secret", self.seed_secret, self.seed_secret_file)
        if text is None:
            return None
        if len(text.encode()) < MIN_SECRET_BYTES:
            raise ParameterError(f"seed_secret has {len(text.encode())} bytes, not at least {MIN_SECRET_BYTES}")
        return text.encode()

    def neo4j(self) -> Neo4jTarget | None:
        """The Neo4j that holds the graph; None where the folder does.

        Raises
        ------
        ParameterError
            If the URI cannot be read, or the password's file.
        """
        if self.neo4j_uri is None:
            return None
        password = _secret("neo4j_password", self.neo4j_password, self.neo4j_password_file)
        return Neo4jTarget.parse(self.neo4j_uri, user=self.neo4j_user, password=password)


def _secret(name: str, value: SecretStr | None, file: Path | None) -> str | None:
    """A secret that stands in a setting or in a file."""
    if file is None:
        return value.get_secret_value() if value else None
    try:
        text = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as exc:
        why = exc.strerror if isinstance(exc, OSError) else "it is not UTF-8 text"
        raise ParameterError(f"{name}_file {file} cannot be read: {why}") from exc
    if not text:
        raise ParameterError(f"{name}_file {file} is empty")
    return text


def config_file() -> Path:
    """The settings file; it need not be there unless it was named."""
    named = os.environ.get(CONFIG_VARIABLE)
    if named and not Path(named).is_file():
        raise ParameterError(f"{CONFIG_VARIABLE} names {named}, which is no file")
    return Path(named) if named else DEFAULT_CONFIG


def load_settings(**flags: Any) -> Settings:
    """Read the settings; flags that are None are left to the other sources.

    Raises
    ------
    ParameterError
        If a setting is unknown or has a value that it cannot have.
    """
    try:
        return Settings(**{name: value for name, value in flags.items() if value is not None})
    except ValidationError as exc:
        raise ParameterError(_reason(exc)) from exc
    except SettingsError as exc:  # a list in the environment that is no JSON
        raise ParameterError(f"{exc}: {exc.__cause__}") from exc
    except ValueError as exc:  # the file is no TOML
        raise ParameterError(f"{config_file()}: {exc}") from exc


def _reason(exc: ValidationError) -> str:
    """What is wrong first, without showing a secret."""
    first = exc.errors()[0]
    name = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        return f"setting {name} is not one of {', '.join(Settings.model_fields)}"
    found = "" if name in _SECRETS else f", found {first['input']!r}"
    return f"setting {name}: {first['msg']}{found}"
