"""/api/v1/health"""

from litestar import Controller, get

from .dependencies import Api, ApiDependencies
from .operation_needs import PUBLIC
from .problems import Refused, unavailable


class HealthController(Controller):
    """Liveness of the API. Its readiness is at the internal port's /ready."""

    path = "/api/v1/health"
    tags = ("Health",)
    opt = {PUBLIC: True}  # noqa: RUF012 - Litestar reads it from the class

    @get(status_code=204, operation_id="v1.health.get", summary="Check the API")
    async def get_health(self, api: Api) -> None:
        """Answers `204` if the API is reachable, and `503` while the gateway is about to stop.
        Whether it can work is told by `/ready` of the internal port.
        """
        _refuse_if_stopping(api)

    @get("/ping", status_code=204, operation_id="v1.health.ping", summary="Ping the API")
    async def ping(self, api: Api) -> None:
        """Answers as `GET /api/v1/health` does."""
        _refuse_if_stopping(api)


def _refuse_if_stopping(api: ApiDependencies) -> None:
    if api.is_stopping():
        raise Refused(unavailable("This gateway is about to stop. Send requests to another one."))
