"""Reads the attempts of a message through the API, oldest first."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

from angarium_contracts.ids import ATTEMPT, created_at_ms, parse_id

from angarium_cli.client.api_client import ApiClient
from angarium_cli.client.session import Session, path_of
from angarium_cli.failure import CommandFailed, ExitStatus

_PAGE: Final = 250
_PAGES_MAX: Final = 40
_AROUND_S: Final = 1
"""An id is made when its attempt ends."""


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


def find_attempt(session: Session, attempt: str) -> list[dict[str, Any]]:
    """Find an attempt by its id alone, by searching at the time that is part of the id.

    Raises CommandFailed if there is none.
    """
    value = parse_id(ATTEMPT, attempt)
    if value is None:
        raise CommandFailed(
            f"{attempt} is not the id of an attempt; for the attempts of a message, give the"
            " application and the message"
        )
    application = session.application_or_none(None)
    path = "/api/v1/search/attempts"
    if application is not None:
        path = path_of("/api/v1/app/{app}/search/attempts", app=application)
    at = datetime.fromtimestamp(created_at_ms(value) / 1_000, UTC)
    around = timedelta(seconds=_AROUND_S)
    query: dict[str, Any] = {
        "limit": _PAGE,
        "after": (at - around).isoformat(),
        "before": (at + around).isoformat(),
        "with_content": True,
    }
    for _ in range(_PAGES_MAX):
        page = session.api.get(path, **query)
        found = [each for each in page["data"] if each["id"] == attempt]
        if found or page["done"] or not page.get("iterator"):
            break
        query["iterator"] = page["iterator"]
    else:
        found = []
    if not found:
        raise CommandFailed(
            f"there is no attempt {attempt}; it may be of another tenant, or no longer kept",
            exit_status=ExitStatus.NOT_FOUND,
        )
    return found
