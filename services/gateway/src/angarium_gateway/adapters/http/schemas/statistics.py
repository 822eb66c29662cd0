"""Statistics on the wire."""

from datetime import datetime
from typing import Annotated, Literal

from angarium_chassis.statistics.resolutions import Resolution
from angarium_contracts.ids import APPLICATION, ENDPOINT, format_id
from msgspec import Meta

from angarium_gateway.application.read.statistics import (
    EndpointSeries,
    GroupBy,
    Series,
    SeriesPoint,
)

from .fields import ApiSchema

type ResolutionName = Literal["minute", "hour", "day"]


class Percentiles(ApiSchema, frozen=True, kw_only=True):
    """Times in milliseconds that 50, 95 and 99 percent of the values do not exceed, to within
    3.2 percent."""

    p50: float
    p95: float
    p99: float


class StatisticsPoint(ApiSchema, frozen=True, kw_only=True):
    """A period. All numbers are of events in it: messages by the time of their acceptance, attempts
    by the time of their end, and cancellations by theirs."""

    starts_at: datetime
    group: Annotated[
        str | None,
        Meta(
            description="The id of the application or endpoint, or the event type; `null` without"
            " `group_by`."
        ),
    ]
    accepted: Annotated[
        int | None, Meta(description="Accepted messages; `null` for endpoints and by endpoint.")
    ]
    first_attempts: Annotated[
        int, Meta(description="First attempts: deliveries that began, manual ones aside.")
    ]
    delivered: Annotated[int, Meta(description="Attempts that succeeded.")]
    failed: Annotated[int, Meta(description="Attempts that failed.")]
    exhausted: Annotated[int, Meta(description="Failed attempts after which no retry follows.")]
    retried: Annotated[int, Meta(description="Attempts after the first.")]
    canceled: Annotated[int, Meta(description="Deliveries that were cancelled.")]
    attempt_duration_ms: Annotated[
        Percentiles | None, Meta(description="How long attempts took; `null` without any.")
    ]
    delivery_latency_ms: Annotated[
        Percentiles | None,
        Meta(
            description="From the acceptance of a message to the end of the attempt that delivered"
            " it; manual attempts have none."
        ),
    ]


class StatisticsSeries(ApiSchema, frozen=True, kw_only=True):
    """Statistics per period, by time, then by group. Periods in which nothing happened are left
    out."""

    resolution: ResolutionName
    since: datetime
    until: datetime
    complete_until: Annotated[
        datetime,
        Meta(
            description="Everything that was recorded before this time is counted. Later events may"
            " be missing."
        ),
    ]
    counted_since: Annotated[
        datetime, Meta(description="Nothing from before this time is counted.")
    ]
    data: list[StatisticsPoint]


class EndpointAttemptStats(ApiSchema, frozen=True, kw_only=True):
    """Numbers of an endpoint's attempts that succeeded and failed, and of its cancelled
    deliveries."""

    success: int
    fail: int
    canceled: int


class EndpointSparkline(ApiSchema, frozen=True, kw_only=True):
    """Attempts of an endpoint by hour, the oldest hour first."""

    endpoint_id: Annotated[str, Meta(examples=["ep_05jHR6TnRzUGhKWN8Ckr5D"])]
    success: list[int]
    fail: list[int]


class EndpointSparklines(ApiSchema, frozen=True, kw_only=True):
    """The endpoints that were asked for, in the order in which they were."""

    since: datetime
    until: datetime
    resolution: ResolutionName
    data: list[EndpointSparkline]


def sparklines_out(series: EndpointSeries) -> EndpointSparklines:
    """Attempts by endpoint as clients see them."""
    return EndpointSparklines(
        since=series.since,
        until=series.until,
        resolution="hour",
        data=[
            EndpointSparkline(
                endpoint_id=format_id(ENDPOINT, endpoint_id),
                success=list(delivered),
                fail=list(failed),
            )
            for endpoint_id, (delivered, failed) in series.counts.items()
        ],
    )


def resolution_of(name: ResolutionName) -> Resolution:
    """The resolution of a name."""
    return Resolution[name.upper()]


def series_out(series: Series, group_by: GroupBy | None) -> StatisticsSeries:
    """A series as clients see it."""
    names: dict[Resolution, ResolutionName] = {
        Resolution.MINUTE: "minute",
        Resolution.HOUR: "hour",
        Resolution.DAY: "day",
    }
    prefix = ENDPOINT if group_by is GroupBy.ENDPOINT else APPLICATION
    return StatisticsSeries(
        resolution=names[series.resolution],
        since=series.since,
        until=series.until,
        complete_until=series.complete_until,
        counted_since=series.counted_since,
        data=[_point_out(each, prefix) for each in series.points],
    )


def _point_out(point: SeriesPoint, prefix: str) -> StatisticsPoint:
    made, group = point.deliveries, point.group
    numbers = (0,) * 6 if made is None else made.numbers
    first_attempts, delivered, failed, exhausted, retried, canceled = numbers
    return StatisticsPoint(
        starts_at=point.starts_at,
        group=format_id(prefix, group) if isinstance(group, bytes) else group,
        accepted=point.accepted,
        first_attempts=first_attempts,
        delivered=delivered,
        failed=failed,
        exhausted=exhausted,
        retried=retried,
        canceled=canceled,
        attempt_duration_ms=_percentiles(None if made is None else made.durations_ms),
        delivery_latency_ms=_percentiles(None if made is None else made.latencies_ms),
    )


def _percentiles(values: tuple[float, ...] | None) -> Percentiles | None:
    if values is None:
        return None
    p50, p95, p99 = values
    return Percentiles(p50=p50, p95=p95, p99=p99)
