"""Facts and verdicts that the admission of first attempts, due rows and lanes shares."""

from collections.abc import Iterable
from typing import assert_never

from angarium_worker.application.endpoints.endpoint_config import (
    EndpointConfig,
    Inactive,
    ResolvedEndpoint,
    Unusable,
)
from angarium_worker.domain.admission import Admission, EndpointFact
from angarium_worker.domain.verdict import (
    PARKED_S,
    QUEUED,
    QUEUED_RETRY,
    UNUSABLE_PARKED_S,
    Cancelled,
    Parked,
    Unsent,
)


def newest_wanted(wanted: Iterable[tuple[bytes, int]]) -> dict[bytes, int]:
    """Endpoints to load, each in the newest version that one of its deliveries was made for."""
    newest: dict[bytes, int] = {}
    for endpoint_id, version in wanted:
        newest[endpoint_id] = max(version, newest.get(endpoint_id, 0))
    return newest


def fact_of(endpoint: EndpointConfig | None) -> EndpointFact:
    """The endpoint as `decide` sees it; None: it could not be loaded."""
    match endpoint:
        case ResolvedEndpoint():
            return EndpointFact.STRICT if endpoint.strict else EndpointFact.USABLE
        case Inactive():
            return EndpointFact.INACTIVE
        case Unusable():
            return EndpointFact.UNUSABLE
        case None:
            return EndpointFact.UNKNOWN
        case _:
            assert_never(endpoint)


def unsent(
    admission: Admission,
    endpoint: EndpointConfig | None,
    *,
    retry: bool = False,
    cancelled: str | None = None,
) -> Unsent:
    """The verdict on a delivery that is not admitted. `cancelled` is the reason why an operator
    cancelled it."""
    match admission:
        case Admission.CANCEL if isinstance(endpoint, Inactive) and cancelled is None:
            return Cancelled(endpoint.reason)
        case Admission.CANCEL:
            return Cancelled(cancelled or "")
        case Admission.PARK:
            return Parked(UNUSABLE_PARKED_S if isinstance(endpoint, Unusable) else PARKED_S)
        case _:
            return QUEUED_RETRY if retry else QUEUED
