"""Applications, endpoints and event types."""

from typing import Final

from .fields import (
    APP_ID,
    APP_PATH,
    ENDPOINT_ID,
    ENDPOINT_PATH,
    METADATA,
    ORDER,
    RATE,
    TYPE_NAME,
    TYPE_PATH,
    UID,
)
from .operation import Argument, Field, Kind, Operation, Resource

_APP_FIELDS: Final = (
    UID,
    METADATA,
    RATE,
    Field("--weight", "weight", "Share of the tenant's capacity, 1 to 1,000.", Kind.WHOLE),
)
_ENDPOINT_FIELDS: Final = (
    UID,
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
    RATE,
    Field("--concurrency", "concurrency", "Requests at a time, at most.", Kind.WHOLE),
    Field("--timeout", "timeoutSeconds", "Seconds that an attempt may take, 1 to 30.", Kind.WHOLE),
    Field(
        "--retry-schedule",
        "retrySchedule",
        "Seconds before each retry, separated by commas.",
        Kind.NUMBERS,
    ),
    METADATA,
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
                ORDER,
            ),
            columns=(("id", "id"), ("uid", "uid"), ("name", "name"), ("created", "createdAt")),
            paged=True,
        ),
        Operation("show", "GET", APP_PATH, "Show an application.", "apps show acme", (APP_ID,)),
        Operation(
            "create", "POST", "/api/v1/app", "Create an application.",
            "apps create 'Acme Inc.' --uid acme", (Argument("name", "Name of the application."),),
            _APP_FIELDS, free_members=True,
        ),
        Operation(
            "change", "PATCH", APP_PATH, "Change an application.",
            "apps change acme --throttle-rate 50", (APP_ID,),
            (Field("--name", "name", "Name."), *_APP_FIELDS), free_members=True,
        ),
        Operation(
            "delete", "DELETE", APP_PATH, "Delete an application with its endpoints.",
            "apps delete acme --yes", (APP_ID,), asks="Delete the application {app_id}?",
        ),
    ),
)  # fmt: skip

ENDPOINTS: Final = Resource(
    "endpoints",
    "List, show, create, change and delete endpoints of an application.",
    (
        Operation(
            "list", "GET", f"{APP_PATH}/endpoint", "List endpoints.", "endpoints list --app acme",
            fields=(ORDER,),
            columns=(
                ("id", "id"), ("uid", "uid"), ("url", "url"), ("event types", "eventTypes"),
                ("disabled", "disabled"), ("description", "description"),
            ),
            paged=True,
        ),
        Operation(
            "show", "GET", ENDPOINT_PATH, "Show an endpoint.", "endpoints show orders --app acme",
            (ENDPOINT_ID,),
        ),
        Operation(
            "create", "POST", f"{APP_PATH}/endpoint", "Create an endpoint.",
            "endpoints create https://example.com/hook --app acme --event-type invoice.paid",
            (Argument("url", "URL that receives the messages, or poll://messages."),),
            _ENDPOINT_FIELDS, free_members=True,
        ),
        Operation(
            "change", "PATCH", ENDPOINT_PATH, "Change an endpoint.",
            "endpoints change orders --app acme --disabled", (ENDPOINT_ID,),
            (Field("--url", "url", "URL."), *_ENDPOINT_FIELDS), free_members=True,
        ),
        Operation(
            "delete", "DELETE", ENDPOINT_PATH,
            "Delete an endpoint, and cancel what is pending for it.",
            "endpoints delete orders --app acme --yes", (ENDPOINT_ID,),
            asks="Delete the endpoint {endpoint_id}?",
        ),
        Operation(
            "secret", "GET", f"{ENDPOINT_PATH}/secret", "Show the signing secret of an endpoint.",
            "endpoints secret orders --app acme --output json", (ENDPOINT_ID,),
        ),
        Operation(
            "health", "GET", f"{ENDPOINT_PATH}/delivery-state",
            "Show how deliveries to an endpoint go, and what waits.",
            "endpoints health orders --app acme", (ENDPOINT_ID,),
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
                ORDER,
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
            "show", "GET", TYPE_PATH, "Show an event type with its schemas.",
            "event-types show invoice.paid", (TYPE_NAME,),
        ),
        Operation(
            "create", "POST", "/api/v1/event-type", "Create an event type.",
            "event-types create invoice.paid --description 'An invoice was paid.'",
            (Argument("name", "Name of the event type, such as invoice.paid."),),
            _TYPE_FIELDS, fixed={"description": ""}, free_members=True,
        ),
        Operation(
            "change", "PATCH", TYPE_PATH, "Change an event type.",
            "event-types change invoice.paid --deprecated", (TYPE_NAME,), _TYPE_FIELDS,
            free_members=True,
        ),
        Operation(
            "delete", "DELETE", TYPE_PATH, "Archive an event type, or delete it for good.",
            "event-types delete invoice.paid --yes", (TYPE_NAME,),
            (Field("--expunge", "expunge", "Delete it for good.", Kind.FLAG),),
            asks="Delete the event type {event_type_name}?",
        ),
    ),
)  # fmt: skip
