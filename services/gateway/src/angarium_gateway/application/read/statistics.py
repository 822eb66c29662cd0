"""Read statistics: accepted messages of the gateway's roll-ups, and deliveries of the worker's."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple, Protocol

from angarium_chassis.statistics.resolutions import LENGTH_US, Resolution
from angarium_contracts.ids import operational_application_id
from angarium_contracts.queries import Problem, ProblemCode
from angarium_contracts.statistics import (
    CountByEndpoint,
    DeliveryPoint,
    DeliverySeries,
    DeliverySums,
    EndpointHours,
    GetDeliverySeries,
    SumDeliveries,
)

from angarium_gateway.application.configuration.application_directory import ApplicationDirectory
from angarium_gateway.application.service_query import ServiceQuery

from .references import References

PERIODS_MAX: Final = 1_500
"""Periods of one answer: a day of minutes, or two months of hours."""
DEFAULT_PERIODS: Final = {Resolution.MINUTE: 60, Resolution.HOUR: 24, Resolution.DAY: 30}
SPARK_HOURS: Final = 24
_HOUR: Final = timedelta(hours=1)
STATS_SPAN: Final = timedelta(days=28)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class GroupBy(StrEnum):
    """The dimension by which the periods of a series are divided."""

    APPLICATION = "application"
    ENDPOINT = "endpoint"
    EVENT_TYPE = "event_type"


@dataclass(frozen=True, slots=True)
class SeriesRequest:
    """The statistics that are wanted. Without `until`: until now; without `since`: 60 minutes, 24
    hours or 30 days before."""

    resolution: Resolution
    since: datetime | None = None
    until: datetime | None = None
    application_ref: str | None = None
    endpoint_ref: str | None = None
    event_type: str | None = None
    group_by: GroupBy | None = None


class AcceptedQuery(NamedTuple):
    """Accepted messages of a tenant in the periods that begin from `since` to `until` (exclusive),
    by group. A filter that is None matches all."""

    tenant_id: bytes
    resolution: Resolution
    since: datetime
    until: datetime
    application_id: bytes | None
    without_application_id: bytes | None
    event_type: str | None
    group_by: GroupBy | None


class AcceptedCount(NamedTuple):
    """Accepted messages of a period and group: an application's id or an event type."""

    starts_at: datetime
    group: bytes | str | None
    accepted: int


@dataclass(frozen=True, slots=True)
class AcceptedSeries:
    """Everything accepted before `complete_until` is counted; nothing before `counted_since` is."""

    counts: Sequence[AcceptedCount]
    complete_until: datetime
    counted_since: datetime


class AcceptedMessages(Protocol):
    """Counts of accepted messages. Raises `JournalUnavailable`."""

    async def series(self, query: AcceptedQuery) -> AcceptedSeries | None:
        """The counts, or None when there are more than one answer holds."""


@dataclass(slots=True)
class SeriesPoint:
    """A period of a group. `accepted` is None where endpoints divide messages."""

    starts_at: datetime
    group: bytes | str | None
    accepted: int | None
    deliveries: DeliveryPoint | None = None


@dataclass(frozen=True, slots=True)
class Series:
    """Statistics of the periods from `since` to `until`, by time, then by group."""

    resolution: Resolution
    since: datetime
    until: datetime
    complete_until: datetime
    counted_since: datetime
    points: Sequence[SeriesPoint] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class EndpointSeries:
    """For each endpoint the attempts that succeeded, and those that failed, by hour."""

    since: datetime
    until: datetime
    counts: Mapping[bytes, tuple[Sequence[int], Sequence[int]]]


def start_of_period(at: datetime, resolution: Resolution) -> datetime:
    """The beginning of the period that has this time."""
    return at - (at - _EPOCH) % timedelta(microseconds=LENGTH_US[resolution])


def kept_resolution(since: datetime, now: datetime, hours_kept_days: int) -> Resolution:
    """Hours, or days if hours are no longer kept."""
    return Resolution.HOUR if now - timedelta(days=hours_kept_days) < since else Resolution.DAY


