"""Names in the HTTP API of the fields that services exchange.

The gateway declares the API; this table is where a service that refuses a field learns what the
client calls it.
"""

from typing import Final

_API_NAMES: Final = {
    "timeout_s": "timeoutSeconds",
    "header_names": "signatureHeaders",
    "sealed_proxy": "proxyUrl",
    "sealed_client_certificate": "clientCertificate",
    "fifo": "ordering",
    "concurrency_max": "concurrency",
    "retry_delays_s": "retrySchedule",
    "keep_while_disabled": "whileDisabled",
    "grace_s": "gracePeriodSeconds",
    "sealed_authentication": "authentication",
    "sealed_ca_certificates": "caCertificates",
}


def api_name(field: str) -> str:
    """The name of `field` in the API: `throttleRate` for `throttle_rate`, or as listed above."""
    first, *words = field.split("_")
    return _API_NAMES.get(field, first + "".join(word.title() for word in words))
