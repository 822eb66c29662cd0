"""Our own HTTP/1.1 client: POST only, one deadline, checked addresses, no redirects."""

from .answers import failed_answer, read_answer
from .limits import SenderLimits
from .payload_formats import FetchLinks
from .webhook_destination import WebhookDestination
from .webhook_request import WebhookRequest
from .webhook_sender import WebhookSender

__all__ = [
    "FetchLinks",
    "SenderLimits",
    "WebhookDestination",
    "WebhookRequest",
    "WebhookSender",
    "failed_answer",
    "read_answer",
]
