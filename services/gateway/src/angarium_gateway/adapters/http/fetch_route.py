"""/api/v1/fetch/{token}: the payloads of thin events, for their receivers.

The signed link stands for an API key. The route is not in the API's document, which is for tenants.
"""

from typing import Final

from angarium_contracts.queries import Problem
from angarium_webhooks.fetch_link import PATH
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from angarium_gateway.application.read.fetch_payload import NoPayload

from .dependencies import Api
from .operation_needs import PUBLIC
from .problems import ProblemAnswer, Refused, problem_answer, refusal

_JSON: Final = "application/json"
_HEADERS: Final = {"cache-control": "private, no-store"}


def fetch_route() -> HTTPRouteHandler:
    """The route of one application; it needs no API key."""

    @get(PATH + "{token:str}", opt={PUBLIC: True})
    async def fetch_payload(api: Api, token: FromPath[str]) -> Response[bytes]:
        """Answers the payload as it is sent plain: the same bytes, the same Content-Type."""
        found = await api.fetch_payload(token)
        if isinstance(found, NoPayload):
            raise Refused(_refusal(found))
        if isinstance(found, Problem):
            raise Refused(refusal(found))
        media_type = found.content_type or _JSON
        return Response(found.payload, media_type=media_type, headers=_HEADERS)

    return fetch_payload


def _refusal(why: NoPayload) -> ProblemAnswer:
    if why is NoPayload.UNKNOWN:
        return problem_answer(404, "not_found", "Not found", why.value)
    code = "link_ended" if why is NoPayload.ENDED else "payload_deleted"
    return problem_answer(410, code, "Gone", why.value)
