"""Checks posted payloads against the schemas of their event types, for tenants that want it."""

from typing import Final

from angarium_contracts.queries import Problem

from angarium_gateway.application.accept.event_type_schemas import EventTypeSchemas
from angarium_gateway.application.tenants.authentication import Caller
from angarium_gateway.application.tenants.schema_violations import CountSchemaViolations
from angarium_gateway.domain.schema_checks import SchemaCheck

from .posted_message import PostedMessage
from .problems import Fault, Refused, invalid, unavailable
from .raw_payload import RAW_PAYLOAD
from .request_counters import SCHEMA_VIOLATIONS

VIOLATIONS_HEADER: Final = b"angarium-schema-violations"
"""Header of the answer to a message that was accepted although it violates its schema."""
_PAYLOAD: Final = ("body", "payload")
_ACCEPTED = SCHEMA_VIOLATIONS.labels("accepted")
_REFUSED = SCHEMA_VIOLATIONS.labels("refused")


class SchemaChecks:
    """Checks a message at a time. Call it only for callers whose `schema_check` is set."""

    def __init__(self, schemas: EventTypeSchemas, counts: CountSchemaViolations) -> None:
        self._schemas = schemas
        self._counts = counts

    async def __call__(self, caller: Caller, posted: PostedMessage) -> int:
        """The number of violations of a message that may be accepted all the same.

        Raises `Refused`: 422 with each violation, or 503 if a schema that is enforced is not
        known.
        """
        enforced = caller.schema_check is SchemaCheck.ENFORCE
        check = await self._schemas.find(caller.tenant_id, posted.event_type)
        if check is None:
            return 0
        if isinstance(check, Problem):
            if enforced:
                detail = "The schema of the event type cannot be read at the moment. Try again."
                raise Refused(unavailable(detail))
            return 0
        found = check.violations(bytes(posted.payload))
        if found:
            self._counts.note(caller.tenant_id, posted.event_type, refused=enforced)
        if found and enforced:
            _REFUSED.inc()
            place = _PAYLOAD if posted.content_type is None else RAW_PAYLOAD
            raise Refused(
                invalid(*(Fault((*place, *each.path), each.message, "schema") for each in found))
            )
        if found:
            _ACCEPTED.inc()
        return len(found)
