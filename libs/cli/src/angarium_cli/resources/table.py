"""The table of resources: operations, options and columns.

A test compares it with the API's document.
"""

from typing import Final

from .operation import Argument, Field, Kind, Operation, Resource

_APP: Final = "/api/v1/app/{app_id}"
_TYPE: Final = "/api/v1/event-type/{event_type_name}"
_ENDPOINT: Final = f"{_APP}/endpoint/{{endpoint_id}}"
_MESSAGE: Final = f"{_APP}/msg/{{msg_id}}"
_TASK: Final = "/api/v1/background-task/{task_id}"

_ORDER: Final = Field(
    "--order",
    "order",
    "Order of creation.",
    choices={"ascending": "ascending", "descending": "descending"},
)
_AFTER: Final = Field(
    "--after", "after", "Only later ones: a time, or a duration back from now.", Kind.TIME
)
_BEFORE: Final = Field(
    "--before", "before", "Only earlier ones: a time, or a duration back from now.", Kind.TIME
)
_EVENT_TYPES: Final = Field(
    "--event-type", "event_types", "Only these event types; may be repeated.", Kind.LIST
)
_CHANNEL: Final = Field("--channel", "channel", "Only messages of this channel.")
_TAG: Final = Field("--tag", "tag", "Only messages with this tag.")
_CONTENT: Final = Field("--content", "with_content", "Include payloads.", Kind.FLAG)
_BODIES: Final = Field("--content", "with_content", "Include bodies of responses.", Kind.FLAG)
_STATUS: Final = Field(
    "--status",
    "status",
    "Only attempts that ended so.",
    choices={"success": 0, "pending": 1, "failed": 2, "sending": 3},
)
_CLASS: Final = Field(
    "--status-code",
    "status_code_class",
    "Only attempts with such a response.",
    choices={"none": 0, "1xx": 100, "2xx": 200, "3xx": 300, "4xx": 400, "5xx": 500},
)
_OF_ENDPOINT: Final = Field("--endpoint", "endpoint_id", "Only attempts at this endpoint, by id.")
_RETRIED: Final = Field(
    "--retried", "will_retry", "Only those that will be retried, or with --no- will not.", Kind.FLAG
)
_MESSAGE_PREFIX: Final = Field("--message", "msg_id_prefix", "Only of messages whose id begins so.")
_EVENT_ID: Final = Field(
    "--event-id", "event_id_prefix", "Only of messages whose event id begins so."
)
_METADATA: Final = Field(
    "--metadata", "metadata", "Metadata as name=value; may be repeated.", Kind.MAP
)
_UID: Final = Field("--uid", "uid", "Id of your choice.")
_RATE: Final = Field("--throttle-rate", "throttleRate", "Messages a second, at most.", Kind.WHOLE)

_APP_ID: Final = Argument("app_id", "Id or uid of the application.")
_ENDPOINT_ID: Final = Argument("endpoint_id", "Id or uid of the endpoint.")
_TYPE_NAME: Final = Argument("event_type_name", "Name of the event type.")
_MESSAGE_ID: Final = Argument("msg_id", "Id or event id of the message.")
_ATTEMPT_ID: Final = Argument("attempt_id", "Id of the attempt.")
_TASK_ID: Final = Argument("task_id", "Id of the task.")

