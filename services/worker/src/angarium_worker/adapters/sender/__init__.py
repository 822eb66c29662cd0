"""Our own HTTP/1.1 client: POST only, one deadline, checked addresses, no redirects."""

from angarium_worker.adapters.sender.egress_rules import EgressRules
from angarium_worker.adapters.sender.limits import SenderLimits
from angarium_worker.adapters.sender.own_addresses import OwnAddresses
from angarium_worker.adapters.sender.proxy_url import Proxy, ProxyUrlRefused
from angarium_worker.adapters.sender.tls_context import client_tls_context
from angarium_worker.adapters.sender.webhook_sender import WebhookSender

__all__ = [
    "EgressRules",
    "OwnAddresses",
    "Proxy",
    "ProxyUrlRefused",
    "SenderLimits",
    "WebhookSender",
    "client_tls_context",
]
