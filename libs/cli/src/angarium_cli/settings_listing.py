"""The services' settings as a list, for `angarium settings` and the reference page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from angarium_chassis.settings import ENV_PREFIX, ServiceSettings
from pydantic import SecretBytes, SecretStr
from pydantic.fields import FieldInfo
from rich.console import Console
from rich.text import Text

SHARED_TITLE = "Every service"


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting. `default` is written as in the environment; None if the setting is required."""

    variable: str
    default: str | None
    meaning: str


@dataclass(frozen=True, slots=True)
class Section:
    """The settings of every service, or the additional ones of one service or of several."""

    title: str
    settings: tuple[Setting, ...]


def sections(models: Mapping[str, type[ServiceSettings]]) -> list[Section]:
    """The settings of every service, then those that each service, or several, add or change."""
    shared = {setting_of(name, f): None for name, f in ServiceSettings.model_fields.items()}
    services_of: dict[Setting, list[str]] = {}
    for service, model in models.items():
        for name, f in model.model_fields.items():
            services_of.setdefault(setting_of(name, f), []).append(service)
    found: dict[str, list[Setting]] = {SHARED_TITLE: list(shared)}
    for setting, services in services_of.items():
        if setting not in shared:
            everywhere = len(services) == len(models) > 1
            title = SHARED_TITLE if everywhere else " and ".join(services).capitalize()
            found.setdefault(title, []).append(setting)
    return [Section(title, tuple(settings)) for title, settings in found.items()]


def setting_of(name: str, field: FieldInfo) -> Setting:
    """Describe one field of a model, without the default of a secret."""
    secret = field.annotation in (SecretStr, SecretBytes) or isinstance(
        field.default, SecretStr | SecretBytes
    )
    if field.is_required():
        default = None
    elif secret:
        default = "(secret)"
    else:
        default = _written(field.get_default(call_default_factory=True, validated_data={}))
    return Setting(ENV_PREFIX + name.upper(), default, " ".join((field.description or "").split()))


def _written(value: Any) -> str:
    match value:
        case None:
            return "(none)"
        case bool():
            return str(value).lower()
        case Enum():
            return str(value.value)
        case str():
            return value or "(empty)"
        case tuple() | list() | set() | frozenset():
            return ",".join(_written(part) for part in value) or "(empty)"
        case float():
            return f"{value:g}"
    return str(value)


def as_markdown(found: Sequence[Section]) -> str:
    """Markdown tables for the reference page."""
    lines: list[str] = []
    for section in found:
        lines += [
            "",
            f"## {section.title}",
            "",
            "| variable | default | meaning |",
            "|---|---|---|",
        ]
        for setting in section.settings:
            default = "required" if setting.default is None else f"`{_cell(setting.default)}`"
            lines.append(f"| `{setting.variable}` | {default} | {_cell(setting.meaning)} |")
    return "\n".join(lines[1:]) + "\n"


def as_text(found: Sequence[Section], console: Console | None = None) -> None:
    """For the terminal: a setting's name and default on one line, its meaning below."""
    console = console or Console(highlight=False)
    for section in found:
        console.print(Text(section.title, style="bold"))
        for setting in section.settings:
            line = Text("  ").append(setting.variable, style="cyan")
            line.append("  required" if setting.default is None else f"  {setting.default}", "dim")
            console.print(line, soft_wrap=True)
            console.print(Text(f"    {setting.meaning}"), soft_wrap=True)
        console.print()


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
