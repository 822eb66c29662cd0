"""Tells whether any endpoint would get a message, before it is posted."""

from angarium_contracts.deliveries import MessagePrechecked, PrecheckMessage

from angarium_dispatcher.application.configuration.references import get_application
from angarium_dispatcher.application.configuration.store import ConfigurationReads

from .recipients_cache import RecipientsCache


async def precheck_message(
    question: PrecheckMessage, reads: ConfigurationReads, cache: RecipientsCache
) -> MessagePrechecked:
    """Match a message as when it is dispatched. Raises `NotFound`."""
    application = await get_application(reads, question.tenant_id, question.application_ref)
    found = await cache.get({application.id: application.version})
    kind = question.kind
    matching = found[application.id].matching(kind.event_type, kind.channels)
    return MessagePrechecked(active=bool(matching))
