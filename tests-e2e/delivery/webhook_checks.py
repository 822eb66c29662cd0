"""Reading what a receiver's ledger has of a webhook."""

from typing import Any

import standardwebhooks
import svix.webhooks


def headers_of(entry: dict[str, Any]) -> dict[str, str]:
    """The signed headers as they arrived."""
    return {
        "webhook-id": entry["id"],
        "webhook-timestamp": entry["timestamp"],
        "webhook-signature": entry["signature"],
    }


def verify_with_both_packages(entry: dict[str, Any], secret: str) -> None:
    """Raises when either reference implementation does not accept the signature."""
    standardwebhooks.Webhook(secret).verify(entry["body"], headers_of(entry), json_parse=False)
    svix.webhooks.Webhook(secret).verify(entry["body"], headers_of(entry))
