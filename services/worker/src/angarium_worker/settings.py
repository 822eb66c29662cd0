"""The worker's settings."""

from pathlib import Path

from angarium_chassis.statistics.settings import StatisticsSettings
from angarium_chassis.tracing.settings import TracingSettings
from angarium_webhooks.egress.destination_settings import DestinationSettings
from angarium_webhooks.egress.proxy_url import Proxy
from pydantic import Field, SecretStr, ValidationInfo, field_validator

from angarium_worker.domain.endpoint_health import DisableRule
from angarium_worker.domain.retry_schedule import (
    DEFAULT_SCHEDULE,
    JITTER_MAX,
    RetrySchedule,
    parse_delays,
)
from angarium_worker.domain.worker_settings import LEASE_MARGIN_S, WorkerSettings


class Settings(DestinationSettings, StatisticsSettings, TracingSettings):
    """`ANGARIUM_…` of the worker."""

    worker_replica_url: SecretStr = Field(
        default=SecretStr(""),
        description="A streaming replica of the worker's Postgres, from which lists of attempts are"
        " read. Takes the same parameters as the database URL.",
    )
    deliveries_in_flight_max: int = Field(
        default=1_000,
        ge=1,
        le=100_000,
        description="The largest number of concurrent attempts of one worker.",
    )
    payload_bytes_in_hand_max: int = Field(
        default=64 * 1024 * 1024,
        ge=1024 * 1024,
        description="The largest number of payload bytes of unsettled deliveries that one worker"
        " keeps in memory.",
    )
    attempt_timeout_s: float = Field(
        default=15.0,
        ge=1,
        le=30,
        description="The time limit of one attempt in seconds, including the time to connect.",
    )
    retry_schedule: str = Field(
        default=DEFAULT_SCHEDULE,
        description="The delays before the second, third, … attempt, such as 5s,5m,2h. Units: ms,"
        " s, m, h, d.",
    )
    retry_jitter: float = Field(
        default=0.2,
        ge=0,
        le=JITTER_MAX,
        description="The largest share by which a delay is shortened or extended at random.",
    )
    endpoint_disable_after: str = Field(
        default="5d",
        description="Disable an endpoint after it has failed for this time without a success, such"
        " as 12h or 5d; 0: never.",
    )
    endpoint_disable_failures_min: int = Field(
        default=2, ge=1, description="Disable an endpoint only after this many failures."
    )
    chunk_linger_s: float = Field(
        default=0.5,
        gt=0,
        le=5,
        description="Seconds after which a chunk is settled even if some of its attempts are still"
        " in progress. These continue as leased deliveries.",
    )
    retry_lease_s: float = Field(
        default=40.0,
        gt=0,
        description="Seconds for which a worker leases a pending delivery: at least 5 s longer"
        " than the time limit of an attempt. It also bounds the timeout of an endpoint.",
    )
    attempt_retention_days: int = Field(
        default=90,
        ge=1,
        le=3650,
        description="Days for which attempts are kept; a tenant may set fewer. They are deleted in"
        " partitions of a thirtieth of that time. Keep them longer than the retry schedule lasts,"
        " or deliveries that are still retried lose their first attempts.",
    )
    stop_grace_s: float = Field(
        default=20.0,
        ge=0,
        le=600,
        description="Seconds for which attempts in progress may continue when the worker stops.",
    )
    egress_proxy_url: SecretStr | None = Field(
        default=None,
        description="A proxy for all webhooks: http://user:password@host:port (it must allow"
        " CONNECT) or socks5://…. Names are resolved and checked before; the proxy gets addresses.",
    )
    extra_ca_file: Path | None = Field(
        default=None,
        description="A PEM file of certificate authorities to trust in addition to the system's.",
    )
    kept_connections_bytes_max: int = Field(
        default=64 * 1024 * 1024,
        ge=1024 * 1024,
        description="Bytes of memory for idle connections to endpoints: about 4 kB for each, 32 kB"
        " with TLS.",
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
