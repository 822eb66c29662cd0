"""What an endpoint wants of messages that are sent by hand, on both engines."""

import pytest
from angarium_contracts.configuration import (
    CreateApplication,
    CreateEndpoint,
    CreateEventType,
    PatchEndpoint,
)
from angarium_contracts.deliveries import (
    MatchedMessages,
    MatchMessages,
    MessageKind,
    PrecheckMessage,
)
from angarium_contracts.endpoint_options import DisableEndpoint
from angarium_contracts.filters import FilterExample, FilterTried, TryEndpointFilter, TryFilter
from angarium_contracts.tenant_policy import SetTenantPolicy
from angarium_dispatcher.adapters.streams.wire import problem
from angarium_dispatcher.application.dispatch.match_messages import match_messages
from angarium_dispatcher.application.dispatch.precheck_message import precheck_message
from angarium_dispatcher.application.dispatch.try_filter import try_endpoint_filter, try_filter
from angarium_dispatcher.application.endpoints.disable_endpoint import disable_endpoint
from angarium_dispatcher.application.endpoints.save_endpoint import (
    SavedEndpoint,
    create_endpoint,
    patch_endpoint,
)
from angarium_dispatcher.application.tenants.save_application import create_application
from angarium_dispatcher.application.tenants.save_event_type import create_event_type
from angarium_dispatcher.application.tenants.set_policy import set_tenant_policy
from angarium_dispatcher.domain.refusals import EndpointDisabled, InvalidField, NotFound
from msgspec.structs import replace

from ..conftest import Bench

TENANT, OTHER = b"t" * 16, b"o" * 16
URL = "https://example.com/hook"
KINDS = (
    MessageKind("a", ("x", "y")),
    MessageKind("a"),
    MessageKind("b", ("x",)),
)


@pytest.fixture
async def saved(bench: Bench) -> SavedEndpoint:
    """An endpoint that wants type `a` on channel `x`, of an application of weight 5."""
    await create_application(CreateApplication(TENANT, "Acme", "acme", weight=5), bench.context)
    command = CreateEndpoint(
        TENANT, "acme", URL, "one", event_types=("a",), channels=("x",), retry_delays_s=(7.0,)
    )
    return await create_endpoint(command, bench.context)


async def test_each_message_is_told_whether_it_is_wanted(
    bench: Bench, saved: SavedEndpoint
) -> None:
    await set_tenant_policy(SetTenantPolicy(TENANT, (60.0,)), bench.context)
    await create_event_type(CreateEventType(TENANT, "a", "", retry_delays_s=()), bench.context)
    matched = await match_messages(MatchMessages(TENANT, "acme", "one", KINDS), bench.reads)
    assert matched == MatchedMessages(
        endpoint_id=saved.endpoint.id,
        endpoint_version=saved.endpoint.version,
        application_id=saved.application.id,
        wanted=(True, False, False),
        retry_delays_s=((), (), (60.0,)),
        weight=5,
    )


@pytest.mark.usefixtures("saved")
async def test_by_hand_every_message_is_wanted(bench: Bench) -> None:
    question = MatchMessages(TENANT, "acme", "one", KINDS, by_hand=True)
    matched = await match_messages(question, bench.reads)
    assert matched.wanted == (True, True, True)
    assert matched.retry_delays_s == (None, None, None)


async def test_a_filter_decides_with_tags_metadata_and_payloads(bench: Bench) -> None:
    await create_application(
        CreateApplication(TENANT, "Acme", "acme", metadata={"plan": "pro"}), bench.context
    )
    text = 'metadata.plan == "pro" && ("urgent" in tags || payload.amount > 10)'
    saved = await create_endpoint(
        CreateEndpoint(TENANT, "acme", URL, "one", filter=text), bench.context
    )
    assert saved.endpoint.filter == text
    kinds = (
        MessageKind("a", tags=("urgent",), payload=b"{}"),
        MessageKind("a", payload=b'{"amount": 11}'),
        MessageKind("a", payload=b'{"amount": 10}'),
        MessageKind("a", payload=b"{}"),
    )
    matched = await match_messages(MatchMessages(TENANT, "acme", "one", kinds), bench.reads)
    assert matched.wanted == (True, True, False, False)
    assert not matched.needs_payload
    without = await match_messages(MatchMessages(TENANT, "acme", "one", KINDS), bench.reads)
    assert (without.wanted, without.needs_payload) == ((True, True, True), True)
    by_hand = MatchMessages(TENANT, "acme", "one", kinds, by_hand=True)
    assert all((await match_messages(by_hand, bench.reads)).wanted)


