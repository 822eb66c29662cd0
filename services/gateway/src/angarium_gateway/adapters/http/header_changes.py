"""Changes of custom headers that a request asks for."""

from collections.abc import Mapping

from .problems import Fault, Refused, invalid
from .schemas.endpoint_secrets import EndpointHeadersPatchIn


def header_changes(data: EndpointHeadersPatchIn) -> Mapping[str, str | None]:
    """Header values by name; None removes the header.

    Raises `Refused` if the request names a header both to set and to delete, or no change at all.
    """
    if data.headers is None and data.delete_headers is None:
        message = "`headers` is required, unless `deleteHeaders` is given. Add one of them."
        raise Refused(invalid(Fault(("body", "headers"), message, "value_error.missing")))
    headers, deleted = data.headers or {}, data.delete_headers or []
    named = {name.lower() for name in headers}
    for index, name in enumerate(deleted):
        if name.lower() in named:
            message = (
                f"`{name[:64]}` is also in `headers`. Name a header in one of the two; letter case"
                " makes no difference."
            )
            raise Refused(invalid(Fault(("body", "deleteHeaders", str(index)), message)))
    return dict.fromkeys(deleted) | headers
