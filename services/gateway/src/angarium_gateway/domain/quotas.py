"""Quotas: what a tenant or an API key may use of the platform."""

from dataclasses import dataclass
from enum import StrEnum, unique
from typing import Final, NamedTuple

WINDOW_S = 60


@unique
class Rate(StrEnum):
    """Rates, counted per minute. The values stand in `RateLimit` headers."""

    REQUESTS = "requests"
    """Requests of the API, those that are refused included."""
    MESSAGES = "messages"
    """Messages posted."""
    PAYLOAD_BYTES = "payload-bytes"
    """Bytes of their payloads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """The most of each rate in one minute; None: no bound."""

    requests_per_minute: int | None = None
    messages_per_minute: int | None = None
    payload_bytes_per_minute: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantQuotas(Rates):
    """The quotas of a tenant: its rates, and how many objects it may have; None: no bound."""

    applications_max: int | None = None
    endpoints_max: int | None = None


NO_RATES: Final = Rates()
NO_QUOTAS: Final = TenantQuotas()


class Quota(NamedTuple):
    """A bound on one rate. `subject` is the id of the tenant or the API key."""

    subject: bytes
    rate: Rate
    per_minute: int
    of_key: bool


def quotas_of(subject: bytes, rates: Rates, *, of_key: bool) -> tuple[Quota, ...]:
    """The bounds that `rates` sets for one tenant or API key."""
    bounds = (
        (Rate.REQUESTS, rates.requests_per_minute),
        (Rate.MESSAGES, rates.messages_per_minute),
        (Rate.PAYLOAD_BYTES, rates.payload_bytes_per_minute),
    )
    return tuple(Quota(subject, rate, most, of_key) for rate, most in bounds if most is not None)
