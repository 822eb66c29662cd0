"""Signing with a new secret, while those before sign on for a while."""

from dataclasses import replace

from angarium_contracts.endpoint_options import RotateEndpointSecret

from angarium_dispatcher.domain.secret_rotation import rotated

from .configuration_store import Change
from .endpoint_events import replace_endpoint
from .means import Means
from .references import get_application, get_endpoint
from .save_endpoint import SavedEndpoint


async def rotate_secret(command: RotateEndpointSecret, means: Means) -> SavedEndpoint:
    """Raises `NotFound`, `InvalidMember` for the key, or `SecretNotOpened`."""
    grace_s = means.secret_grace_s if command.grace_s is None else command.grace_s

    async def work(change: Change) -> SavedEndpoint:
        application = await get_application(change, command.tenant_id, command.application_ref)
        found = await get_endpoint(change, application, command.ref)
        if command.sealed_secret is None:
            secret = means.secrets.make(found.id)
        else:
            secret = means.secrets.take(
                command.sealed_secret, command.tenant_id, found.id, member="key"
            )
        now = means.now()
        endpoint = replace(
            rotated(found, secret, now_s=now.timestamp(), grace_s=grace_s), updated_at=now
        )
        application, endpoint = await replace_endpoint(change, application, endpoint, means)
        return SavedEndpoint(endpoint, application, created=False)

    return await means.changes.make(work)
