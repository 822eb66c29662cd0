"""Messages, deliveries, attempts and background tasks."""

from typing import Final

from .fields import (
    AFTER,
    APP_PATH,
    ATTEMPT_ID,
    BEFORE,
    BODIES,
    CHANNEL,
    CLASS,
    CONTENT,
    ENDPOINT_ID,
    EVENT_ID,
    MESSAGE_ID,
    MESSAGE_PATH,
    MESSAGE_PREFIX,
    OF_ENDPOINT,
    ORDER,
    RETRIED,
    STATUS,
    TAG,
    TASK_ID,
    TASK_PATH,
    TYPES_FILTER,
)
from .operation import Field, Operation, Resource

_ATTEMPT_FILTERS: Final = (
    STATUS,
    CLASS,
    OF_ENDPOINT,
    TYPES_FILTER,
    CHANNEL,
    TAG,
    MESSAGE_PREFIX,
    EVENT_ID,
    AFTER,
    BEFORE,
    RETRIED,
    BODIES,
)
_ATTEMPT_COLUMNS: Final = (
    ("id", "id"),
    ("time", "timestamp"),
    ("status", "statusText"),
    ("response", "responseStatusCode"),
    ("ms", "responseDurationMs"),
    ("event type", "eventType"),
    ("message", "msgId"),
    ("endpoint", "endpointId"),
    ("failure", "explanation.code"),
)
_MESSAGE_COLUMNS: Final = (
    ("id", "id"),
    ("time", "timestamp"),
    ("event type", "eventType"),
    ("event id", "eventId"),
    ("application", "appId"),
    ("channels", "channels"),
    ("tags", "tags"),
)

MESSAGES: Final = Resource(
    "messages",
    "List, show, cancel messages, and delete their content. `angarium send` creates them.",
    (
        Operation(
            "list", "GET", f"{APP_PATH}/search/messages", "List messages, newest first.",
            "messages list --app acme --event-type invoice.paid --after 2h",
            fields=(
                Field("--id", "id_prefix", "Only those whose id begins so."),
                Field("--event-id", "event_id", "Only the one with this event id."),
                Field(
                    "--event-id-prefix", "event_id_prefix", "Only those whose event id begins so."
                ),
                TYPES_FILTER, CHANNEL, TAG, AFTER, BEFORE, CONTENT,
            ),
            columns=_MESSAGE_COLUMNS, path_of_all="/api/v1/search/messages", paged=True,
        ),
        Operation(
            "show", "GET", MESSAGE_PATH, "Show a message with its payload.",
            "messages show evt_1001 --app acme --output json", (MESSAGE_ID,), (CONTENT,),
        ),
        Operation(
            "cancel", "POST", f"{MESSAGE_PATH}/cancel", "Cancel what is pending of a message.",
            "messages cancel evt_1001 --app acme --yes", (MESSAGE_ID,),
            asks="Cancel the pending deliveries of {msg_id}?",
        ),
        Operation(
            "delete", "DELETE", f"{MESSAGE_PATH}/content",
            "Delete the content of a message, and cancel what is pending of it. The message stays"
            " on record.",
            "messages delete evt_1001 --app acme --yes", (MESSAGE_ID,),
            asks="Delete the content of {msg_id} for good?",
        ),
    ),
)  # fmt: skip

DELIVERIES: Final = Resource(
    "deliveries",
    "List, show and cancel deliveries: one message for one endpoint. `angarium resend` creates"
    " them.",
    (
        Operation(
            "list", "GET", f"{APP_PATH}/search/attempts",
            "List deliveries with their latest attempt, newest first.",
            "deliveries list --app acme --status failed --no-retried", fields=_ATTEMPT_FILTERS,
            columns=(*_ATTEMPT_COLUMNS, ("next attempt", "nextAttempt")),
            path_of_all="/api/v1/search/attempts", fixed={"latest": True}, paged=True,
        ),
        Operation(
            "show", "GET", f"{MESSAGE_PATH}/endpoint",
            "Show the deliveries of a message, also those without an attempt yet.",
            "deliveries show evt_1001 --app acme", (MESSAGE_ID,),
            columns=(
                ("endpoint", "id"), ("uid", "uid"), ("url", "url"), ("status", "statusText"),
                ("next attempt", "nextAttempt"), ("canceled", "canceledReason"),
            ),
            paged=True,
        ),
        Operation(
            "cancel", "POST", f"{MESSAGE_PATH}/endpoint/{{endpoint_id}}/cancel",
            "Cancel a pending delivery.", "deliveries cancel evt_1001 orders --app acme --yes",
            (MESSAGE_ID, ENDPOINT_ID), asks="Cancel the delivery of {msg_id} to {endpoint_id}?",
        ),
    ),
)  # fmt: skip

ATTEMPTS: Final = Resource(
    "attempts",
    "List and show attempts, and delete the bodies of their responses.",
    (
        Operation(
            "list", "GET", f"{APP_PATH}/search/attempts", "List attempts, newest first.",
            "attempts list --app acme --status failed --after 1d", fields=_ATTEMPT_FILTERS,
            columns=_ATTEMPT_COLUMNS, path_of_all="/api/v1/search/attempts", paged=True,
        ),
        Operation(
            "show", "GET", f"{MESSAGE_PATH}/attempt/{{attempt_id}}", "Show an attempt.",
            "attempts show evt_1001 atmpt_… --app acme", (MESSAGE_ID, ATTEMPT_ID),
        ),
        Operation(
            "headers", "GET", f"{MESSAGE_PATH}/attempt/{{attempt_id}}/headers",
            "Show the headers of an attempt's request and response.",
            "attempts headers evt_1001 atmpt_… --app acme --output yaml",
            (MESSAGE_ID, ATTEMPT_ID),
        ),
        Operation(
            "delete", "DELETE", f"{MESSAGE_PATH}/attempt/{{attempt_id}}/content",
            "Delete the body of an attempt's response.",
            "attempts delete evt_1001 atmpt_… --app acme --yes", (MESSAGE_ID, ATTEMPT_ID),
            asks="Delete the response of {attempt_id} for good?",
        ),
    ),
)  # fmt: skip

TASKS: Final = Resource(
    "tasks",
    "List, show, follow and cancel background tasks.",
    (
        Operation(
            "list", "GET", "/api/v1/background-task", "List background tasks, newest first.",
            "tasks list --status running",
            fields=(
                Field(
                    "--status", "status", "Only tasks in this state.",
                    choices={name: name for name in ("running", "finished", "failed", "canceled")},
                ),
                Field(
                    "--task", "task", "Only tasks of this kind.",
                    choices={
                        name: name
                        for name in (
                            "application.purge_content", "application.stats",
                            "endpoint.bulk-replay", "endpoint.recover", "endpoint.replay",
                            "event-type.aggregate",
                        )
                    },
                ),
                ORDER,
            ),
            columns=(
                ("id", "id"), ("task", "task"), ("state", "state"), ("%", "progress.percent"),
                ("done", "progress.done"), ("updated", "updatedAt"),
            ),
            paged=True,
        ),
        Operation(
            "show", "GET", TASK_PATH, "Show a background task.", "tasks show qtask_…", (TASK_ID,)
        ),
        Operation(
            "cancel", "POST", f"{TASK_PATH}/cancel", "Cancel a running background task.",
            "tasks cancel qtask_… --yes", (TASK_ID,), asks="Cancel the task {task_id}?",
        ),
    ),
)  # fmt: skip