async def test_the_dispatch_cache_reads_filters_and_metadata(bench: Bench) -> None:
    made = await create_application(
        CreateApplication(TENANT, "Acme", "acme", metadata={"plan": "pro"}), bench.context
    )
    await create_endpoint(CreateEndpoint(TENANT, "acme", URL, "one"), bench.context)
    application_id = made.application.id
    recipients = (await bench.reads.recipients([application_id]))[application_id]
    assert (recipients.filtered, recipients.metadata) == (False, {})
    await patch_endpoint(PatchEndpoint(TENANT, "acme", "one", filter="payload.a"), bench.context)
    recipients = (await bench.reads.recipients([application_id]))[application_id]
    assert (recipients.filtered, recipients.metadata) == (True, {"plan": "pro"})
    (endpoint,) = recipients.matching("a", ())
    assert endpoint.filter is not None
    assert endpoint.filter.text == "payload.a"


@pytest.mark.usefixtures("saved")
async def test_a_filter_is_tried_with_an_example(bench: Bench) -> None:
    example = FilterExample("a", b'{"amount": 11}', channels=("x",))
    endpoint = TryEndpointFilter(TENANT, "acme", "one", example)
    assert await try_endpoint_filter(endpoint, bench.reads) == FilterTried(matched=True)
    other = replace(endpoint, filter="payload.amount < 11")
    assert await try_endpoint_filter(other, bench.reads) == FilterTried(matched=False)
    other_type = replace(endpoint, example=replace(example, event_type="b"))
    assert await try_endpoint_filter(other_type, bench.reads) == FilterTried(matched=False)
    failing = await try_filter(TryFilter("payload.total > 1", example))
    assert not failing.matched
    assert failing.error is not None
    assert "no member `total`" in failing.error
    with pytest.raises(InvalidField, match="Line 1, column 12") as refused:
        await try_endpoint_filter(replace(endpoint, filter="payload.a >"), bench.reads)
    assert refused.value.field == "filter"


@pytest.mark.usefixtures("saved")
async def test_what_is_unknown_or_too_much_is_refused(bench: Bench) -> None:
    for question in (
        MatchMessages(OTHER, "acme", "one", KINDS),
        MatchMessages(TENANT, "other", "one", KINDS),
        MatchMessages(TENANT, "acme", "two", KINDS),
    ):
        with pytest.raises(NotFound):
            await match_messages(question, bench.reads)
    with pytest.raises(InvalidField):
        await match_messages(MatchMessages(TENANT, "acme", "one", KINDS * 34), bench.reads)


async def test_a_disabled_endpoint_is_a_conflict_that_says_who_and_how_to_go_on(
    bench: Bench, saved: SavedEndpoint
) -> None:
    question = MatchMessages(TENANT, "acme", "one", KINDS, by_hand=True)
    await patch_endpoint(PatchEndpoint(TENANT, "acme", "one", disabled=True), bench.context)
    with pytest.raises(EndpointDisabled, match=r"through the API. Enable it") as refused:
        await match_messages(question, bench.reads)
    assert problem(refused.value).code == "conflict"
    await patch_endpoint(PatchEndpoint(TENANT, "acme", "one", disabled=False), bench.context)
    await disable_endpoint(
        DisableEndpoint(TENANT, saved.application.id, saved.endpoint.id, 99, "it answered 410"),
        bench.context,
    )
    with pytest.raises(EndpointDisabled, match=r"by Angarium \(it answered 410\)\. Enable it"):
        await match_messages(question, bench.reads)


async def test_a_precheck_finds_the_endpoints_that_a_message_would_reach(
    bench: Bench, saved: SavedEndpoint
) -> None:
    async def active() -> list[bool]:
        return [
            (
                await precheck_message(
                    PrecheckMessage(TENANT, "acme", kind), bench.reads, bench.cache
                )
            ).active
            for kind in KINDS
        ]

    assert await active() == [True, False, False]
    await patch_endpoint(PatchEndpoint(TENANT, "acme", "one", channels=None), bench.context)
    assert await active() == [True, True, False]
    await patch_endpoint(PatchEndpoint(TENANT, "acme", "one", disabled=True), bench.context)
    assert await active() == [False, False, False]
    with pytest.raises(NotFound):
        await precheck_message(PrecheckMessage(OTHER, "acme", KINDS[0]), bench.reads, bench.cache)
