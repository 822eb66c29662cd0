"""Our own HTTP/1.1 client: POST only, one deadline, checked addresses, no redirects."""

from angarium_worker.adapters.destinations.webhook.answers import failed_answer, read_answer
from angarium_worker.adapters.destinations.webhook.egress_rules import EgressRules
from angarium_worker.adapters.destinations.webhook.limits import SenderLimits
from angarium_worker.adapters.destinations.webhook.own_addresses import OwnAddresses
from angarium_worker.adapters.destinations.webhook.proxy_url import Proxy, ProxyUrlRefused
from angarium_worker.adapters.destinations.webhook.tls_context import client_tls_context
from angarium_worker.adapters.destinations.webhook.webhook_destination import WebhookDestination
from angarium_worker.adapters.destinations.webhook.webhook_request import WebhookRequest
from angarium_worker.adapters.destinations.webhook.webhook_sender import WebhookSender

__all__ = [
    "EgressRules",
    "OwnAddresses",
    "Proxy",
    "ProxyUrlRefused",
    "SenderLimits",
    "WebhookDestination",
    "WebhookRequest",
    "WebhookSender",
    "client_tls_context",
    "failed_answer",
    "read_answer",
]