class ReadStatistics:
    """Time series, and sums of an endpoint's attempts."""

    def __init__(
        self,
        *,
        directory: ApplicationDirectory,
        references: References,
        accepted: AcceptedMessages,
        ask_worker: ServiceQuery,
        now: Callable[[], datetime],
        hours_kept_days: int,
    ) -> None:
        self._directory = directory
        self._references = references
        self._accepted = accepted
        self._ask_worker = ask_worker
        self._now = now
        self._hours_kept_days = hours_kept_days

    async def series(self, tenant_id: bytes, request: SeriesRequest) -> Series | Problem:
        """The series of a tenant, an application or an endpoint."""
        span = self._span(request)
        if isinstance(span, Problem):
            return span
        owner = await self._owner(tenant_id, request)
        if isinstance(owner, Problem):
            return owner
        application_id, endpoint_id = owner
        hidden = None if application_id else operational_application_id(tenant_id)
        since, until = span
        question = GetDeliverySeries(
            tenant_id=tenant_id,
            resolution=int(request.resolution),
            since=since,
            until=until,
            application_id=application_id,
            endpoint_id=endpoint_id,
            event_type=request.event_type,
            group_by=None if request.group_by is None else request.group_by.value,
            without_application_id=hidden,
        )
        made = await self._ask_worker(question, DeliverySeries)
        if isinstance(made, Problem):
            return made
        accepted = await self._accepted.series(
            AcceptedQuery(
                tenant_id,
                request.resolution,
                since,
                until,
                application_id,
                hidden,
                request.event_type,
                None if request.group_by is GroupBy.ENDPOINT else request.group_by,
            )
        )
        if accepted is None:
            return _too_much()
        of_messages = endpoint_id is None and request.group_by is not GroupBy.ENDPOINT
        return Series(
            request.resolution,
            since,
            until,
            min(made.complete_until, accepted.complete_until),
            max(made.counted_since, accepted.counted_since),
            _merged(made.points, accepted.counts if of_messages else None),
        )

    async def attempt_sums(
        self,
        tenant_id: bytes,
        application_ref: str,
        endpoint_ref: str,
        *,
        since: datetime | None,
        until: datetime | None,
    ) -> tuple[int, ...] | Problem:
        """The numbers of an endpoint (`angarium_contracts.statistics`), of whole hours; of whole
        days where hours are no longer kept. By default, of the last 28 days."""
        found = await self._references.endpoint(tenant_id, application_ref, endpoint_ref)
        if isinstance(found, Problem):
            return found
        end = until or self._now()
        first = since or end - STATS_SPAN
        resolution = kept_resolution(first, self._now(), self._hours_kept_days)
        question = SumDeliveries(
            tenant_id=tenant_id,
            resolution=int(resolution),
            since=start_of_period(first, resolution),
            until=end,
            application_ids=(found.endpoint.application_id,),
            endpoint_id=found.endpoint.id,
        )
        sums = await self._ask_worker(question, DeliverySums)
        if isinstance(sums, Problem):
            return sums
        return sums.items[0].numbers if sums.items else (0,) * 6

    async def hours_of_endpoints(
        self, tenant_id: bytes, application_ref: str, endpoint_ids: Sequence[bytes]
    ) -> "EndpointSeries | Problem":
        """The attempts of an application's endpoints in each of the last 24 hours, the current one
        included. Endpoints of others have none."""
        application = await self._directory.find(tenant_id, application_ref)
        if isinstance(application, Problem):
            return application
        until = start_of_period(self._now(), Resolution.HOUR) + _HOUR
        since = until - _HOUR * SPARK_HOURS
        question = CountByEndpoint(
            tenant_id=tenant_id,
            application_id=application.id,
            endpoint_ids=tuple(endpoint_ids),
            since=since,
            until=until,
        )
        found = await self._ask_worker(question, EndpointHours)
        if isinstance(found, Problem):
            return found
        counts = {each: ([0] * SPARK_HOURS, [0] * SPARK_HOURS) for each in endpoint_ids}
        for item in found.items:
            place = (item.starts_at - since) // _HOUR
            if item.endpoint_id in counts and 0 <= place < SPARK_HOURS:
                counts[item.endpoint_id][0][place] = item.delivered
                counts[item.endpoint_id][1][place] = item.failed
        return EndpointSeries(since, until, counts)

    def _span(self, request: SeriesRequest) -> tuple[datetime, datetime] | Problem:
        length = timedelta(microseconds=LENGTH_US[request.resolution])
        until = request.until or self._now()
        default = until - length * (DEFAULT_PERIODS[request.resolution] - 1)
        since = start_of_period(request.since or default, request.resolution)
        if since >= until:
            return _invalid("since", "`since` must be before `until`.")
        if (until - since) / length > PERIODS_MAX:
            return _invalid(
                "since",
                f"This is more than {PERIODS_MAX:,} periods. Ask for a shorter time, or a coarser"
                " `resolution`.",
            )
        return since, until

    async def _owner(
        self, tenant_id: bytes, request: SeriesRequest
    ) -> tuple[bytes | None, bytes | None] | Problem:
        """The ids of the application and the endpoint, if any."""
        if request.application_ref is None:
            if request.endpoint_ref is None:
                return None, None
            return _invalid("endpoint_id", "Name the endpoint's application in `app_id`, too.")
        application = await self._directory.find(tenant_id, request.application_ref)
        if isinstance(application, Problem):
            return application
        if request.endpoint_ref is None:
            return application.id, None
        endpoint_id = await self._references.endpoint_id(
            tenant_id, request.application_ref, request.endpoint_ref
        )
        return endpoint_id if isinstance(endpoint_id, Problem) else (application.id, endpoint_id)


def _merged(
    made: Sequence[DeliveryPoint], accepted: Sequence[AcceptedCount] | None
) -> list[SeriesPoint]:
    none = None if accepted is None else 0
    points = {(each.starts_at, each.group): SeriesPoint(*each) for each in accepted or ()}
    for each in made:
        key = (each.starts_at, each.event_type if each.group_id is None else each.group_id)
        points.setdefault(key, SeriesPoint(*key, none)).deliveries = each
    return sorted(points.values(), key=_by_time_and_group)


def _by_time_and_group(point: SeriesPoint) -> tuple[datetime, bytes]:
    group = point.group or b""
    return point.starts_at, group.encode() if isinstance(group, str) else group


def _invalid(name: str, detail: str) -> Problem:
    return Problem(code=ProblemCode.INVALID, field=name, detail=detail)


def _too_much() -> Problem:
    return _invalid(
        "since",
        "This covers more statistics than one answer holds. Ask for a shorter time, a coarser"
        " `resolution`, or fewer groups.",
    )
