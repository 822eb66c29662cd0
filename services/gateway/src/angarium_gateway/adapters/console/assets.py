"""The built files of the console and the portal, read once, with their compressed copies."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

from angarium_chassis.process import StartRefused

CSP_NONCE: Final = "__CSP_NONCE__"
"""Stands in the pages in place of the nonce of an answer's Content-Security-Policy."""
_PACKAGE: Final = "angarium_console"
_FOLDER: Final = "assets"
_MEDIA_TYPES: Final = {
    "css": b"text/css; charset=utf-8",
    "js": b"text/javascript; charset=utf-8",
    "json": b"application/json",
    "svg": b"image/svg+xml",
    "woff2": b"font/woff2",
}
_ENCODINGS: Final = {".br": "br", ".gz": "gzip"}
_HASHED: Final = "assets/"


class AssetsMissing(StartRefused):
    """The package of the console has no built files. The text says what to do."""

    def __init__(self) -> None:
        super().__init__(
            "The console is not built. Run `make setup` in a checkout, or install the package"
            " angarium-console from a wheel; ANGARIUM_CONSOLE=false and ANGARIUM_PORTAL=false"
            " serve neither console nor portal."
        )


@dataclass(frozen=True, slots=True)
class Asset:
    """One file. `compressed` has its content by content coding; `is_immutable` is true of files
    whose name has a hash of their content in it."""

    content: bytes
    media_type: bytes
    compressed: Mapping[str, bytes]
    is_immutable: bool


@dataclass(frozen=True, slots=True)
class BuiltAssets:
    """All files: `pages` are HTML by name, `assets` the others by their path below /ui/."""

    pages: Mapping[str, str]
    assets: Mapping[str, Asset]


NO_ASSETS: Final = BuiltAssets({}, {})
"""Of a gateway that serves neither console nor portal."""


def read_built_assets() -> BuiltAssets:
    """Read the files of the installed package. Raises `AssetsMissing`."""
    folder = files(_PACKAGE) / _FOLDER
    contents = dict(_contents(folder, "")) if folder.is_dir() else {}
    pages = {
        path.removesuffix(".html"): content.decode()
        for path, content in contents.items()
        if path.endswith(".html")
    }
    if not pages:
        raise AssetsMissing
    return BuiltAssets(pages, dict(_assets(contents)))


def _contents(folder: Traversable, below: str) -> list[tuple[str, bytes]]:
    found: list[tuple[str, bytes]] = []
    for entry in folder.iterdir():
        path = f"{below}{entry.name}"
        if entry.is_dir():
            found += _contents(entry, f"{path}/")
        else:
            found.append((path, entry.read_bytes()))
    return found


def _assets(contents: Mapping[str, bytes]) -> list[tuple[str, Asset]]:
    return [
        (
            path,
            Asset(
                content,
                _MEDIA_TYPES[ending],
                {
                    coding: contents[f"{path}{suffix}"]
                    for suffix, coding in _ENCODINGS.items()
                    if f"{path}{suffix}" in contents
                },
                path.startswith(_HASHED),
            ),
        )
        for path, content in contents.items()
        if (ending := path.rpartition(".")[2]) in _MEDIA_TYPES
    ]
