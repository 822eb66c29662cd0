"""/api/v1/platform"""

from importlib.metadata import version
from typing import Annotated

from litestar import Controller, get
from litestar.params import QueryParameter

from angarium_gateway.application.platform.examine_platform import OLDER_THAN_S

from .dependencies import Api
from .parameters import TIME_PATTERN, time_of
from .schemas.platform import PlatformFindingsOut, PlatformOut, findings_out, platform_out
from .schemas.statistics import ResolutionName, resolution_of

OlderThan = Annotated[
    int,
    QueryParameter(
        ge=1,
        le=86_400,
        description="Seconds after which an open batch or a delivery that is due is a finding.",
    ),
]


BacklogResolution = Annotated[
    ResolutionName | None,
    QueryParameter(description="Add `backlogSeries` with periods of this length (UTC)."),
]
BacklogSince = Annotated[
    str | None,
    QueryParameter(
        pattern=TIME_PATTERN,
        description="The time of the first period of `backlogSeries` (RFC 3339); UTC if it has no"
        " offset. By default, the last 60 minutes, 24 hours or 30 days.",
        schema_extra={"format": "date-time"},
    ),
]


class PlatformController(Controller):
    """The platform itself. All of it concerns every tenant."""

    path = "/api/v1/platform"
    tags = ("Platform Operation",)

    @get(operation_id="v1.platform.get", summary="Get the state of the platform")
    async def get_platform(
        self, api: Api, resolution: BacklogResolution = None, since: BacklogSince = None
    ) -> PlatformOut:
        """Returns the processes of the platform with their versions and pools, the streams between
        them with their backlog, open batches, and the Redis server. With `resolution`, also the
        backlog of earlier times, which is sampled once a minute.
        """
        first = time_of("since", since)
        state = await api.platform.read()
        series = None
        if resolution is not None:
            series = await api.platform.read_backlog(resolution_of(resolution), first)
        return platform_out(state, version("angarium-gateway"), series)

    @get("/findings", operation_id="v1.platform.list-findings", summary="Examine the platform")
    async def list_findings(
        self, api: Api, older_than_s: OlderThan = OLDER_THAN_S
    ) -> PlatformFindingsOut:
        """Examines Redis, streams, processes, databases, batches and overdue deliveries, and
        returns the findings with remedies, as `angarium doctor` does. It changes nothing, and takes
        some seconds at most: a service that does not answer is a finding.
        """
        return findings_out(await api.platform.examine(float(older_than_s)))