_APP_FIELDS: Final = (
    _UID,
    _METADATA,
    _RATE,
    Field("--weight", "weight", "Share of the tenant's capacity, 1 to 1,000.", Kind.WHOLE),
)
_ENDPOINT_FIELDS: Final = (
    _UID,
    Field("--description", "description", "Description."),
    Field(
        "--event-type",
        "eventTypes",
        "Event types to deliver; may be repeated. All without.",
        Kind.LIST,
    ),
    Field("--channel", "channels", "Channels to deliver; may be repeated.", Kind.LIST),
    Field("--filter", "filter", "Only messages for which this CEL expression is true."),
    Field("--disabled", "disabled", "Deliver nothing.", Kind.FLAG),
    Field(
        "--ordering", "ordering", "Order of deliveries.", choices={"fifo": "fifo", "none": "none"}
    ),
    _RATE,
    Field("--concurrency", "concurrency", "Requests at a time, at most.", Kind.WHOLE),
    Field("--timeout", "timeoutSeconds", "Seconds that an attempt may take, 1 to 30.", Kind.WHOLE),
    Field(
        "--retry-schedule",
        "retrySchedule",
        "Seconds before each retry, separated by commas.",
        Kind.NUMBERS,
    ),
    _METADATA,
)
_TYPE_FIELDS: Final = (
    Field("--description", "description", "Description."),
    Field("--group", "groupName", "Group that the portal lists it in."),
    Field("--archived", "archived", "Hide it, and accept no message of it.", Kind.FLAG),
    Field("--deprecated", "deprecated", "Mark it as deprecated.", Kind.FLAG),
    Field("--feature-flag", "featureFlags", "Feature flags; may be repeated.", Kind.LIST),
    Field(
        "--retry-schedule",
        "retrySchedule",
        "Seconds before each retry, separated by commas.",
        Kind.NUMBERS,
    ),
)
_ATTEMPT_FILTERS: Final = (
    _STATUS,
    _CLASS,
    _OF_ENDPOINT,
    _EVENT_TYPES,
    _CHANNEL,
    _TAG,
    _MESSAGE_PREFIX,
    _EVENT_ID,
    _AFTER,
    _BEFORE,
    _RETRIED,
    _BODIES,
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

APPS: Final = Resource(
    "apps",
    "List, show, create, change and delete applications.",
    (
        Operation(
            "list", "GET", "/api/v1/app", "List applications.", "apps list --search acme",
            fields=(
                Field("--search", "search", "Only those whose name or uid contains this."),
                Field(
                    "--with-endpoints", "exclude_apps_with_no_endpoints",
                    "Only those that have endpoints.", Kind.FLAG,
                ),
                Field(
                    "--without-disabled", "exclude_apps_with_disabled_endpoints",
                    "Only those without a disabled endpoint.", Kind.FLAG,
                ),
                _ORDER,
            ),
            columns=(("id", "id"), ("uid", "uid"), ("name", "name"), ("created", "createdAt")),
            paged=True,
        ),
        Operation("show", "GET", _APP, "Show an application.", "apps show acme", (_APP_ID,)),
        Operation(
            "create", "POST", "/api/v1/app", "Create an application.",
            "apps create 'Acme Inc.' --uid acme", (Argument("name", "Name of the application."),),
            _APP_FIELDS, free_members=True,
        ),
        Operation(
            "change", "PATCH", _APP, "Change an application.",
            "apps change acme --throttle-rate 50", (_APP_ID,),
            (Field("--name", "name", "Name."), *_APP_FIELDS), free_members=True,
        ),
        Operation(
            "delete", "DELETE", _APP, "Delete an application with its endpoints.",
            "apps delete acme --yes", (_APP_ID,), asks="Delete the application {app_id}?",
        ),
    ),
)  # fmt: skip

ENDPOINTS: Final = Resource(
    "endpoints",
    "List, show, create, change and delete endpoints of an application.",
    (
        Operation(
            "list", "GET", f"{_APP}/endpoint", "List endpoints.", "endpoints list --app acme",
            fields=(_ORDER,),
            columns=(
                ("id", "id"), ("uid", "uid"), ("url", "url"), ("event types", "eventTypes"),
                ("disabled", "disabled"), ("description", "description"),
            ),
            paged=True,
        ),
        Operation(
            "show", "GET", _ENDPOINT, "Show an endpoint.", "endpoints show orders --app acme",
            (_ENDPOINT_ID,),
        ),
        Operation(
            "create", "POST", f"{_APP}/endpoint", "Create an endpoint.",
            "endpoints create https://example.com/hook --app acme --event-type invoice.paid",
            (Argument("url", "URL that receives the messages, or poll://messages."),),
            _ENDPOINT_FIELDS, free_members=True,
        ),
        Operation(
            "change", "PATCH", _ENDPOINT, "Change an endpoint.",
            "endpoints change orders --app acme --disabled", (_ENDPOINT_ID,),
            (Field("--url", "url", "URL."), *_ENDPOINT_FIELDS), free_members=True,
        ),
        Operation(
            "delete", "DELETE", _ENDPOINT, "Delete an endpoint, and cancel what is pending for it.",
            "endpoints delete orders --app acme --yes", (_ENDPOINT_ID,),
            asks="Delete the endpoint {endpoint_id}?",
        ),
        Operation(
            "secret", "GET", f"{_ENDPOINT}/secret", "Show the signing secret of an endpoint.",
            "endpoints secret orders --app acme --output json", (_ENDPOINT_ID,),
        ),
        Operation(
            "health", "GET", f"{_ENDPOINT}/delivery-state",
            "Show how deliveries to an endpoint go, and what waits.",
            "endpoints health orders --app acme", (_ENDPOINT_ID,),
        ),
    ),
)  # fmt: skip

EVENT_TYPES: Final = Resource(
    "event-types",
    "List, show, create, change, delete, import and export event types.",
    (
        Operation(
            "list", "GET", "/api/v1/event-type", "List event types.", "event-types list --archived",
            fields=(
                _ORDER,
                Field("--archived", "include_archived", "Include archived ones.", Kind.FLAG),
                Field("--schemas", "with_content", "Include schemas.", Kind.FLAG),
            ),
            columns=(
                ("name", "name"), ("description", "description"), ("group", "groupName"),
                ("archived", "archived"), ("deprecated", "deprecated"),
            ),
            paged=True,
        ),
        Operation(
            "show", "GET", _TYPE, "Show an event type with its schemas.",
            "event-types show invoice.paid", (_TYPE_NAME,),
        ),
        Operation(
            "create", "POST", "/api/v1/event-type", "Create an event type.",
            "event-types create invoice.paid --description 'An invoice was paid.'",
            (Argument("name", "Name of the event type, such as invoice.paid."),),
            _TYPE_FIELDS, fixed={"description": ""}, free_members=True,
        ),
        Operation(
            "change", "PATCH", _TYPE, "Change an event type.",
            "event-types change invoice.paid --deprecated", (_TYPE_NAME,), _TYPE_FIELDS,
            free_members=True,
        ),
        Operation(
            "delete", "DELETE", _TYPE, "Archive an event type, or delete it for good.",
            "event-types delete invoice.paid --yes", (_TYPE_NAME,),
            (Field("--expunge", "expunge", "Delete it for good.", Kind.FLAG),),
            asks="Delete the event type {event_type_name}?",
        ),
    ),
)  # fmt: skip

MESSAGES: Final = Resource(
    "messages",
    "List, show, cancel messages, and delete their content. `angarium send` creates them.",
    (
        Operation(
            "list", "GET", f"{_APP}/search/messages", "List messages, newest first.",
            "messages list --app acme --event-type invoice.paid --after 2h",
            fields=(
                Field("--id", "id_prefix", "Only those whose id begins so."),
                Field("--event-id", "event_id", "Only the one with this event id."),
                Field(
                    "--event-id-prefix", "event_id_prefix", "Only those whose event id begins so."
                ),
                _EVENT_TYPES, _CHANNEL, _TAG, _AFTER, _BEFORE, _CONTENT,
            ),
            columns=_MESSAGE_COLUMNS, path_of_all="/api/v1/search/messages", paged=True,
        ),
        Operation(
            "show", "GET", _MESSAGE, "Show a message with its payload.",
            "messages show evt_1001 --app acme --output json", (_MESSAGE_ID,), (_CONTENT,),
        ),
        Operation(
            "cancel", "POST", f"{_MESSAGE}/cancel", "Cancel what is pending of a message.",
            "messages cancel evt_1001 --app acme --yes", (_MESSAGE_ID,),
            asks="Cancel the pending deliveries of {msg_id}?",
        ),
        Operation(
            "delete", "DELETE", f"{_MESSAGE}/content",
            "Delete the content of a message, and cancel what is pending of it. The message stays"
            " on record.",
            "messages delete evt_1001 --app acme --yes", (_MESSAGE_ID,),
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
            "list", "GET", f"{_APP}/search/attempts",
            "List deliveries with their latest attempt, newest first.",
            "deliveries list --app acme --status failed --no-retried", fields=_ATTEMPT_FILTERS,
            columns=(*_ATTEMPT_COLUMNS, ("next attempt", "nextAttempt")),
            path_of_all="/api/v1/search/attempts", fixed={"latest": True}, paged=True,
        ),
        Operation(
            "show", "GET", f"{_MESSAGE}/endpoint",
            "Show the deliveries of a message, also those without an attempt yet.",
            "deliveries show evt_1001 --app acme", (_MESSAGE_ID,),
            columns=(
                ("endpoint", "id"), ("uid", "uid"), ("url", "url"), ("status", "statusText"),
                ("next attempt", "nextAttempt"), ("canceled", "canceledReason"),
            ),
            paged=True,
        ),
        Operation(
            "cancel", "POST", f"{_MESSAGE}/endpoint/{{endpoint_id}}/cancel",
            "Cancel a pending delivery.", "deliveries cancel evt_1001 orders --app acme --yes",
            (_MESSAGE_ID, _ENDPOINT_ID), asks="Cancel the delivery of {msg_id} to {endpoint_id}?",
        ),
    ),
)  # fmt: skip

ATTEMPTS: Final = Resource(
    "attempts",
    "List and show attempts, and delete the bodies of their responses.",
    (
        Operation(
            "list", "GET", f"{_APP}/search/attempts", "List attempts, newest first.",
            "attempts list --app acme --status failed --after 1d", fields=_ATTEMPT_FILTERS,
            columns=_ATTEMPT_COLUMNS, path_of_all="/api/v1/search/attempts", paged=True,
        ),
        Operation(
            "show", "GET", f"{_MESSAGE}/attempt/{{attempt_id}}", "Show an attempt.",
            "attempts show evt_1001 atmpt_… --app acme", (_MESSAGE_ID, _ATTEMPT_ID),
        ),
        Operation(
            "headers", "GET", f"{_MESSAGE}/attempt/{{attempt_id}}/headers",
            "Show the headers of an attempt's request and response.",
            "attempts headers evt_1001 atmpt_… --app acme --output yaml",
            (_MESSAGE_ID, _ATTEMPT_ID),
        ),
        Operation(
            "delete", "DELETE", f"{_MESSAGE}/attempt/{{attempt_id}}/content",
            "Delete the body of an attempt's response.",
            "attempts delete evt_1001 atmpt_… --app acme --yes", (_MESSAGE_ID, _ATTEMPT_ID),
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
                _ORDER,
            ),
            columns=(
                ("id", "id"), ("task", "task"), ("state", "state"), ("%", "progress.percent"),
                ("done", "progress.done"), ("updated", "updatedAt"),
            ),
            paged=True,
        ),
        Operation(
            "show", "GET", _TASK, "Show a background task.", "tasks show qtask_…", (_TASK_ID,)
        ),
        Operation(
            "cancel", "POST", f"{_TASK}/cancel", "Cancel a running background task.",
            "tasks cancel qtask_… --yes", (_TASK_ID,), asks="Cancel the task {task_id}?",
        ),
    ),
)  # fmt: skip

RESOURCES: Final = (APPS, ENDPOINTS, EVENT_TYPES, MESSAGES, DELIVERIES, ATTEMPTS, TASKS)
