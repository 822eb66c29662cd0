"""/api/v1/stats/series, /api/v1/app/{app_id}/stats/series and …/attempt-stats"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Final, Literal

from angarium_contracts.ids import BACKGROUND_TASK, ENDPOINT, format_id, parse_id
from angarium_contracts.queries import Problem
from litestar import Controller, get, post, put
from litestar.params import JSONBody, QueryParameter

from angarium_gateway.application.read.overview import LIMIT_MAX
from angarium_gateway.application.read.statistics import GroupBy, SeriesRequest

from .dependencies import Api, CurrentCaller
from .parameters import (
    NAME_CHARS_MAX,
    TIME_PATTERN,
    ApplicationRef,
    EndpointRef,
    time_of,
)
from .problems import Fault, Refused, invalid, refusal
from .schemas.background_tasks import (
    AggregateEventTypesOut,
    AppUsageStatsIn,
    AppUsageStatsOut,
    started,
    status_of,
)
from .schemas.fields import NAME_PATTERN
from .schemas.overview import (
    BacklogStats,
    UnhealthyEndpointsOut,
    backlog_out,
    unhealthy_out,
)
from .schemas.statistics import (
    EndpointAttemptStats,
    EndpointSparklines,
    ResolutionName,
    StatisticsSeries,
    resolution_of,
    series_out,
    sparklines_out,
)

ResolutionParameter = Annotated[
    ResolutionName, QueryParameter(description="The length of a period (UTC).")
]
Bound = Annotated[
    str | None,
    QueryParameter(
        pattern=TIME_PATTERN,
        description="Periods from the one with `since` to those that begin before `until`"
        " (RFC 3339); UTC if it has no offset. At most 1,500 periods.",
        schema_extra={"format": "date-time"},
    ),
]
AttemptedAt = Annotated[
    str | None,
    QueryParameter(
        pattern=TIME_PATTERN,
        description="A bound of the time of attempts (RFC 3339), rounded to whole hours; UTC if it"
        " has no offset.",
        schema_extra={"format": "date-time"},
    ),
]
Group = Annotated[
    Literal["application", "endpoint", "event_type"] | None,
    QueryParameter(description="Divide each period by this."),
]


UnhealthyLimit = Annotated[
    int, QueryParameter(ge=1, le=LIMIT_MAX, description="The largest number of endpoints.")
]
SPARKLINES_MAX: Final = 100


def _endpoint_ids(refs: Sequence[str]) -> list[bytes]:
    """The ids, each once. Raises `Refused` (422) for what is no id."""
    found: dict[bytes, None] = {}
    for ref in refs:
        parsed = parse_id(ENDPOINT, ref)
        if parsed is None:
            message = "This is no id of an endpoint. Ids begin with `ep_`."
            raise Refused(invalid(Fault(("query", "endpoint_id"), message)))
        found[parsed] = None
    return list(found)


def _named(what: str) -> QueryParameter:
    return QueryParameter(pattern=NAME_PATTERN, max_length=NAME_CHARS_MAX, description=what)


OnlyApplication = Annotated[str | None, _named("Only this application: its id or uid.")]
OnlyEndpoint = Annotated[
    str | None, _named("Only this endpoint of the application: its id or uid.")
]
OnlyEventType = Annotated[str | None, _named("Only this event type.")]


EndpointIds = Annotated[
    list[str] | None,
    QueryParameter(
        max_items=SPARKLINES_MAX,
        description="The ids of the endpoints (`ep_…`). Repeat it for several.",
    ),
]


class StatisticsController(Controller):
    """Statistics of the tenant."""

    path = "/api/v1/stats"
    tags = ("Statistics",)

    @get(
        "/unhealthy-endpoints",
        operation_id="v1.statistics.unhealthy-endpoints",
        summary="List unhealthy endpoints",
    )
    async def list_unhealthy(
        self, api: Api, caller: CurrentCaller, limit: UnhealthyLimit = 50
    ) -> UnhealthyEndpointsOut:
        """Returns the endpoints of all applications that are failing, disabled, or to which nothing
        is sent for a while because they failed, the worst first.
        """
        found = await api.overview.unhealthy(caller.tenant_id, limit)
        if isinstance(found, Problem):
            raise Refused(refusal(found))
        sick, truncated = found
        return UnhealthyEndpointsOut(
            data=[unhealthy_out(each) for each in sick], truncated=truncated
        )

    @get(
        "/backlog",
        operation_id="v1.statistics.backlog",
        summary="Count deliveries that wait",
    )
    async def get_backlog(self, api: Api, caller: CurrentCaller) -> BacklogStats:
        """Returns how many deliveries of the tenant wait, for their next attempt or for the turn of
        their endpoint, and since when the first of them has been due.
        """
        counted = await api.overview.waiting(caller.tenant_id)
        if isinstance(counted, Problem):
            raise Refused(refusal(counted))
        return backlog_out(counted)

    @get("/series", operation_id="v1.statistics.series", summary="Get a time series")
    async def get_series(
        self,
        api: Api,
        caller: CurrentCaller,
        resolution: ResolutionParameter = "hour",
        since: Bound = None,
        until: Bound = None,
        group_by: Group = None,
        app_id: OnlyApplication = None,
        endpoint_id: OnlyEndpoint = None,
        event_type: OnlyEventType = None,
    ) -> StatisticsSeries:
        """Returns how many messages were accepted, delivered, retried, exhausted and cancelled in
        each minute, hour or day, and how long that took.

        By default, the last 60 minutes, 24 hours or 30 days.
        """
        request = SeriesRequest(
            resolution_of(resolution),
            time_of("since", since),
            time_of("until", until),
            app_id,
            endpoint_id,
            event_type,
            None if group_by is None else GroupBy(group_by),
        )
        return await _series(api, caller, request)

    @post(
        "/usage/app",
        status_code=202,
        operation_id="v1.statistics.aggregate-app-stats",
        summary="Count deliveries by application",
    )
    async def aggregate_app_stats(
        self, api: Api, caller: CurrentCaller, data: JSONBody[AppUsageStatsIn]
    ) -> AppUsageStatsOut:
        """Starts a background task that counts, for each application, the deliveries that began in
        the time. Read the task for the result.
        """
        found = await api.redelivery.start_usage.of_applications(
            caller.tenant_id, _in_utc(data.since), _in_utc(data.until), data.app_ids
        )
        if isinstance(found, Problem):
            raise Refused(refusal(found))
        task = found.task
        return AppUsageStatsOut(
            id=format_id(BACKGROUND_TASK, task.id),
            status=status_of(task),
            task=task.kind,
            updated_at=task.updated_at,
            unresolved_app_ids=list(found.unresolved),
        )

    @put(
        "/usage/event-types",
        status_code=202,
        operation_id="v1.statistics.aggregate-event-types",
        summary="List event types by application",
    )
    async def aggregate_event_types(
        self, api: Api, caller: CurrentCaller
    ) -> AggregateEventTypesOut:
        """Starts a background task that lists, for each application, the event types to which its
        endpoints subscribe. Read the task for the result.
        """
        found = await api.redelivery.start_usage.of_event_types(caller.tenant_id)
        if isinstance(found, Problem):
            raise Refused(refusal(found))
        return started(AggregateEventTypesOut, found.task)


class ApplicationStatisticsController(Controller):
    """Statistics of one application and its endpoints."""

    path = "/api/v1/app/{app_id:str}"
    tags = ("Statistics",)

    @get(
        "/stats/endpoints",
        operation_id="v1.statistics.endpoint-sparklines",
        summary="Get the attempts of endpoints by hour",
    )
    async def get_sparklines(
        self,
        api: Api,
        caller: CurrentCaller,
        app_id: ApplicationRef,
        endpoint_id: EndpointIds = None,
    ) -> EndpointSparklines:
        """Returns how many attempts of each endpoint succeeded and failed in each of the last 24
        hours, the current one included, for up to 100 endpoints. Hours without attempts are zero.
        """
        series = await api.read_statistics.hours_of_endpoints(
            caller.tenant_id, app_id, _endpoint_ids(endpoint_id or ())
        )
        if isinstance(series, Problem):
            raise Refused(refusal(series))
        return sparklines_out(series)

    @get(
        "/stats/series",
        operation_id="v1.statistics.application-series",
        summary="Get a time series of an application",
    )
    async def get_application_series(
        self,
        api: Api,
        caller: CurrentCaller,
        app_id: ApplicationRef,
        resolution: ResolutionParameter = "hour",
        since: Bound = None,
        until: Bound = None,
        group_by: Group = None,
        endpoint_id: OnlyEndpoint = None,
        event_type: OnlyEventType = None,
    ) -> StatisticsSeries:
        """Returns how many of the application's messages were accepted, delivered, retried,
        exhausted and cancelled in each minute, hour or day, and how long that took.

        By default, the last 60 minutes, 24 hours or 30 days.
        """
        request = SeriesRequest(
            resolution_of(resolution),
            time_of("since", since),
            time_of("until", until),
            app_id,
            endpoint_id,
            event_type,
            None if group_by is None else GroupBy(group_by),
        )
        return await _series(api, caller, request)

    @get(
        "/endpoint/{endpoint_id:str}/attempt-stats",
        operation_id="v1.endpoint.get-attempt-stats",
        summary="Get attempt statistics",
    )
    async def get_attempt_stats(
        self,
        api: Api,
        caller: CurrentCaller,
        app_id: ApplicationRef,
        endpoint_id: EndpointRef,
        since: AttemptedAt = None,
        until: AttemptedAt = None,
    ) -> EndpointAttemptStats:
        """Returns how many attempts at the endpoint succeeded and failed, and how many of its
        deliveries were cancelled, in whole hours from the one with `since` to the one with `until`.

        By default, the last 28 days. Where statistics per hour are no longer kept, whole days
        count.
        """
        found = await api.read_statistics.attempt_sums(
            caller.tenant_id,
            app_id,
            endpoint_id,
            since=time_of("since", since),
            until=time_of("until", until),
        )
        if isinstance(found, Problem):
            raise Refused(refusal(found))
        _, delivered, failed, _, _, canceled = found
        return EndpointAttemptStats(success=delivered, fail=failed, canceled=canceled)


def _in_utc(at: datetime) -> datetime:
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


async def _series(api: Api, caller: CurrentCaller, request: SeriesRequest) -> StatisticsSeries:
    found = await api.read_statistics.series(caller.tenant_id, request)
    if isinstance(found, Problem):
        raise Refused(refusal(found))
    return series_out(found, request.group_by)
