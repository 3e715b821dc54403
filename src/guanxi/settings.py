"""Settings: defaults, then a TOML file, then the environment, then flags; later ones win.

The file is ``guanxi.toml`` in the current folder, or what ``GUANXI_CONFIG`` names; in the environment every name has
the prefix ``GUANXI_``.
"""

import os
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from guanxi.engine.privacy import Privacy, public_relations
from guanxi.errors import ParameterError
from guanxi.schema import load_model

CONFIG_VARIABLE = "GUANXI_CONFIG"
DEFAULT_CONFIG = Path("guanxi.toml")


class Settings(BaseSettings):
    """Everything that can be set."""

    model_config = SettingsConfigDict(env_prefix="GUANXI_", extra="forbid", frozen=True)

    store: Path = Field(Path("guanxi-store"), description="Folder of the store")
    host: str = Field("127.0.0.1", description="Address that the API listens on")
    port: Annotated[int, Field(ge=0, le=65535)] = Field(8000, description="Port that the API listens on")
    workers: Annotated[int, Field(ge=1, le=256)] = Field(1, description="Processes that serve the API")
    api_key: SecretStr | None = Field(None, description="A key with every scope, beside those that the store keeps")
    api_key_file: Path | None = Field(None, description="File that holds api_key, for secrets mounted as files")
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
        if self.api_key_file is None:
            return self.api_key.get_secret_value() if self.api_key else None
        try:
            key = self.api_key_file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as exc:
            why = exc.strerror if isinstance(exc, OSError) else "it is not UTF-8 text"
            raise ParameterError(f"api_key_file {self.api_key_file} cannot be read: {why}") from exc
        if not key:
            raise ParameterError(f"api_key_file {self.api_key_file} is empty")
        return key


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
    found = "" if name == "api_key" else f", found {first['input']!r}"
    return f"setting {name}: {first['msg']}{found}"
