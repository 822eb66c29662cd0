"""Examples of what searches find, of streams, and of payloads."""

from datetime import UTC, datetime
from typing import Final

from angarium_contracts.attempts import AttemptStatus, AttemptTrigger

from angarium_gateway.adapters.http.schemas.attempts import AttemptTimings
from angarium_gateway.adapters.http.schemas.fields import ApiSchema
from angarium_gateway.adapters.http.schemas.search import FoundAttemptOut, FoundMessageOut

_SENT_AT: Final = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
_STREAM: Final = """id: 1772452800000-1772452799120-41
event: message.accepted
data: {"id":"msg_05jHR6TnRzUGhKWN8Ckr5D","appId":"app_05jHR6TnRzUGhKWN8Ckr5D",\
"eventType":"invoice.paid","eventId":null,\
"channels":null,"tags":null,"timestamp":"2026-03-02T12:00:00Z"}

"""
PLAIN_EXAMPLES: Final = {
    "text/event-stream": _STREAM,
    "*/*": '{"id":"in_1001","amount":4200,"currency":"eur"}',
}
"""Examples of bodies that are not JSON of ours, by media type."""


def found_examples(number: str) -> tuple[ApiSchema, ...]:
    """A message and an attempt, with this number in their ids."""
    return (
        FoundMessageOut(
            id=f"msg_{number}",
            event_type="invoice.paid",
            event_id="evt_1001",
            payload={},
            channels=None,
            tags=("march",),
            timestamp=_SENT_AT,
            app_id=f"app_{number}",
        ),
        FoundAttemptOut(
            id=f"atmpt_{number}",
            msg_id=f"msg_{number}",
            endpoint_id=f"ep_{number}",
            url="https://example.com/webhooks",
            response='{"received": true}',
            response_status_code=200,
            response_duration_ms=87,
            status=AttemptStatus.SUCCESS,
            status_text="success",
            trigger_type=AttemptTrigger.SCHEDULED,
            timestamp=_SENT_AT,
            msg=None,
            timings=AttemptTimings(
                dns=1.2, connect=11.8, tls=24.6, first_byte=86.4, body=0.7, total=87.1
            ),
            http_version="1.1",
            response_status_text="OK",
            app_id=f"app_{number}",
            event_type="invoice.paid",
        ),
    )
