"""/api/v1/background-task"""

from typing import Annotated

from angarium_contracts.ids import BACKGROUND_TASK, parse_id
from angarium_contracts.queries import Problem
from litestar import Controller, get, post
from litestar.params import PathParameter, QueryParameter

from angarium_gateway.application.redelivery.background_tasks import TaskFilter
from angarium_gateway.domain.background_tasks import TaskKind, TaskStatus

from .dependencies import Api, CurrentCaller
from .id_lists import list_response, window_of
from .noted_changes import note_change
from .parameters import LIMIT_DEFAULT, Iterator, Limit, Order
from .problems import ProblemAnswer, Refused, problem_answer, refusal
from .schemas.background_tasks import BackgroundTaskOut, background_task_out
from .schemas.fields import NAME_PATTERN
from .schemas.lists import ListResponse

TaskRef = Annotated[
    str,
    PathParameter(pattern=NAME_PATTERN, max_length=256, description="The background task's id."),
]
Status = Annotated[
    TaskStatus | None,
    QueryParameter(
        description="Only tasks with this status. `failed` includes those that were canceled,"
        " `canceled` are only these."
    ),
]
Kind = Annotated[TaskKind | None, QueryParameter(description="Only tasks of this kind.")]


class BackgroundTaskController(Controller):
    """Background tasks: work on many messages that goes on after its request was answered."""

    path = "/api/v1/background-task"
    tags = ("Background Task",)

    @get(
        operation_id="v1.background-task.list",
        summary="List background tasks",
    )
    async def list_tasks(
        self,
        api: Api,
        caller: CurrentCaller,
        status: Status = None,
        task: Kind = None,
        limit: Limit = LIMIT_DEFAULT,
        iterator: Iterator = None,
        order: Order = "descending",
    ) -> ListResponse[BackgroundTaskOut]:
        """Returns the tenant's background tasks, newest first unless `order` says otherwise. A key
        of the scope `application` gets those of its application.
        """
        window = window_of(BACKGROUND_TASK, limit, iterator, descending=order == "descending")
        chosen = TaskFilter(_statuses(status), task, caller.application_id)
        page = await api.redelivery.tasks.page(caller.tenant_id, window, chosen)
        return list_response(BACKGROUND_TASK, page, window, background_task_out)

    @get("/{task_id:str}", operation_id="v1.background-task.get", summary="Get a background task")
    async def get_task(
        self, api: Api, caller: CurrentCaller, task_id: TaskRef
    ) -> BackgroundTaskOut:
        """Returns a background task with its progress."""
        named = parse_id(BACKGROUND_TASK, task_id)
        found = None if named is None else await api.redelivery.tasks.find(caller.tenant_id, named)
        own = caller.application_id
        if found is None or own not in (None, found.arguments.application_id):
            raise Refused(_absent(task_id))
        return background_task_out(found)

    @post(
        "/{task_id:str}/cancel",
        status_code=200,
        operation_id="v1.background-task.cancel",
        summary="Cancel a background task",
    )
    async def cancel_task(
        self, api: Api, caller: CurrentCaller, task_id: TaskRef
    ) -> BackgroundTaskOut:
        """Ends a running task where it is, and returns it. What it has done stays done, and
        messages that it has handed over are still delivered. It goes on for at most 100 messages.

        A task that has ended gets `409`, and so does one that delivers messages that were kept
        while their endpoint was disabled: disable the endpoint again instead.
        """
        named = parse_id(BACKGROUND_TASK, task_id)
        found = None
        if named is not None:
            canceled = api.redelivery.cancel_task
            found = await canceled(caller.tenant_id, named, caller.application_id)
        if found is None:
            raise Refused(_absent(task_id))
        if isinstance(found, Problem):
            raise Refused(refusal(found))
        note_change({"state": "running"}, {"state": found.status.value})
        return background_task_out(found)


def _statuses(status: TaskStatus | None) -> frozenset[TaskStatus] | None:
    if status is None:
        return None
    # As answers have it: `status` is a closed set in the SDKs, without `canceled`.
    also = {TaskStatus.CANCELED} if status is TaskStatus.FAILED else set[TaskStatus]()
    return frozenset({status, *also})


def _absent(task_id: str) -> ProblemAnswer:
    detail = f"There is no background task {task_id}. List the tasks to find its id."
    return problem_answer(404, "not_found", "Not found", detail)
