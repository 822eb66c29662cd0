"""The version of this program."""

import re
from importlib.metadata import version

_RELEASE = re.compile(r"(\d+)\.(\d+)\.(\d+)(?:[.+\-a-z].*)?")


def program_version() -> str:
    """The version of the installed package, such as `0.1.0`."""
    return version("angarium-cli")


def release_of(text: str) -> tuple[int, int, int] | None:
    """The release segment of a version (PEP 440); None for any other text."""
    match = _RELEASE.fullmatch(text)
    if match is None:
        return None
    major, minor, patch = match.groups()
    return int(major), int(minor), int(patch)
