"""Giving a source another token."""

from dataclasses import replace

from angarium_contracts.application_kinds import ApplicationKind
from angarium_contracts.configuration import RotateIngestToken

from angarium_dispatcher.application.configuration.context import ConfigurationContext
from angarium_dispatcher.application.configuration.store import Change
from angarium_dispatcher.application.operational.application import get_customer_application
from angarium_dispatcher.domain.ingest_tokens import rotated

from .save_application import SavedApplication
from .source_fields import resealed


async def rotate_ingest_token(
    command: RotateIngestToken, context: ConfigurationContext
) -> SavedApplication:
    """Replace the token of a source; the one before stays valid for a while. Raises `NotFound`,
    `RotatedTooOften` or `SecretNotOpened`."""

    async def work(change: Change) -> SavedApplication:
        tenant_id = command.tenant_id
        found = await get_customer_application(
            change, tenant_id, command.ref, ApplicationKind.SOURCE
        )
        now = context.now()
        tokens = rotated(found.ingest_tokens or (), command.token_hash, now.timestamp())
        sealed = resealed(command.sealed_token, tenant_id, found.id, context)
        source = replace(found, sealed_ingest_token=sealed, ingest_tokens=tokens, updated_at=now)
        saved = await change.replace_application(source)
        return SavedApplication(saved, created=False, before=found)

    return await context.changes.apply(work)
