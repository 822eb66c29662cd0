"""What the configuration's use cases work with."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from .change_configuration import ConfigurationChanges
from .endpoint_secrets import EndpointSecrets


@dataclass(frozen=True, slots=True)
class Means:
    """`now` gives aware times; `new_id` 16 bytes that sort by time.

    `allow_http`: endpoint URLs may be http. `endpoints_max` bounds an application's
    endpoints, and with them what one message can cost.
    """

    changes: ConfigurationChanges
    secrets: EndpointSecrets
    new_id: Callable[[], bytes]
    now: Callable[[], datetime]
    allow_http: bool
    endpoints_max: int
