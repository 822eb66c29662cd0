"""Rotating the signing secret of an endpoint."""

from dataclasses import replace

from angarium_contracts.endpoint_options import RotateEndpointSecret

from angarium_dispatcher.application.configuration.context import ConfigurationContext
from angarium_dispatcher.application.configuration.references import get_application, get_endpoint
from angarium_dispatcher.application.configuration.store import Change
from angarium_dispatcher.application.operational.endpoint_events import replace_endpoint
from angarium_dispatcher.domain.secret_rotation import rotated

from .save_endpoint import SavedEndpoint


async def rotate_secret(
    command: RotateEndpointSecret, context: ConfigurationContext
) -> SavedEndpoint:
    """Sign with a new secret; the current one goes on signing for the grace period.

    Raises `NotFound`, `InvalidField` for the key, or `SecretNotOpened`.
    """
    grace_s = context.limits.secret_grace_s if command.grace_s is None else command.grace_s

    async def work(change: Change) -> SavedEndpoint:
        application = await get_application(change, command.tenant_id, command.application_ref)
        found = await get_endpoint(change, application, command.ref)
        if command.sealed_secret is None:
            secret = context.secrets.generate(found.id)
        else:
            secret = context.secrets.accept(
                command.sealed_secret, command.tenant_id, found.id, field="key"
            )
        now = context.now()
        endpoint = replace(
            rotated(found, secret, now_s=now.timestamp(), grace_s=grace_s), updated_at=now
        )
        application, endpoint = await replace_endpoint(change, application, endpoint, context)
        return SavedEndpoint(endpoint, application, created=False, before=found)

    return await context.changes.apply(work)
