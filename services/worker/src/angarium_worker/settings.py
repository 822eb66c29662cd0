"""The worker's settings."""

from pathlib import Path

from angarium_webhooks.egress.destination_settings import DestinationSettings
from pydantic import Field, SecretStr, ValidationInfo, field_validator

from angarium_worker.adapters.destinations.dialing.proxy_url import Proxy
from angarium_worker.build_worker import LEASE_MARGIN_S, WorkerSettings
from angarium_worker.domain.endpoint_health import DisableRule
from angarium_worker.domain.retry_schedule import (
    DEFAULT_SCHEDULE,
    JITTER_MAX,
    RetrySchedule,
    parse_delays,
)


class Settings(DestinationSettings):
    """`ANGARIUM_…` of the worker."""

    deliveries_in_flight_max: int = Field(
        default=1_000, ge=1, le=100_000, description="Deliveries that one worker sends at once."
    )
    payload_bytes_in_hand_max: int = Field(
        default=64 * 1024 * 1024,
        ge=1024 * 1024,
        description="Payload bytes that one worker keeps in memory, of deliveries not yet settled.",
    )
    attempt_timeout_s: float = Field(
        default=15.0,
        ge=1,
        le=30,
        description="The time limit of one attempt, with waiting for a connection and the answer.",
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
    endpoint_disable_after: str = Field(
        default="5d",
        description="Disable an endpoint that has failed for so long without a success: 12h, 5d;"
        " 0: never.",
    )
    endpoint_disable_failures_min: int = Field(
        default=2, ge=1, description="Disable an endpoint only after at least so many failures."
    )
    chunk_linger_s: float = Field(
        default=0.5,
        gt=0,
        le=5,
        description="Settle a chunk after so long, though some of its attempts may be under way;"
        " these go on by themselves.",
    )
    retry_lease_s: float = Field(
        default=40.0,
        gt=0,
        description="How long a worker holds a pending delivery: at least 5 s longer than an"
        " attempt may take. An endpoint's own timeout is cut to it.",
    )
    attempt_retention_days: int = Field(
        default=90,
        ge=1,
        le=3650,
        description="Attempts are kept for so many days, whole partitions of a thirtieth of it at"
        " once; a tenant may set less. Longer than the retry schedule lasts, or what is still"
        " retried lacks its first attempts.",
    )
    stop_grace_s: float = Field(
        default=20.0,
        ge=0,
        le=600,
        description="How long attempts under way may go on when the worker is stopped.",
    )
    egress_proxy_url: SecretStr | None = Field(
        default=None,
        description="A proxy for all webhooks: http://user:password@host:port (it must allow"
        " CONNECT) or socks5://…. Names are resolved and checked before; the proxy gets addresses.",
    )
    extra_ca_file: Path | None = Field(
        default=None, description="PEM file of authorities to trust besides the system's."
    )
    kept_connections_bytes_max: int = Field(
        default=64 * 1024 * 1024,
        ge=1024 * 1024,
        description="Memory of idle connections to endpoints: 4 kB each, 32 kB with TLS.",
    )

    @property
    def schedule(self) -> RetrySchedule:
        """The retry schedule."""
        return RetrySchedule(parse_delays(self.retry_schedule), self.retry_jitter)

    @property
    def disable_rule(self) -> DisableRule:
        """Rules for disabling a failing endpoint."""
        text = self.endpoint_disable_after.strip()
        after_s = 0.0 if text == "0" else parse_delays(text)[0]
        return DisableRule(after_s, self.endpoint_disable_failures_min)

    @property
    def worker(self) -> WorkerSettings:
        """Settings that `build_worker` takes."""
        return WorkerSettings(
            deliveries_in_flight_max=self.deliveries_in_flight_max,
            payload_bytes_in_hand_max=self.payload_bytes_in_hand_max,
            attempt_timeout_s=self.attempt_timeout_s,
            schedule=self.schedule,
            disable_rule=self.disable_rule,
            chunk_linger_s=self.chunk_linger_s,
            retry_lease_s=self.retry_lease_s,
            entry_lease_s=self.entry_lease_s,
        )

    @property
    def egress_proxy(self) -> Proxy | None:
        """The operator's proxy."""
        if self.egress_proxy_url is None:
            return None
        return Proxy.parse(self.egress_proxy_url.get_secret_value(), is_operators=True)

    @field_validator("retry_schedule")
    @classmethod
    def _schedule_can_be_used(cls, text: str) -> str:
        RetrySchedule(parse_delays(text))
        return text

    @field_validator("endpoint_disable_after")
    @classmethod
    def _time_can_be_used(cls, text: str) -> str:
        if text.strip() != "0" and len(parse_delays(text)) != 1:
            raise ValueError("must be one time, such as 12h or 5d, or 0 for never")
        return text

    @field_validator("egress_proxy_url")
    @classmethod
    def _proxy_can_be_used(cls, url: SecretStr | None) -> SecretStr | None:
        if url is None or not url.get_secret_value():
            return None
        Proxy.parse(url.get_secret_value(), is_operators=True)
        return url

    @field_validator("retry_lease_s")
    @classmethod
    def _lease_outlasts_an_attempt(cls, lease_s: float, info: ValidationInfo) -> float:
        timeout_s = info.data.get("attempt_timeout_s", 0.0)
        if lease_s < timeout_s + LEASE_MARGIN_S:
            raise ValueError(
                f"must be at least {LEASE_MARGIN_S:g} s longer than an attempt ({timeout_s:g} s)"
            )
        return lease_s
