"""Queries of statistics, answered by the worker from its roll-ups.

The worker does not know who owns an application or an endpoint: the gateway checks that first.
Numbers, in this order: first attempts, delivered (attempts that succeeded), failed, exhausted (the
failed ones after which no retry follows), retried (attempts after the first) and cancelled
(deliveries).
"""

from datetime import datetime

from .contract import Contract, Part


class GetDeliverySeries(Contract, frozen=True, tag="statistics.delivery_series/1"):
    """Query: the tenant's attempts and cancellations of each period that begins from `since`
    (inclusive) to `until` (exclusive). Answered by `DeliverySeries`, or a `Problem`: INVALID when
    it would have to read more roll-ups than allowed.

    `resolution`: 0 minute, 1 hour, 2 day. `group_by`: "application", "endpoint" or "event_type".
    `without_application_id`: leave this application out.
    """

    tenant_id: bytes
    resolution: int
    since: datetime
    until: datetime
    application_id: bytes | None = None
    endpoint_id: bytes | None = None
    event_type: str | None = None
    group_by: str | None = None
    without_application_id: bytes | None = None


class DeliveryPoint(Part, frozen=True):
    """A period of one group: an application's or endpoint's id, or an event type.

    Percentiles (50, 95, 99) are in milliseconds, None without values: `durations_ms` of attempts,
    `latencies_ms` from the acceptance of a message to the end of the attempt that succeeded.
    """

    starts_at: datetime
    numbers: tuple[int, ...]
    group_id: bytes | None = None
    event_type: str | None = None
    durations_ms: tuple[float, ...] | None = None
    latencies_ms: tuple[float, ...] | None = None


class DeliverySeries(Contract, frozen=True, tag="statistics.delivery_points/1"):
    """By time, then by group. Periods without attempts and cancellations are left out.

    Everything recorded before `complete_until` is counted. Nothing before `counted_since` is.
    """

    points: tuple[DeliveryPoint, ...]
    complete_until: datetime
    counted_since: datetime


class SumDeliveries(Contract, frozen=True, tag="statistics.sum_deliveries/1"):
    """Query: the tenant's sums by application, of the periods that begin from `since` (inclusive)
    to `until` (exclusive): at most `limit` (to 1,000) applications after `after`, in the order of
    ids. Answered by `DeliverySums`. `application_ids`: only these, at most 1,000."""

    tenant_id: bytes
    resolution: int
    since: datetime
    until: datetime
    application_ids: tuple[bytes, ...] | None = None
    without_application_id: bytes | None = None
    endpoint_id: bytes | None = None
    after: bytes | None = None
    limit: int = 1_000


class DeliverySum(Part, frozen=True):
    """The numbers of an application."""

    application_id: bytes
    numbers: tuple[int, ...]


class DeliverySums(Contract, frozen=True, tag="statistics.delivery_sums/1"):
    """Applications without attempts and cancellations are left out. Not `done`: more follow."""

    items: tuple[DeliverySum, ...]
    done: bool = True


class CountByEndpoint(Contract, frozen=True, tag="statistics.count_by_endpoint/1"):
    """Query: the attempts of these endpoints of an application (at most 100) in each hour that
    begins from `since` (inclusive) to `until` (exclusive). Answered by `EndpointHours`."""

    tenant_id: bytes
    application_id: bytes
    endpoint_ids: tuple[bytes, ...]
    since: datetime
    until: datetime


class EndpointHour(Part, frozen=True):
    """Attempts of an endpoint in an hour that succeeded and failed."""

    endpoint_id: bytes
    starts_at: datetime
    delivered: int
    failed: int


class EndpointHours(Contract, frozen=True, tag="statistics.endpoint_hours/1"):
    """Hours without attempts are left out."""

    items: tuple[EndpointHour, ...]
