"""Reads the attempts of a message through the API, oldest first."""

from typing import Any, Final
from urllib.parse import quote

from angarium_cli.client.api_client import ApiClient

_PAGE: Final = 250
_PAGES_MAX: Final = 40


def read_attempts(api: ApiClient, application: str, message: str) -> list[dict[str, Any]]:
    """All attempts of a message, at most 10,000. Raises CommandFailed."""
    path = f"/api/v1/app/{quote(application, safe='')}/attempt/msg/{quote(message, safe='')}"
    found: list[dict[str, Any]] = []
    query: dict[str, str | int | bool] = {"limit": _PAGE, "with_content": True}
    for _ in range(_PAGES_MAX):
        page = api.get(path, **query)
        found += page["data"]
        if page["done"] or not page.get("iterator"):
            break
        query["iterator"] = page["iterator"]
    return sorted(found, key=lambda attempt: str(attempt["timestamp"]))


def read_attempt(
    api: ApiClient, application: str, message: str, attempt: str
) -> list[dict[str, Any]]:
    """One attempt. Raises CommandFailed."""
    parts = [quote(each, safe="") for each in (application, message, attempt)]
    return [api.get("/api/v1/app/{}/msg/{}/attempt/{}".format(*parts))]
