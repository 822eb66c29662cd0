"""Every setting of every service is listed, with its meaning, and no secret's default."""

import io

import pytest
from angarium_chassis.settings import ServiceSettings
from angarium_cli.services import SERVICES, settings_class
from angarium_cli.settings_listing import as_markdown, as_text, sections
from pydantic import Field, SecretStr
from rich.console import Console


class Example(ServiceSettings):
    """A service's settings of every kind."""

    token: SecretStr = Field(default=SecretStr("hunter2"), description="A secret.")
    names: tuple[str, ...] = Field(default=("a", "b"), description="Some | names.")
    limit: float = Field(default=2.0, description="A limit.")
    switch: bool = Field(default=True, description="On or off.")
    place: str | None = Field(default=None, description="Perhaps a place.")
    internal_port: int = Field(default=7, description="Another default than elsewhere.")


def shown(models: dict[str, type[ServiceSettings]]) -> tuple[str, str]:
    out = io.StringIO()
    found = sections(models)
    as_text(found, Console(file=out))
    return as_markdown(found), out.getvalue()


@pytest.mark.parametrize("service", SERVICES)
def test_every_field_of_a_service_is_listed_with_its_meaning(service: str) -> None:
    model = settings_class(service)
    markdown, text = shown({service: model})

    for name, field in model.model_fields.items():
        variable = f"ANGARIUM_{name.upper()}"
        assert f"| `{variable}` |" in markdown
        assert f"  {variable}  " in text
        assert field.description
        assert " ".join(field.description.split()) in text


def test_what_all_share_is_listed_once() -> None:
    markdown, _ = shown({service: settings_class(service) for service in SERVICES})

    assert markdown.count("`ANGARIUM_REDIS_URL`") == 1
    assert markdown.count("`ANGARIUM_EGRESS_ALLOWED_NETWORKS`") == 1
    assert [line for line in markdown.splitlines() if line.startswith("## ")] == [
        "## Every service",
        "## Gateway and worker",
        "## Gateway",
        "## Dispatcher and worker",
        "## Dispatcher",
        "## Worker",
    ]


def test_defaults_are_shown_as_they_would_be_written() -> None:
    markdown, _ = shown({"example": Example})

    assert "| `ANGARIUM_NAMES` | `a,b` | Some \\| names. |" in markdown
    assert "| `ANGARIUM_LIMIT` | `2` | A limit. |" in markdown
    assert "| `ANGARIUM_SWITCH` | `true` | On or off. |" in markdown
    assert "| `ANGARIUM_PLACE` | `(none)` | Perhaps a place. |" in markdown
    assert "| `ANGARIUM_DATABASE_URL` | required |" in markdown


def test_a_service_with_another_default_shows_it_too() -> None:
    markdown, _ = shown({"example": Example})

    assert markdown.count("`ANGARIUM_INTERNAL_PORT`") == 2


def test_no_secrets_default_is_shown() -> None:
    for text in shown({"example": Example}):
        assert "hunter2" not in text
        assert "ANGARIUM_TOKEN" in text
