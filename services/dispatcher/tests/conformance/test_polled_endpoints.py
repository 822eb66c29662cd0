"""Polled endpoints are saved as others are; what only pushed ones have is refused by name."""

from typing import Any

import pytest
from angarium_contracts.configuration import (
    CreateApplication,
    CreateEndpoint,
    DeleteEndpoint,
    PatchEndpoint,
    UpdateEndpoint,
)
from angarium_contracts.endpoint_options import SetEndpointHeaders
from angarium_contracts.ids import APPLICATION, format_id, operational_application_id
from angarium_contracts.polling import POLL_URL
from angarium_contracts.tenant_policy import SetTenantPolicy
from angarium_dispatcher.application.endpoints.delete_endpoint import delete_endpoint
from angarium_dispatcher.application.endpoints.save_endpoint import (
    create_endpoint,
    patch_endpoint,
    replace_endpoint,
)
from angarium_dispatcher.application.endpoints.save_headers import set_endpoint_headers
from angarium_dispatcher.application.tenants.save_application import create_application
from angarium_dispatcher.application.tenants.set_policy import set_tenant_policy
from angarium_dispatcher.domain.endpoint import Endpoint
from angarium_dispatcher.domain.paging import ENDPOINTS, PageOf, page_request
from angarium_dispatcher.domain.refusals import InvalidField

from ..conftest import Bench

TENANT = b"t" * 16
URL = "https://example.com/hook"


@pytest.fixture(autouse=True)
async def application(bench: Bench) -> None:
    await create_application(CreateApplication(TENANT, "Acme", "acme"), bench.context)


async def test_a_polled_endpoint_has_the_filters_and_the_order_of_others(bench: Bench) -> None:
    command = CreateEndpoint(
        TENANT,
        "acme",
        "POLL://messages",
        "p",
        event_types=("a.b",),
        channels=("c",),
        fifo=True,
        keep_while_disabled=True,
    )
    saved = await create_endpoint(command, bench.context)
    assert (saved.endpoint.url, saved.endpoint.fifo) == ("poll://messages", True)
    patch = PatchEndpoint(TENANT, "acme", "p", disabled=True, event_types=None, url=POLL_URL)
    patched = await patch_endpoint(patch, bench.context)
    assert (patched.endpoint.disabled, patched.endpoint.event_types) == (True, None)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("throttle_rate", 5),
        ("timeout_s", 5.0),
        ("concurrency_max", 5),
        ("retry_delays_s", (5.0,)),
        ("header_names", "svix"),
        ("payload_format", "envelope"),
        ("content_type", "text/plain"),
        ("event_source", "https://example.com"),
        ("receiver_control", False),
    ],
)
async def test_options_of_requests_are_refused_by_name(
    bench: Bench, field: str, value: Any
) -> None:
    await create_endpoint(CreateEndpoint(TENANT, "acme", POLL_URL, "p"), bench.context)
    values = {field: value}
    for saving in (
        create_endpoint(CreateEndpoint(TENANT, "acme", POLL_URL, **values), bench.context),
        patch_endpoint(PatchEndpoint(TENANT, "acme", "p", **values), bench.context),
        replace_endpoint(UpdateEndpoint(TENANT, "acme", "p", POLL_URL, **values), bench.context),
    ):
        with pytest.raises(InvalidField, match="nothing is sent to it") as refused:
            await saving
        assert refused.value.field == field


async def test_what_is_sealed_is_refused_by_name(bench: Bench) -> None:
    await create_endpoint(CreateEndpoint(TENANT, "acme", POLL_URL, "p"), bench.context)
    sealed = bench.seal.close(b'{"x-own": "1"}', TENANT)
    proxy = bench.seal.close(b"http://proxy.example:8080", TENANT)
    for name, value, field in (
        ("sealed_headers", sealed, "headers"),
        ("sealed_secret", sealed, "secret"),
        ("sealed_proxy", proxy, "sealed_proxy"),
    ):
        values: dict[str, Any] = {name: value}
        command = CreateEndpoint(TENANT, "acme", POLL_URL, **values)
        with pytest.raises(InvalidField, match="nothing is sent to it") as refused:
            await create_endpoint(command, bench.context)
        assert refused.value.field == field
    with pytest.raises(InvalidField, match="nothing is sent to it"):
        await set_endpoint_headers(SetEndpointHeaders(TENANT, "acme", "p", sealed), bench.context)


async def test_a_tenants_default_of_header_names_is_not_that_of_polled_endpoints(
    bench: Bench,
) -> None:
    await set_tenant_policy(SetTenantPolicy(TENANT, header_names="svix"), bench.context)
    saved = await create_endpoint(CreateEndpoint(TENANT, "acme", POLL_URL), bench.context)
    assert saved.endpoint.header_names == "webhook"


@pytest.mark.parametrize(("before", "after"), [(URL, POLL_URL), (POLL_URL, URL)])
async def test_an_endpoint_stays_polled_or_pushed(bench: Bench, before: str, after: str) -> None:
    await create_endpoint(CreateEndpoint(TENANT, "acme", before, "p"), bench.context)
    with pytest.raises(InvalidField, match="Create another endpoint") as refused:
        await patch_endpoint(PatchEndpoint(TENANT, "acme", "p", url=after), bench.context)
    assert refused.value.field == "url"


async def test_operational_endpoints_are_not_polled(bench: Bench) -> None:
    operational = format_id(APPLICATION, operational_application_id(TENANT))
    with pytest.raises(InvalidField, match="Operational webhooks cannot be polled"):
        await create_endpoint(CreateEndpoint(TENANT, operational, POLL_URL), bench.context)


@pytest.mark.parametrize("url", ["poll://", "poll://x", "poll:", "poll"])
async def test_only_the_one_url_is_that_of_polled_endpoints(bench: Bench, url: str) -> None:
    with pytest.raises(InvalidField) as refused:
        await create_endpoint(CreateEndpoint(TENANT, "acme", url), bench.context)
    assert refused.value.field == "url"


async def test_ordered_and_polled_endpoints_are_listed_by_themselves(bench: Bench) -> None:
    for uid, url, fifo in (
        ("unordered", URL, False),
        ("ordered", URL, True),
        ("polled", POLL_URL, False),
        ("ordered-and-polled", POLL_URL, True),
        ("deleted", URL, True),
    ):
        command = CreateEndpoint(TENANT, "acme", url, uid, fifo=fifo)
        await create_endpoint(command, bench.context)
    await delete_endpoint(DeleteEndpoint(TENANT, "acme", "deleted"), bench.context)
    application = await bench.reads.find_application(TENANT, "acme")
    assert application is not None

    async def page(limit: int, iterator: str | None = None) -> PageOf[Endpoint]:
        request = page_request(ENDPOINTS, limit=limit, iterator=iterator, descending=False)
        return await bench.reads.list_endpoints(application.id, request, only_sinks=True)

    first = await page(2)
    assert ([one.uid for one in first.items], first.done) == (["ordered", "polled"], False)
    rest = await page(2, first.iterator)
    assert ([one.uid for one in rest.items], rest.done) == (["ordered-and-polled"], True)
