"""Endpoints, on both engines: the Svix API's semantics, secrets, and the recipients read."""

import base64
from collections.abc import Awaitable

import pytest
from angarium_contracts.configuration import (
    CreateApplication,
    CreateEndpoint,
    DeleteApplication,
    DeleteEndpoint,
    PatchEndpoint,
    UpdateEndpoint,
)
from angarium_contracts.ids import APPLICATION, ENDPOINT, format_id, operational_application_id
from angarium_dispatcher.application.endpoints.delete_endpoint import delete_endpoint
from angarium_dispatcher.application.endpoints.save_endpoint import (
    SavedEndpoint,
    create_endpoint,
    patch_endpoint,
    replace_endpoint,
)
from angarium_dispatcher.application.tenants.delete_application import delete_application
from angarium_dispatcher.application.tenants.save_application import create_application
from angarium_dispatcher.domain.paging import ENDPOINTS, page_request
from angarium_dispatcher.domain.refusals import (
    AlreadyTaken,
    InvalidField,
    NotFound,
    SecretNotOpened,
)
from angarium_webhooks.egress.egress_rules import EgressRules

from ..conftest import Bench, a_process

TENANT = b"t" * 16
URL = "https://example.com/hook"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.fixture
async def application_id(bench: Bench) -> bytes:
    saved = await create_application(CreateApplication(TENANT, "Acme", "acme"), bench.context)
    return saved.application.id


async def test_a_created_endpoint_is_found_and_its_application_takes_the_version(
    bench: Bench, application_id: bytes
) -> None:
    await bench.cache.get({application_id: 1})
    saved = await create_endpoint(
        CreateEndpoint(TENANT, "acme", URL, "one", "text", False, 7, ("a.b",), ("c",), {"k": "v"}),
        bench.context,
    )
    assert saved.created
    assert saved.endpoint.version == saved.application.version == 2
    for ref in (saved.endpoint.id, "one"):
        found = await bench.reads.find_endpoint(saved.application.id, ref)
        assert found == saved.endpoint
    assert saved.endpoint.event_types == ("a.b",)
    (_, change) = bench.announcer.changes
    assert (change.previous_version, change.version) == (1, 2)
    assert change.applications == (saved.application,)
    assert change.endpoints == (saved.endpoint,)
    assert bench.cache.cached(application_id, 1) is None


@pytest.mark.usefixtures("application_id")
async def test_a_stream_is_an_endpoint_only_where_the_operator_allows_it(
    bench: Bench,
) -> None:
    allowing = a_process(bench.database, stream_destinations=True)
    command = CreateEndpoint(TENANT, "acme", "REDIS+STREAM://h.example:6379/0/orders")
    with pytest.raises(InvalidField, match="ANGARIUM_STREAM_DESTINATIONS") as refused:
        await create_endpoint(command, bench.context)
    assert refused.value.field == "url"
    saved = await create_endpoint(command, allowing.context)
    assert saved.endpoint.url == "redis+stream://h.example/0/orders"
    secret = CreateEndpoint(TENANT, "acme", "redis+stream://user:hunter2@h.example/0/orders")
    for each in (bench, allowing):
        with pytest.raises(InvalidField) as refused:
            await create_endpoint(secret, each.context)
        assert "hunter2" not in str(refused.value)


@pytest.mark.usefixtures("application_id")
async def test_the_url_is_stored_in_its_canonical_form_and_a_bad_one_refused(bench: Bench) -> None:
    saved = await create_endpoint(
        CreateEndpoint(TENANT, "acme", "HTTPS://Example.com:443/a/../b"), bench.context
    )
    assert saved.endpoint.url == "https://example.com/b"
    ref = format_id(ENDPOINT, saved.endpoint.id)
    for url in ("http://example.com/", "ftp://example.com/", "https://", "nonsense"):
        with pytest.raises(InvalidField) as refused:
            await create_endpoint(CreateEndpoint(TENANT, "acme", url), bench.context)
        assert refused.value.field == "url"
        with pytest.raises(InvalidField):
            await patch_endpoint(PatchEndpoint(TENANT, "acme", ref, url=url), bench.context)


@pytest.mark.usefixtures("application_id")
async def test_a_secret_is_made_of_24_bytes_and_sealed_for_the_endpoint(bench: Bench) -> None:
    saved = await create_endpoint(CreateEndpoint(TENANT, "acme", URL), bench.context)
    (sealed,) = saved.endpoint.sealed_secrets
    text = bench.seal.open(sealed, saved.endpoint.id).decode()
    assert text.startswith("whsec_")
    assert len(base64.b64decode(text.removeprefix("whsec_"))) == 24


@pytest.mark.usefixtures("application_id")
@pytest.mark.parametrize("given", [SECRET, SECRET.removeprefix("whsec_")])
async def test_a_given_secret_is_kept_in_its_canonical_form(bench: Bench, given: str) -> None:
    sealed = bench.seal.close(given.encode(), TENANT)
    saved = await create_endpoint(
        CreateEndpoint(TENANT, "acme", URL, sealed_secret=sealed), bench.context
    )
    (kept,) = saved.endpoint.sealed_secrets
    assert bench.seal.open(kept, saved.endpoint.id) == SECRET.encode()


