"""Blocks of each page that `test_guides_run.py` runs, by their numbers on the page."""

from typing import Final

_HOW_TO: Final = "docs/how-to"

SHELL: Final[dict[str, list[int]]] = {
    "README.md": [1],
    f"{_HOW_TO}/copy-a-configuration.md": [0, 1, 2, 3],
    f"{_HOW_TO}/explain-failures.md": [0, 1, 2, 3],
    f"{_HOW_TO}/formats-and-authentication.md": [0, 1, 2, 4, 5, 6],
    f"{_HOW_TO}/give-customers-the-portal.md": [0, 7],
    f"{_HOW_TO}/operate.md": [0, 3, 5, 7, 9],
    f"{_HOW_TO}/read-statistics.md": [0],
    f"{_HOW_TO}/search-and-watch.md": [0, 1, 3, 4, 5, 6, 7, 8, 9, 10],
    f"{_HOW_TO}/erase-data.md": [1, 2, 4, 5, 6],
}

WITH_GATEWAY_SETTINGS: Final[dict[str, list[int]]] = {
    f"{_HOW_TO}/manage-access.md": [0, 1, 2, 3, 4, 5, 7, 9, 10, 12],
    f"{_HOW_TO}/operate.md": [6],
}
"""Blocks that run with the settings of the gateway, as these guides ask for."""

PYTHON: Final[dict[str, list[int]]] = {
    "README.md": [2],
    f"{_HOW_TO}/manage-access.md": [6],
    f"{_HOW_TO}/read-statistics.md": [1, 2],
    f"{_HOW_TO}/receive-webhooks.md": [2],
}
