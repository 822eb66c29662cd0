"""Results of searches on the wire."""

from angarium_contracts.attempts import Attempt
from angarium_contracts.ids import APPLICATION, format_id

from angarium_gateway.application.read.messages import FoundMessage

from .attempts import MessageAttemptOut, attempt_out
from .messages import MessageOut, message_out


class FoundMessageOut(MessageOut, frozen=True, kw_only=True):
    """A message, and the application that it was posted to."""

    app_id: str


class FoundAttemptOut(MessageAttemptOut, frozen=True, kw_only=True):
    """An attempt, with its application and the type of its message."""

    app_id: str | None
    event_type: str


def found_message_out(found: FoundMessage) -> FoundMessageOut:
    """A found message as clients see it."""
    out = message_out(found.message)
    members = {name: getattr(out, name) for name in MessageOut.__struct_fields__}
    return FoundMessageOut(**members, app_id=format_id(APPLICATION, found.application_id))


def found_attempt_out(attempt: Attempt, documentation_url: str | None) -> FoundAttemptOut:
    """A found attempt as clients see it."""
    out = attempt_out(attempt, documentation_url)
    members = {name: getattr(out, name) for name in MessageAttemptOut.__struct_fields__}
    application_id = attempt.application_id
    return FoundAttemptOut(
        **members,
        app_id=None if application_id is None else format_id(APPLICATION, application_id),
        event_type=attempt.event_type,
    )
