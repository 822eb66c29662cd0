"""The parameter `wait` of polls: an answer that waits for a message while the client does."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final

from angarium_contracts.queries import Problem
from litestar import Request
from litestar.params import QueryParameter

from angarium_gateway.application.read.poll_messages import PolledPage
from angarium_gateway.application.read.waiting_polls import WAIT_S_MAX, TooManyWaiting
from angarium_gateway.application.tenants.authentication import Caller

from .api_key_authentication import bearer_token
from .dependencies import ApiDependencies
from .head_requests import HEAD_ONLY
from .problems import ProblemAnswer, Refused, problem_answer, refusal, unauthenticated

RETRY_AFTER_S: Final = 5

Wait = Annotated[
    int,
    QueryParameter(
        ge=0,
        le=WAIT_S_MAX,
        description="Seconds to wait for a message if there is none: the answer comes with the"
        " first one, or empty after that time.",
    ),
]


async def answer_poll(
    request: Request[Caller, bytes, Any],
    api: ApiDependencies,
    app_ref: str,
    wait_s: int,
    poll: Callable[[], Awaitable[PolledPage | Problem]],
) -> PolledPage:
    """The page of a poll, which waits for a message. Raises `Refused`."""
    page = _unwrap(await poll())
    if not wait_s or page.messages or not page.done or HEAD_ONLY in request.scope:
        return page
    application = await api.directory.find(request.user.tenant_id, app_ref)
    if isinstance(application, Problem):
        raise Refused(refusal(application))
    found = await _while_connected(
        request,
        api.waiting_polls.wait(
            request.user.tenant_id, application.id, poll, wait_s, is_stopping=api.is_stopping
        ),
    )
    if not await api.access.still_admits(bearer_token(request), request.user):
        raise Refused(unauthenticated())
    match found:
        case None:
            return page
        case TooManyWaiting.OF_TENANT:
            raise Refused(_too_many(429, "As many polls of your tenant wait as may wait."))
        case TooManyWaiting.OF_PROCESS:
            raise Refused(_too_many(503, "As many polls wait as may wait."))
        case _:
            return _unwrap(found)


async def _while_connected[T](
    request: Request[Caller, bytes, Any], waiting: Awaitable[T]
) -> T | None:
    """The result of `waiting`; None if the client went away before, which cancels it."""
    tasks = asyncio.ensure_future(waiting), asyncio.ensure_future(_disconnected(request))
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return tasks[0].result() if tasks[0].done() else None
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def _disconnected(request: Request[Caller, bytes, Any]) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _unwrap(page: PolledPage | Problem) -> PolledPage:
    if isinstance(page, Problem):
        raise Refused(refusal(page))
    return page


def _too_many(status: int, reason: str) -> ProblemAnswer:
    return problem_answer(
        status,
        "too_many_waiting",
        "Too many waiting polls",
        f"{reason} Poll without `wait`, or try again later.",
        (("retry-after", str(RETRY_AFTER_S)),),
    )
