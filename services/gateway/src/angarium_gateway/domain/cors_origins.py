"""Origins from which browsers may use the API, as the operator writes them."""

import re
from typing import Final

ANY: Final = "*"
_ORIGIN: Final = re.compile(r"https?://([a-z0-9\-._]+|\[[0-9a-f:.]+\])(:[1-9][0-9]{0,4})?")


class BadOrigin(ValueError):
    """An origin that no browser would send. The text says what to change."""


def parse_origins(text: str) -> frozenset[str]:
    """The origins of a list with commas, or `*` for all of them. Raises `BadOrigin`."""
    origins = frozenset(part.strip() for part in text.split(",") if part.strip())
    for origin in origins:
        if origin != ANY and _ORIGIN.fullmatch(origin) is None:
            raise BadOrigin(
                f"{origin!r} is no origin. Write it as browsers do, in lower case and without a"
                " path: https://app.example.com, http://localhost:3000."
            )
    return origins