@pytest.mark.usefixtures("application_id")
async def test_a_bad_secret_is_refused_without_being_repeated(bench: Bench) -> None:
    for text in ("whsec_short", "whsec_ü", ""):
        sealed = bench.seal.close(text.encode(), TENANT)
        with pytest.raises(InvalidField) as refused:
            await create_endpoint(
                CreateEndpoint(TENANT, "acme", URL, sealed_secret=sealed), bench.context
            )
        assert refused.value.field == "secret"
        assert "short" not in str(refused.value)
    with pytest.raises(SecretNotOpened):
        await create_endpoint(
            CreateEndpoint(
                TENANT, "acme", URL, sealed_secret=bench.seal.close(SECRET.encode(), b"x" * 16)
            ),
            bench.context,
        )


@pytest.mark.usefixtures("application_id")
async def test_a_uid_is_unique_within_its_application(bench: Bench) -> None:
    await create_endpoint(CreateEndpoint(TENANT, "acme", URL, "one"), bench.context)
    with pytest.raises(AlreadyTaken, match="'one'"):
        await create_endpoint(CreateEndpoint(TENANT, "acme", URL, "one"), bench.context)
    with pytest.raises(InvalidField):
        await create_endpoint(CreateEndpoint(TENANT, "acme", URL, "ep_one"), bench.context)
    await create_application(CreateApplication(TENANT, "Other", "other"), bench.context)
    elsewhere = await create_endpoint(CreateEndpoint(TENANT, "other", URL, "one"), bench.context)
    assert elsewhere.created


async def test_an_endpoint_is_found_only_under_its_application(
    bench: Bench, application_id: bytes
) -> None:
    other = await create_application(CreateApplication(TENANT, "Other", "other"), bench.context)
    saved = await create_endpoint(CreateEndpoint(TENANT, "acme", URL, "one"), bench.context)
    ref = format_id(ENDPOINT, saved.endpoint.id)
    with pytest.raises(NotFound):
        await patch_endpoint(PatchEndpoint(TENANT, "other", ref, disabled=True), bench.context)
    with pytest.raises(NotFound):
        await delete_endpoint(DeleteEndpoint(b"x" * 16, "acme", ref), bench.context)
    assert await bench.reads.find_endpoint(other.application.id, saved.endpoint.id) is None
    assert await bench.reads.find_endpoint(application_id, saved.endpoint.id) is not None


@pytest.mark.usefixtures("application_id")
async def test_put_creates_by_uid_and_keeps_secret_and_uid_when_it_replaces(bench: Bench) -> None:
    command = UpdateEndpoint(TENANT, "acme", "one", URL, channels=("c",))
    first = await replace_endpoint(command, bench.context)
    assert (first.created, first.endpoint.uid) == (True, "one")
    second = await replace_endpoint(UpdateEndpoint(TENANT, "acme", "one", URL), bench.context)
    assert not second.created
    assert (second.endpoint.id, second.endpoint.uid) == (first.endpoint.id, "one")
    assert second.endpoint.channels is None
    assert second.endpoint.sealed_secrets == first.endpoint.sealed_secrets
    with pytest.raises(NotFound):
        await replace_endpoint(
            UpdateEndpoint(TENANT, "acme", format_id(ENDPOINT, b"x" * 16), URL), bench.context
        )


@pytest.mark.usefixtures("application_id")
async def test_patch_changes_only_what_it_sets_and_none_clears(bench: Bench) -> None:
    await create_endpoint(
        CreateEndpoint(TENANT, "acme", URL, "one", event_types=("a",), channels=("c",)),
        bench.context,
    )
    saved = await patch_endpoint(
        PatchEndpoint(TENANT, "acme", "one", disabled=True, channels=None), bench.context
    )
    endpoint = saved.endpoint
    assert (endpoint.disabled, endpoint.channels) == (True, None)
    assert (endpoint.event_types, endpoint.url, endpoint.uid) == (("a",), URL, "one")


async def test_a_deleted_endpoint_leaves_a_tombstone_without_secrets(
    bench: Bench, application_id: bytes
) -> None:
    first = await create_endpoint(CreateEndpoint(TENANT, "acme", URL, "one"), bench.context)
    deleted = await delete_endpoint(DeleteEndpoint(TENANT, "acme", "one"), bench.context)
    assert (deleted.application.version, deleted.before) == (3, first.endpoint)
    (tombstone,) = bench.announcer.changes[-1].endpoints
    assert (tombstone.id, tombstone.deleted, tombstone.version) == (first.endpoint.id, True, 3)
    assert (tombstone.url, tombstone.sealed_secrets) == ("", ())
    assert (await bench.reads.endpoints_by_id([first.endpoint.id])) == (tombstone,)
    assert await bench.reads.find_endpoint(application_id, first.endpoint.id) is None
    again = await create_endpoint(CreateEndpoint(TENANT, "acme", URL, "one"), bench.context)
    assert again.created


