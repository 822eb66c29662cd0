"""/api/v1/background-task"""

from typing import Annotated

from angarium_contracts.ids import BACKGROUND_TASK, parse_id
from litestar import Controller, get
from litestar.params import PathParameter, QueryParameter

from angarium_gateway.application.redelivery.background_tasks import TaskFilter
from angarium_gateway.domain.background_tasks import TaskKind, TaskStatus

from .dependencies import Api, CurrentCaller
from .id_lists import list_response, window_of
from .parameters import LIMIT_DEFAULT, Iterator, Limit, Order
from .problems import Refused, problem_answer
from .schemas.background_tasks import BackgroundTaskOut, background_task_out
from .schemas.fields import NAME_PATTERN
from .schemas.lists import ListResponse

TaskRef = Annotated[
    str,
    PathParameter(pattern=NAME_PATTERN, max_length=256, description="The background task's id."),
]
Status = Annotated[TaskStatus | None, QueryParameter(description="Only tasks with this status.")]
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
        chosen = TaskFilter(status, task, caller.application_id)
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
            detail = f"There is no background task {task_id}. List the tasks to find its id."
            raise Refused(problem_answer(404, "not_found", "Not found", detail))
        return background_task_out(found)
