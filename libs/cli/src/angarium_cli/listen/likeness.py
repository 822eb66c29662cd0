"""Settings of an existing endpoint, whose place a listener takes on this machine."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from angarium_cli.client.session import Session, path_of
from angarium_cli.failure import CommandFailed

if TYPE_CHECKING:
    from angarium_worker.examination.payload_preview import PayloadPreview

FILTERS: Final = ("eventTypes", "channels", "filter")
"""Members of an endpoint that say which messages it gets."""
_PATH: Final = "/api/v1/app/{app}/endpoint/{endpoint}"
_APPLICATION: Final = "/api/v1/app/{app}"

type Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Likeness:
    """Filters, headers and format of an endpoint. `withheld` names the headers whose values the
    API does not return."""

    filters: dict[str, Any]
    headers: Headers
    withheld: tuple[str, ...]
    signature_headers: str
    preview: "PayloadPreview"


def read_likeness(session: Session, application: str, endpoint: str) -> Likeness:
    """Read an endpoint by its id or uid. Raises CommandFailed."""
    path = path_of(_PATH, app=application, endpoint=endpoint)
    found = session.api.get(path)
    if str(found["url"]).startswith("poll:"):
        raise CommandFailed(f"{endpoint} is polled: nothing is sent to it that --like could follow")
    headers = session.api.get(f"{path}/headers")
    return Likeness(
        filters={name: found.get(name) for name in FILTERS},
        headers=tuple(headers["headers"].items()),
        withheld=tuple(headers["sensitive"]),
        signature_headers=str(found.get("signatureHeaders") or "webhook"),
        preview=_preview(session, application, endpoint, found),
    )


def _preview(
    session: Session, application: str, endpoint: str, found: dict[str, Any]
) -> "PayloadPreview":
    from angarium_worker.examination.payload_preview import FormatNotPreviewed, PayloadPreview

    application_id = session.api.get(path_of(_APPLICATION, app=application))["id"]
    try:
        return PayloadPreview(
            str(application_id),
            str(found.get("payloadFormat") or "plain"),
            found.get("contentType"),
            found.get("eventSource"),
        )
    except FormatNotPreviewed as error:
        raise CommandFailed(f"--like {endpoint} is not possible: {error}") from None
