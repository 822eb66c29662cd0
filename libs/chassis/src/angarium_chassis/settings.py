"""Configuration from environment variables `ANGARIUM_…`, one class for each service.

A setting is read from `ANGARIUM_<NAME>`, or from the file whose path is in
`ANGARIUM_<NAME>_FILE`. Every field has a description: `angarium settings` prints them.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Final, Literal, Self, override

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from .contradictions import contradictions
from .known_settings import ENV_PREFIX, unknown_settings
from .log_levels import parse_levels

__all__ = ["ENV_PREFIX", "ServiceSettings", "SettingsRefused"]


class SettingsRefused(Exception):
    """A setting is missing or wrong. The text names it and says what to change."""


def _from_file(variable: str) -> str | None:
    """Read the file whose path an environment variable contains."""
    path = os.environ.get(variable)
    if path is None:
        return None
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise SettingsRefused(f"{variable} cannot be read: {error}") from error


def _refuse_another_value(variable: str, value: str) -> None:
    """Refuse a setting that the environment and a file give differently."""
    if os.environ.get(variable, value).strip() != value:
        raise SettingsRefused(
            f"{variable} and {variable}_FILE give different values; unset one of them"
        )


class _FromFiles(PydanticBaseSettingsSource):
    """Reads `ANGARIUM_<NAME>_FILE`."""

    @override
    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:
        return _from_file(f"{ENV_PREFIX}{field_name.upper()}_FILE"), field_name, False

    @override
    def __call__(self) -> dict[str, Any]:
        values = {}
        for name, field in self.settings_cls.model_fields.items():
            value, _, _ = self.get_field_value(field, name)
            if value is not None:
                _refuse_another_value(f"{ENV_PREFIX}{name.upper()}", value)
                values[name] = value
        return values


class ServiceSettings(BaseSettings):
    """Settings that every service has."""

    model_config = SettingsConfigDict(env_prefix=ENV_PREFIX, extra="ignore", frozen=True)

    needs: ClassVar[Mapping[str, str]] = {}
    at_most: ClassVar[Mapping[str, str]] = {}

    database_url: SecretStr = Field(
        description="The service's own database: postgresql+asyncpg://… or sqlite+aiosqlite:///…"
        " The variable with the service's name, such as ANGARIUM_GATEWAY_DATABASE_URL, wins."
        " A postgresql URL takes libpq's parameters for TLS, such as ?sslmode=verify-full, and"
        " pooler=transaction for PgBouncer."
    )
    redis_url: SecretStr = Field(
        default=SecretStr("redis://127.0.0.1:6379/0"),
        description="Redis (7 or newer) or Valkey, the same for all services. rediss:// connects"
        " with TLS, and takes ssl_ca_certs, ssl_certfile, ssl_keyfile and ssl_password."
        " redis+cluster://host:6379,host:6379 is a cluster, and"
        " redis+sentinel://host:26379,host:26379/name a service of Sentinel;"
        " rediss+cluster:// and rediss+sentinel:// connect with TLS.",
    )
    encryption_key: SecretStr = Field(
        description="Base64 of 32 random bytes that encrypt secrets, the same for all services."
        " A database that was used with another key is refused.",
    )
    encryption_key_fallbacks: SecretStr = Field(
        default=SecretStr(""),
        description="Further keys, separated by commas, that decrypt and do not encrypt, the same"
        " for all services: the next key before a rotation, and the former one after it.",
    )
    internal_host: str = Field(
        default="127.0.0.1",
        description="Address of the internal port: /live, /ready, /metrics, /version, /profile.",
    )
    internal_port: int = Field(
        default=9090, ge=0, le=65535, description="The internal port; 0 turns it off."
    )
    internal_connections_max: int = Field(
        default=100,
        ge=1,
        description="The largest number of concurrent connections to the internal port; more"
        " get 503.",
    )
    profiling: bool = Field(
        default=False,
        description="true: /profile of the internal port takes a profile of the running process.",
    )
    http_target_bytes_max: int = Field(
        default=8 * 1024,
        ge=1024,
        description="The largest path and query of a request, in bytes; longer ones get 414.",
    )
    http_header_bytes_max: int = Field(
        default=64 * 1024,
        ge=4 * 1024,
        le=1024 * 1024,
        description="The largest headers of a request, in bytes; larger ones get 431. Trailers and"
        " chunk extensions may have as many.",
    )
    http_header_fields_max: int = Field(
        default=100,
        ge=20,
        le=1000,
        description="The largest number of header fields; more get 431.",
    )
    http_header_timeout_s: float = Field(
        default=10.0,
        gt=0,
        description="Seconds within which the headers of a request must arrive; slower ones get"
        " 408.",
    )
    http_body_timeout_s: float = Field(
        default=20.0,
        gt=0,
        description="Seconds within which the body of a request must arrive, in addition to what"
        " ANGARIUM_HTTP_BODY_BYTES_PER_S_MIN allows for its size; slower ones get 408.",
    )
    http_body_bytes_per_s_min: int = Field(
        default=4096,
        ge=1,
        description="The slowest accepted rate of a body: it gets one more second for each time"
        " that so many bytes have arrived.",
    )
    http_answer_timeout_s: float = Field(
        default=30.0,
        gt=0,
        description="Seconds after which a client that does not read its answer is disconnected.",
    )
    http_idle_timeout_s: float = Field(
        default=75.0,
        gt=0,
        description="Seconds for which a connection may be idle between requests. Set it longer"
        " than the idle timeout of a proxy in front.",
    )
    http_requests_per_connection_max: int = Field(
        default=10_000,
        ge=1,
        description="The number of requests after which a connection is closed.",
    )
    log_format: Literal["console", "json"] = Field(
        default="json", description="The format of log lines: console or json."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="The lowest level that is logged."
    )
    log_levels: str = Field(
        default="",
        description="Loggers with a lowest level of their own, such as attempt=debug,relay=warning."
        " The name of a logger is the beginning of its events, as in attempt.failed.",
    )
    stream_count: int = Field(
        default=1,
        ge=1,
        le=64,
        description="The number of streams of the hot path, the same for all services. It may be"
        " changed, process by process, while they run.",
    )
    entry_lease_s: float = Field(
        default=8.0,
        gt=0,
        description="Seconds after which a stream entry of a consumer that does not renew it goes"
        " to another consumer.",
    )
    database_connections_max: int = Field(
        default=8,
        ge=2,
        le=200,
        description="The largest number of connections of one process to its database.",
    )

    @model_validator(mode="after")
    def _contradict_nothing(self) -> Self:
        found = list(contradictions(self))
        if found:
            raise ValueError("\n".join(found))
        return self

    @field_validator("log_levels")
    @classmethod
    def _levels_can_be_read(cls, text: str) -> str:
        parse_levels(text)
        return text

    def changed(self) -> dict[str, str]:
        """The settings that differ from their defaults, as in the environment but without secrets
        and what may contain one."""
        return {
            ENV_PREFIX + name.upper(): str(getattr(self, name))
            for name, field in type(self).model_fields.items()
            if not isinstance(getattr(self, name), SecretStr)
            and getattr(self, name)
            != field.get_default(call_default_factory=True, validated_data={})
        }

    @classmethod
    def load(cls, service: str) -> Self:
        """Read the settings of `service`. Raises `SettingsRefused`, also for a variable that is
        no setting of any service."""
        own = [*cls.model_fields, f"{service}_database_url"]
        unknown = unknown_settings(os.environ, own)
        if unknown:
            raise SettingsRefused("\n".join(unknown))
        variable = f"{ENV_PREFIX}{service.upper()}_DATABASE_URL"
        own_url = os.environ.get(variable) or _from_file(f"{variable}_FILE")
        given: dict[str, Any] = {} if own_url is None else {"database_url": own_url}
        try:
            return cls(**given)
        except ValidationError as error:
            raise SettingsRefused(_explain(error)) from None
        except SettingsError as error:
            raise SettingsRefused(_explain_unparsed(error)) from None

    @classmethod
    @override
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Order the sources: arguments, then the environment, then files."""
        return init_settings, env_settings, _FromFiles(settings_cls)


