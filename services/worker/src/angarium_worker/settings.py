"""The worker's settings."""

from ipaddress import ip_network

from angarium_chassis.settings import ServiceSettings
from pydantic import Field, ValidationInfo, field_validator

from angarium_worker.domain.retry_schedule import (
    DEFAULT_SCHEDULE,
    JITTER_MAX,
    RetrySchedule,
    parse_delays,
)


class Settings(ServiceSettings):
    """`ANGARIUM_…` of the worker."""

    deliveries_in_flight_max: int = Field(
        default=1_000, ge=1, le=100_000, description="Deliveries that one worker sends at once."
    )
    payload_bytes_in_hand_max: int = Field(
        default=64 * 1024 * 1024,
        ge=1024 * 1024,
        description="Payload bytes of the deliveries that one worker has in hand.",
    )
    attempt_timeout_s: float = Field(
        default=15.0, ge=1, le=30, description="How long one attempt may take in all."
    )
    retry_schedule: str = Field(
        default=DEFAULT_SCHEDULE,
        description="Delays before the second, third, … attempt: 5s,5m,2h; units ms, s, m, h, d.",
    )
    retry_jitter: float = Field(
        default=0.2,
        ge=0,
        le=JITTER_MAX,
        description="The share by which a delay is made shorter or longer at random.",
    )
    chunk_linger_s: float = Field(
        default=0.5,
        gt=0,
        le=5,
        description="After so long a chunk is settled; attempts under way go on by themselves.",
    )
    retry_lease_s: float = Field(
        default=40.0,
        gt=0,
        description="How long a worker holds a pending delivery; longer than an attempt takes.",
    )
    stop_grace_s: float = Field(
        default=20.0, ge=0, le=600, description="How long attempts may go on when told to stop."
    )
    allow_http_endpoints: bool = Field(
        default=False,
        description="Deliver to http:// endpoints too. Off in production: payloads and"
        " signatures would travel in the clear. `angarium dev` turns it on.",
    )
    egress_allowed_networks: str = Field(
        default="",
        description="Networks besides the public internet that webhooks may go to, such as"
        " 127.0.0.0/8,10.0.0.0/8.",
    )

    @property
    def schedule(self) -> RetrySchedule:
        """The retry schedule."""
        return RetrySchedule(parse_delays(self.retry_schedule), self.retry_jitter)

    @property
    def allowed_networks(self) -> tuple[str, ...]:
        """The networks, one each."""
        parts = (part.strip() for part in self.egress_allowed_networks.split(","))
        return tuple(part for part in parts if part)

    @field_validator("retry_schedule")
    @classmethod
    def _schedule_can_be_used(cls, text: str) -> str:
        RetrySchedule(parse_delays(text))
        return text

    @field_validator("egress_allowed_networks")
    @classmethod
    def _networks_can_be_read(cls, text: str) -> str:
        for part in text.split(","):
            if part.strip():
                ip_network(part.strip())
        return text

    @field_validator("retry_lease_s")
    @classmethod
    def _lease_outlasts_an_attempt(cls, lease_s: float, info: ValidationInfo) -> float:
        timeout_s = info.data.get("attempt_timeout_s", 0.0)
        if lease_s < timeout_s + 5:
            raise ValueError(f"must be at least 5 s longer than an attempt ({timeout_s:g} s)")
        return lease_s