async def test_deleting_an_application_deletes_its_endpoints_each_with_a_version(
    bench: Bench, application_id: bytes
) -> None:
    ids = []
    for _ in range(3):
        saved = await create_endpoint(CreateEndpoint(TENANT, "acme", URL), bench.context)
        ids.append(saved.endpoint.id)
    await delete_application(
        DeleteApplication(TENANT, format_id(APPLICATION, application_id)), bench.context
    )
    change = bench.announcer.changes[-1]
    assert (change.previous_version, change.version) == (4, 8)
    assert [one.version for one in change.applications] == [5]
    assert [(one.id, one.version) for one in change.endpoints] == list(
        zip(ids, [6, 7, 8], strict=True)
    )
    assert all(one.deleted for one in change.endpoints)
    with pytest.raises(NotFound):
        await create_endpoint(CreateEndpoint(TENANT, "acme", URL), bench.context)
    assert (await bench.reads.recipients([application_id]))[application_id].matching("a", ()) == []


@pytest.mark.usefixtures("application_id")
async def test_an_application_has_so_many_endpoints_at_most(bench: Bench) -> None:
    small = a_process(bench.database, endpoints_max=2)
    for _ in range(2):
        await create_endpoint(CreateEndpoint(TENANT, "acme", URL), small.context)
    with pytest.raises(InvalidField, match="delete one first"):
        await create_endpoint(CreateEndpoint(TENANT, "acme", URL), small.context)


async def test_endpoints_are_listed_by_application(bench: Bench, application_id: bytes) -> None:
    for number in range(3):
        command = CreateEndpoint(TENANT, "acme", URL, description=str(number))
        await create_endpoint(command, bench.context)
    request = page_request(ENDPOINTS, limit=2, iterator=None, descending=True)
    page = await bench.reads.list_endpoints(application_id, request)
    assert ([one.description for one in page.items], page.done) == (["2", "1"], False)


async def test_recipients_are_the_enabled_endpoints_with_their_filters(
    bench: Bench, application_id: bytes
) -> None:
    every = await create_endpoint(CreateEndpoint(TENANT, "acme", URL), bench.context)
    some = await create_endpoint(
        CreateEndpoint(TENANT, "acme", URL, event_types=("a",), channels=("c",)), bench.context
    )
    await create_endpoint(CreateEndpoint(TENANT, "acme", URL, disabled=True), bench.context)
    deleted = await create_endpoint(CreateEndpoint(TENANT, "acme", URL, "gone"), bench.context)
    await delete_endpoint(DeleteEndpoint(TENANT, "acme", "gone"), bench.context)
    assert deleted.created

    empty = await create_application(CreateApplication(TENANT, "Empty"), bench.context)
    found = await bench.reads.recipients([application_id, empty.application.id, b"x" * 16])
    assert set(found) == {application_id, empty.application.id}
    assert found[empty.application.id].matching("a", ()) == []
    recipients = found[application_id]
    assert recipients.version == 6
    assert [(one.endpoint_id, one.version) for one in recipients.matching("a", ("c",))] == [
        (every.endpoint.id, 2),
        (some.endpoint.id, 3),
    ]
    assert [one.endpoint_id for one in recipients.matching("a", ())] == [every.endpoint.id]


@pytest.mark.usefixtures("application_id")
@pytest.mark.parametrize("scheme", ["https", "rediss+stream"])
@pytest.mark.parametrize(
    "application", ["acme", format_id(APPLICATION, operational_application_id(TENANT))]
)
async def test_an_address_that_can_never_be_delivered_to_is_refused_however_it_is_set(
    bench: Bench, application: str, scheme: str
) -> None:
    allowing = a_process(
        bench.database,
        stream_destinations=True,
        egress_rules=EgressRules.parse(["10.20.0.0/16"]),
    ).context
    denying = a_process(bench.database, stream_destinations=True).context
    path = "0/orders" if "stream" in scheme else "hook"
    url = f"{scheme}://10.20.0.7/{path}"
    saved = await create_endpoint(CreateEndpoint(TENANT, application, url, "one"), allowing)
    assert saved.endpoint.url == url

    commands: list[Awaitable[SavedEndpoint]] = [
        create_endpoint(CreateEndpoint(TENANT, application, url), denying),
        replace_endpoint(UpdateEndpoint(TENANT, application, "one", url), denying),
        replace_endpoint(UpdateEndpoint(TENANT, application, "two", url), denying),
        patch_endpoint(PatchEndpoint(TENANT, application, "one", url=url), denying),
    ]
    for command in commands:
        with pytest.raises(InvalidField) as refused:
            await command
        assert refused.value.field == "url"
        assert str(refused.value) == (
            "Webhooks cannot be delivered to this URL. 10.20.0.7 is not allowed: private. Use a"
            " public address, or ask the operator to add its network to"
            " ANGARIUM_EGRESS_ALLOWED_NETWORKS."
        )
    # What was allowed when it was saved can still be disabled, renamed and deleted.
    patched = await patch_endpoint(
        PatchEndpoint(TENANT, application, "one", disabled=True), denying
    )
    assert patched.endpoint.disabled
