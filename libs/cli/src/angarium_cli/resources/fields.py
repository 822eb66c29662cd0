"""Paths, options and arguments that several commands have."""

from typing import Final

from .operation import Argument, Field, Kind

APP_PATH: Final = "/api/v1/app/{app_id}"
TYPE_PATH: Final = "/api/v1/event-type/{event_type_name}"
ENDPOINT_PATH: Final = f"{APP_PATH}/endpoint/{{endpoint_id}}"
MESSAGE_PATH: Final = f"{APP_PATH}/msg/{{msg_id}}"
TASK_PATH: Final = "/api/v1/background-task/{task_id}"

ORDER: Final = Field(
    "--order",
    "order",
    "Order of creation.",
    choices={"ascending": "ascending", "descending": "descending"},
)
AFTER: Final = Field(
    "--after", "after", "Only later ones: a time, or a duration back from now.", Kind.TIME
)
BEFORE: Final = Field(
    "--before", "before", "Only earlier ones: a time, or a duration back from now.", Kind.TIME
)
TYPES_FILTER: Final = Field(
    "--event-type", "event_types", "Only these event types; may be repeated.", Kind.LIST
)
CHANNEL: Final = Field("--channel", "channel", "Only messages of this channel.")
TAG: Final = Field("--tag", "tag", "Only messages with this tag.")
CONTENT: Final = Field("--content", "with_content", "Include payloads.", Kind.FLAG)
BODIES: Final = Field("--content", "with_content", "Include bodies of responses.", Kind.FLAG)
STATUS: Final = Field(
    "--status",
    "status",
    "Only attempts that ended so.",
    choices={"success": 0, "pending": 1, "failed": 2, "sending": 3},
)
CLASS: Final = Field(
    "--status-code",
    "status_code_class",
    "Only attempts with such a response.",
    choices={"none": 0, "1xx": 100, "2xx": 200, "3xx": 300, "4xx": 400, "5xx": 500},
)
OF_ENDPOINT: Final = Field("--endpoint", "endpoint_id", "Only attempts at this endpoint, by id.")
RETRIED: Final = Field(
    "--retried", "will_retry", "Only those that will be retried, or with --no- will not.", Kind.FLAG
)
MESSAGE_PREFIX: Final = Field("--message", "msg_id_prefix", "Only of messages whose id begins so.")
EVENT_ID: Final = Field(
    "--event-id", "event_id_prefix", "Only of messages whose event id begins so."
)
METADATA: Final = Field(
    "--metadata", "metadata", "Metadata as name=value; may be repeated.", Kind.MAP
)
UID: Final = Field("--uid", "uid", "Id of your choice.")
RATE: Final = Field("--throttle-rate", "throttleRate", "Messages a second, at most.", Kind.WHOLE)

APP_ID: Final = Argument("app_id", "Id or uid of the application.")
ENDPOINT_ID: Final = Argument("endpoint_id", "Id or uid of the endpoint.")
TYPE_NAME: Final = Argument("event_type_name", "Name of the event type.")
MESSAGE_ID: Final = Argument("msg_id", "Id or event id of the message.")
ATTEMPT_ID: Final = Argument("attempt_id", "Id of the attempt.")
TASK_ID: Final = Argument("task_id", "Id of the task.")
