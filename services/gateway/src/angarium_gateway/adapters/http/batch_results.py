"""The results of messages of a batch, as clients get them."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

import msgspec
from angarium_contracts.ids import MESSAGE, format_id
from msgspec import UNSET

from angarium_gateway.application.accept.idempotency import SERVER_ERROR, TOO_MANY_REQUESTS
from angarium_gateway.domain.messages import NewMessage

from .problems import ProblemAnswer
from .schemas.message_batches import BatchError, BatchFault, BatchResult, MessageBatchOut

_PLACE: Final = ("body", "messages")
_REFUSED_MEMBERS: Final = {
    "payload_too_large": "payload",
    "not_found": "applicationId",
    "permission_denied": "application",
    "quota_reached": "application",
    "event_exists": "eventId",
}
"""The member at fault, by the code of a refusal that names none."""


def refused_result(place: int, answer: ProblemAnswer) -> BatchResult:
    """The result of a message that alone would get this answer."""
    problem = msgspec.json.decode(answer.body)
    code, detail = str(problem["code"]), problem["detail"]
    start = (*_PLACE, str(place))
    if isinstance(detail, str):
        member = _REFUSED_MEMBERS.get(code)
        location = start if member is None else (*start, member)
        faults = [BatchFault(loc=location, msg=detail, type="value_error")]
    else:
        faults = [
            BatchFault(loc=_location(start, fault["loc"]), msg=fault["msg"], type=fault["type"])
            for fault in detail
        ]
    later = answer.status >= SERVER_ERROR or answer.status == TOO_MANY_REQUESTS
    return BatchResult(
        status="unavailable" if later else "invalid",
        error=BatchError(status=answer.status, code=code, detail=faults),
    )


def _location(start: tuple[str, ...], location: Sequence[str]) -> tuple[str, ...]:
    """The place of a fault of a message in the whole body. Names in the path of the single
    operation are members here."""
    of, *rest = location
    return (*start, "applicationId") if of == "path" else (*start, *rest)


def created_result(message: NewMessage, violations: int | None) -> BatchResult:
    """The result of a message that is stored. It has so many violations of its schema."""
    return BatchResult(
        status="created",
        id=format_id(MESSAGE, message.id),
        event_id=message.event_id,
        schema_violations=violations or UNSET,
    )


def batch_out(results: list[BatchResult]) -> MessageBatchOut:
    """The results, and how many of each kind there are."""
    counts = Counter([each.status for each in results])
    return MessageBatchOut(
        data=results,
        created=counts["created"],
        duplicate=counts["duplicate"],
        invalid=counts["invalid"],
        unavailable=counts["unavailable"],
    )
