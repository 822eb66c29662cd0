"""Trying a filter against an example, before or after it is saved."""

from collections.abc import Mapping

from angarium_contracts.filters import FilterExample, FilterTried, TryEndpointFilter, TryFilter

from angarium_dispatcher.application.configuration.references import get_application, get_endpoint
from angarium_dispatcher.application.configuration.store import ConfigurationReads
from angarium_dispatcher.domain.filters.message_filter import (
    FilteredMessage,
    FilterFailed,
    InvalidFilter,
    MessageFilter,
    compile_filter,
)
from angarium_dispatcher.domain.matching import matches
from angarium_dispatcher.domain.refusals import InvalidField

from .match_messages import filter_of


async def try_filter(question: TryFilter) -> FilterTried:
    """Answer whether a filter matches an example. Raises `InvalidField` for the filter."""
    return _tried(_compiled(question.filter), question.example, question.metadata)


async def try_endpoint_filter(
    question: TryEndpointFilter, reads: ConfigurationReads
) -> FilterTried:
    """Answer whether an endpoint accepts an example. Raises `NotFound`, or `InvalidField`."""
    application = await get_application(reads, question.tenant_id, question.application_ref)
    endpoint = await get_endpoint(reads, application, question.ref)
    text = endpoint.filter if question.filter is None else question.filter
    example = question.example
    compiled = None if text is None else _compiled(text)
    if not matches(filter_of(endpoint), example.event_type, example.channels):
        return FilterTried(matched=False)
    if compiled is None:
        return FilterTried(matched=True)
    return _tried(compiled, example, application.metadata)


def _compiled(text: str) -> MessageFilter:
    try:
        return compile_filter(text)
    except InvalidFilter as error:
        raise InvalidField("filter", str(error)) from None


def _tried(
    compiled: MessageFilter, example: FilterExample, metadata: Mapping[str, str]
) -> FilterTried:
    message = FilteredMessage(
        example.event_type,
        example.channels,
        example.tags,
        metadata,
        example.payload,
        example.content_type,
    )
    try:
        return FilterTried(matched=compiled.matches(message))
    except FilterFailed as error:
        return FilterTried(matched=False, error=str(error))
