"""docker-compose.yml as Compose reads it: with the variables of an .env file put in."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

REPOSITORY = Path(__file__).resolve().parents[2]
_VARIABLE = re.compile(r"\$\{(\w+)(?:(:[-?])([^}]*))?\}")


class VariableMissing(Exception):
    """A variable that must be set is not."""


def read_compose(variables: Mapping[str, str]) -> dict[str, Any]:
    """The compose file; raises `VariableMissing` where Compose would refuse to start."""

    def value(match: re.Match[str]) -> str:
        name, operator, rest = match.groups()
        if variables.get(name):
            return variables[name]
        if operator == ":-":
            return str(rest)
        raise VariableMissing(f"{name}: {rest}")

    text = (REPOSITORY / "docker-compose.yml").read_text()
    read: dict[str, Any] = yaml.safe_load(_VARIABLE.sub(value, text))
    return read


def variables_of_the_example() -> list[str]:
    """The names that deploy/docker/example.env leaves to be filled in."""
    example = (REPOSITORY / "deploy/docker/example.env").read_text()
    return re.findall(r"^(\w+)=$", example, re.MULTILINE)


def environment_of_the_image() -> dict[str, str]:
    """The environment that the last stage of the Dockerfile sets for Angarium."""
    dockerfile = (REPOSITORY / "deploy/docker/Dockerfile").read_text()
    return dict(re.findall(r"^\s+(ANGARIUM_\w+)=(\S+)", dockerfile, re.MULTILINE))


def mounted(service: Mapping[str, Any], path: str) -> Path:
    """The file of the repository that a service sees at `path`."""
    for volume in service["volumes"]:
        source, target, *_ = str(volume).split(":")
        if target == path:
            return REPOSITORY / source
    raise AssertionError(f"nothing is mounted at {path}")
