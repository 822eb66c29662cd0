"""What a listener takes over from an existing endpoint, whose place it takes on this machine."""

from dataclasses import dataclass
from typing import Any, Final

from angarium_cli.client.session import Session, path_of
from angarium_cli.failure import CommandFailed

FILTERS: Final = ("eventTypes", "channels", "filter")
"""Members of an endpoint that say which messages it gets."""
_PATH: Final = "/api/v1/app/{app}/endpoint/{endpoint}"
_APPLICATION: Final = "/api/v1/app/{app}"

type Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Likeness:
    """Filters, headers and format of an endpoint. `withheld` names the headers whose values the
    API does not return, `application_id` is that of its application."""

    endpoint: str
    application_id: str
    filters: dict[str, Any]
    headers: Headers
    withheld: tuple[str, ...]
    signature_headers: str
    payload_format: str
    content_type: str | None
    event_source: str | None


def read_likeness(session: Session, application: str, endpoint: str) -> Likeness:
    """Read an endpoint by its id or uid. Raises CommandFailed."""
    path = path_of(_PATH, app=application, endpoint=endpoint)
    found = session.api.get(path)
    if str(found["url"]).startswith("poll:"):
        raise CommandFailed(f"{endpoint} is polled: nothing is sent to it that --like could follow")
    headers = session.api.get(f"{path}/headers")
    return Likeness(
        endpoint=endpoint,
        application_id=str(session.api.get(path_of(_APPLICATION, app=application))["id"]),
        filters={name: found.get(name) for name in FILTERS},
        headers=tuple(headers["headers"].items()),
        withheld=tuple(headers["sensitive"]),
        signature_headers=str(found.get("signatureHeaders") or "webhook"),
        payload_format=str(found.get("payloadFormat") or "plain"),
        content_type=found.get("contentType"),
        event_source=found.get("eventSource"),
    )
