"""Settings of the export of traces."""

from collections.abc import Mapping
from typing import ClassVar, Literal, Self
from urllib.parse import unquote

from pydantic import Field, SecretStr, model_validator

from angarium_chassis.settings import ServiceSettings

_NAME_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_.")


class TracingSettings(ServiceSettings):
    """The collector that traces are sent to."""

    needs: ClassVar[Mapping[str, str]] = {"trace_headers": "trace_endpoint"}

    trace_endpoint: str | None = Field(
        default=None,
        pattern=r"^https?://[^/?#@\s]+(/[^?#\s]*)?$",
        description="The OTLP endpoint of a collector that takes traces, such as"
        " http://collector:4318. Over HTTP, /v1/traces is added to a URL without a path. Traces are"
        " off unless it is set.",
    )
    trace_protocol: Literal["http", "grpc"] = Field(
        default="http",
        description="The protocol of ANGARIUM_TRACE_ENDPOINT: http (protobuf, often port 4318) or"
        " grpc (often port 4317).",
    )
    trace_headers: SecretStr | None = Field(
        default=None,
        description="Headers for the collector, such as authorization=Bearer%20…,x-scope=webhooks."
        " Values are percent-decoded.",
    )
    trace_queue_max: int = Field(
        default=4096,
        ge=512,
        le=1_000_000,
        description="The largest number of ended spans that wait in memory for the collector; more"
        " are dropped and counted.",
    )

    @property
    def trace_path(self) -> str:
        """The path of the endpoint, without a slash at its end."""
        return "".join((self.trace_endpoint or "").rstrip("/").split("/")[3:])

    @property
    def trace_header_fields(self) -> dict[str, str]:
        """The headers for the collector. Raises ValueError."""
        text = "" if self.trace_headers is None else self.trace_headers.get_secret_value()
        return dict(_field(part) for part in text.split(",") if part.strip())

    @model_validator(mode="after")
    def _can_be_used(self) -> Self:
        if self.trace_protocol == "grpc" and self.trace_path:
            raise ValueError(
                "ANGARIUM_TRACE_ENDPOINT must have no path with ANGARIUM_TRACE_PROTOCOL=grpc"
            )
        _ = self.trace_header_fields
        return self


def _field(part: str) -> tuple[str, str]:
    name, separator, value = part.partition("=")
    name, value = name.strip().lower(), unquote(value.strip())
    if not separator or not name or not _NAME_CHARACTERS.issuperset(name):
        raise ValueError("ANGARIUM_TRACE_HEADERS: expected name=value,name=value")
    if not (value.isascii() and value.isprintable()):
        raise ValueError("ANGARIUM_TRACE_HEADERS: a value has characters that no header may have")
    return name, value
