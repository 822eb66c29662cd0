"""/api/v1/platform"""

from importlib.metadata import version
from typing import Annotated

from litestar import Controller, get
from litestar.params import QueryParameter

from angarium_gateway.application.platform.examine_platform import OLDER_THAN_S

from .dependencies import Api
from .schemas.platform import PlatformFindingsOut, PlatformOut, findings_out, platform_out

OlderThan = Annotated[
    int,
    QueryParameter(
        ge=1,
        le=86_400,
        description="Seconds after which an open batch or a delivery that is due is a finding.",
    ),
]


class PlatformController(Controller):
    """The platform itself. All of it concerns every tenant."""

    path = "/api/v1/platform"
    tags = ("Platform Operation",)

    @get(operation_id="v1.platform.get", summary="Get the state of the platform")
    async def get_platform(self, api: Api) -> PlatformOut:
        """Returns the processes of the platform with their versions and pools, the streams between
        them with their backlog, open batches, and the Redis server.
        """
        return platform_out(await api.platform.read(), version("angarium-gateway"))

    @get("/findings", operation_id="v1.platform.list-findings", summary="Examine the platform")
    async def list_findings(
        self, api: Api, older_than_s: OlderThan = OLDER_THAN_S
    ) -> PlatformFindingsOut:
        """Examines Redis, streams, processes, databases, batches and overdue deliveries, and
        returns the findings with remedies, as `angarium doctor` does. It changes nothing, and takes
        some seconds at most: a service that does not answer is a finding.
        """
        return findings_out(await api.platform.examine(float(older_than_s)))
