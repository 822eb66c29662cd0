"""What the configuration's use cases work with."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from angarium_chassis.sealing import Seal

from .change_configuration import ConfigurationChanges
from .endpoint_secrets import EndpointSecrets


@dataclass(frozen=True, slots=True)
class Means:
    """`now` gives aware times; `new_id` 16 bytes that sort by time.

    `allow_http`: endpoint URLs may be http. `endpoints_max` bounds an application's
    endpoints, and with them what one message can cost. `secret_grace_s`: how long a rotated
    secret signs on.
    """

    changes: ConfigurationChanges
    secrets: EndpointSecrets
    seal: Seal
    new_id: Callable[[], bytes]
    now: Callable[[], datetime]
    allow_http: bool
    endpoints_max: int
    secret_grace_s: int = 86_400
