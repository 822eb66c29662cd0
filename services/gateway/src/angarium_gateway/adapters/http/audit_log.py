"""/api/v1/audit-log"""

from typing import Annotated

from angarium_contracts.ids import AUDIT_ENTRY
from litestar import Controller, get
from litestar.params import QueryParameter

from .dependencies import Api, CurrentCaller
from .id_lists import list_response, window_of
from .parameters import LIMIT_DEFAULT, Iterator, Limit, Order
from .schemas.audit_log import AuditEntryOut, audit_entry_out
from .schemas.fields import NAME_PATTERN
from .schemas.lists import ListResponse

Operation = Annotated[
    str | None,
    QueryParameter(
        pattern=NAME_PATTERN,
        max_length=128,
        description="Only entries of this operation, such as `v1.endpoint.update`.",
    ),
]


class AuditLogController(Controller):
    """The audit log: every request that was to change something, but no posted message."""

    path = "/api/v1/audit-log"
    tags = ("Audit Log",)

    @get(
        operation_id="v1.audit-log.list",
        summary="List audit log entries",
    )
    async def list_entries(
        self,
        api: Api,
        caller: CurrentCaller,
        operation: Operation = None,
        limit: Limit = LIMIT_DEFAULT,
        iterator: Iterator = None,
        order: Order = "descending",
    ) -> ListResponse[AuditEntryOut]:
        """Returns the requests that changed or tried to change something, with the API key that
        made them and the status they got, newest first unless `order` says otherwise.

        Posted messages, requests without a valid API key and repeats under an `Idempotency-Key` are
        not recorded.
        """
        window = window_of(AUDIT_ENTRY, limit, iterator, descending=order == "descending")
        page = await api.audit_log.page(caller.tenant_id, window, operation)
        return list_response(AUDIT_ENTRY, page, window, audit_entry_out)
