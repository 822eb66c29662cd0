"""The built files of the console and the portal, and their compressed copies.

Pages are read once. Assets are read for each request: browsers keep them, and the gateway does not.
"""

from collections.abc import Callable, Mapping
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


type Read = Callable[[], bytes]


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
    """One file. `compressed` reads its content by content coding; `is_immutable` is true of files
    whose name has a hash of their content in it. Reading raises OSError."""

    read: Read
    media_type: bytes
    compressed: Mapping[str, Read]
    is_immutable: bool


@dataclass(frozen=True, slots=True)
class BuiltAssets:
    """All files: `pages` are HTML by name, `assets` the others by their path below /ui/."""

    pages: Mapping[str, str]
    assets: Mapping[str, Asset]


NO_ASSETS: Final = BuiltAssets({}, {})
"""Of a gateway that serves neither console nor portal."""


def read_built_assets() -> BuiltAssets:
    """Find the files of the installed package. Raises `AssetsMissing`."""
    folder = files(_PACKAGE) / _FOLDER
    found = dict(_files(folder, "")) if folder.is_dir() else {}
    pages = {
        path.removesuffix(".html"): read().decode()
        for path, read in found.items()
        if path.endswith(".html")
    }
    if not pages:
        raise AssetsMissing
    return BuiltAssets(pages, dict(_assets(found)))


def _files(folder: Traversable, below: str) -> list[tuple[str, Read]]:
    found: list[tuple[str, Read]] = []
    for entry in folder.iterdir():
        path = f"{below}{entry.name}"
        if entry.is_dir():
            found += _files(entry, f"{path}/")
        else:
            found.append((path, entry.read_bytes))
    return found


def _assets(found: Mapping[str, Read]) -> list[tuple[str, Asset]]:
    return [
        (
            path,
            Asset(
                read,
                _MEDIA_TYPES[ending],
                {
                    coding: found[f"{path}{suffix}"]
                    for suffix, coding in _ENCODINGS.items()
                    if f"{path}{suffix}" in found
                },
                path.startswith(_HASHED),
            ),
        )
        for path, read in found.items()
        if (ending := path.rpartition(".")[2]) in _MEDIA_TYPES
    ]
