"""Fields of a source: what it has beyond an application, sealed for it."""

from typing import Any

from angarium_chassis.sealing import SealBroken
from angarium_contracts.application_kinds import ApplicationKind
from angarium_contracts.configuration import CreateApplication, SourceGiven, UpdateApplication

from angarium_dispatcher.application.configuration.context import ConfigurationContext
from angarium_dispatcher.domain.refusals import InvalidField, SecretNotOpened

type SourceCommand = CreateApplication | UpdateApplication


def new_source(
    command: SourceCommand, application_id: bytes, context: ConfigurationContext
) -> dict[str, Any]:
    """The fields of a new source; none for other kinds. Raises `SecretNotOpened`."""
    given = _given(command)
    if given is None:
        return {}
    token = resealed(given.sealed_token, command.tenant_id, application_id, context)
    return source_changes(command, application_id, context) | {
        "sealed_ingest_token": token,
        "ingest_tokens": ((given.token_hash, 0.0),),
    }


def source_changes(
    command: SourceCommand, application_id: bytes, context: ConfigurationContext
) -> dict[str, Any]:
    """The fields that replace those of an existing source; none for other kinds. Raises
    `SecretNotOpened`."""
    given = _given(command)
    if given is None:
        return {}
    config = resealed(given.sealed_config, command.tenant_id, application_id, context)
    return {"source_type": given.type, "sealed_source_config": config}


def resealed(
    sealed: bytes, tenant_id: bytes, application_id: bytes, context: ConfigurationContext
) -> bytes:
    """A value that arrives sealed for the tenant, sealed for the application. Raises
    `SecretNotOpened`."""
    try:
        return context.seal.close(context.seal.open(sealed, tenant_id), application_id)
    except SealBroken:
        raise SecretNotOpened from None


def _given(command: SourceCommand) -> SourceGiven | None:
    is_source = command.kind == ApplicationKind.SOURCE
    if is_source != (command.source is not None):
        raise InvalidField("type", "A source needs a type, and nothing else has one.")
    return command.source