def _explain(error: ValidationError) -> str:
    """Describe each problem in a line: the variable, and what is wrong.

    Values are left out, because they may be secrets.
    """
    lines = []
    for problem in error.errors(include_input=False, include_url=False):
        variable = ENV_PREFIX + "_".join(str(part) for part in problem["loc"][:1]).upper()
        if not problem["loc"]:
            # Of several settings together: the sentence names them.
            lines.append(problem["msg"].removeprefix("Value error, "))
        elif problem["type"] == "missing":
            lines.append(f"{variable} is not set; `angarium settings` says what it means")
        else:
            sentence = _SENTENCES.get(problem["type"])
            if sentence is None:
                lines.append(f"{variable}: {problem['msg'].removeprefix('Value error, ')}")
            else:
                bounds = {name: _whole(bound) for name, bound in problem.get("ctx", {}).items()}
                lines.append(f"{variable} {sentence.format(**bounds)}")
    return "\n".join(lines)


def _whole(bound: Any) -> Any:
    return int(bound) if isinstance(bound, float) and bound.is_integer() else bound


_SENTENCES: Final = {
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_parsing": "must be a number",
    "finite_number": "must be a finite number",
    "bool_parsing": "must be true or false",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "literal_error": "must be {expected}",
    "string_too_short": "must have at least {min_length} characters",
    "string_too_long": "must have at most {max_length} characters",
}
"""The rule that a setting breaks, by pydantic's type of the error."""


def _explain_unparsed(error: SettingsError) -> str:
    """Describe a list or mapping that is not JSON.

    pydantic-settings names the field in the text of its error only.
    """
    field = re.search(r'field "(\w+)"', str(error))
    return f"{ENV_PREFIX}{field[1].upper() if field else '…'}: expected JSON, such as [1, 2]"
