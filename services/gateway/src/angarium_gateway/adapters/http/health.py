"""/api/v1/health"""

from litestar import Controller, get, head

from .operation_needs import PUBLIC


class HealthController(Controller):
    """Whether the API answers. Whether it can work is at the internal port's /ready."""

    path = "/api/v1/health"
    tags = ("Health",)
    opt = {PUBLIC: True}  # noqa: RUF012 - Litestar reads it from the class

    @get(status_code=204, operation_id="v1.health.get", summary="Check the API")
    async def get_health(self) -> None:
        """Answers `204` if the API is reachable. Whether it can work is told by `/ready` of the
        internal port.
        """

    @head(operation_id="v1.health.head", summary="Check the API without a body", status_code=204)
    async def head_health(self) -> None:
        """Answers like `GET`, for load balancers that send `HEAD`."""
