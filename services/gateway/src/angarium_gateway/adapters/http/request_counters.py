"""Counters of requests that did not take their usual way, by where they happen."""

from typing import Final

from angarium_chassis.metrics.catalog import Catalog

REQUESTS: Final = Catalog("Gateway: requests")

REFUSALS: Final = REQUESTS.counter(
    "angarium_gateway_refusals",
    "Requests that were refused, by the code of the problem and the HTTP status.",
    "code",
    "status",
)
FAILED_LOGINS: Final = REQUESTS.counter(
    "angarium_gateway_failed_logins", "Requests with a missing or unknown API key."
)
REPLAYED_ANSWERS: Final = REQUESTS.counter(
    "angarium_gateway_replayed_answers",
    "Requests that got the stored answer of their idempotency key; without messages, which are"
    " counted in `angarium_gateway_messages_replayed_total`.",
)
SCHEMA_VIOLATIONS: Final = REQUESTS.counter(
    "angarium_gateway_schema_violations",
    "Messages that violate the schema of their event type.",
    "outcome",
)
UNVERIFIED_WEBHOOKS: Final = REQUESTS.counter(
    "angarium_gateway_unverified_webhooks",
    "Webhooks whose signature is not that of the source.",
)
