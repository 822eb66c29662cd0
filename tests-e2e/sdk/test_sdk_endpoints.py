"""Endpoints through the official SDK."""

from uuid import uuid4

import pytest
from svix.api import (
    ApplicationIn,
    ApplicationOut,
    EndpointIn,
    EndpointListOptions,
    EndpointPatch,
    EndpointUpsertIn,
    Ordering,
    Svix,
)
from svix.exceptions import HttpError, HTTPValidationError

URL = "https://example.com/webhooks"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_an_endpoint_is_what_was_given(svix: Svix, application: ApplicationOut) -> None:
    created = svix.endpoint.create(
        application.id,
        EndpointIn(
            url=URL,
            uid="main",
            description="Where Acme listens",
            throttle_rate=10,
            event_types=["invoice.paid", "invoice.sent"],
            channels=["project_1"],
            metadata={"team": "billing"},
            secret=SECRET,
        ),
    )

    assert created.id.startswith("ep_")
    assert (created.url, created.uid, created.disabled) == (URL, "main", False)
    assert (created.description, created.throttle_rate) == ("Where Acme listens", 10)
    assert set(created.event_types or []) == {"invoice.paid", "invoice.sent"}
    assert (created.channels, created.metadata) == (["project_1"], {"team": "billing"})
    for app_reference in (application.id, str(application.uid)):
        for reference in (created.id, "main"):
            assert svix.endpoint.get(app_reference, reference) == created
            assert svix.endpoint.get_secret(app_reference, reference).key == SECRET


def test_without_a_secret_one_is_made(svix: Svix, application: ApplicationOut) -> None:
    first = svix.endpoint.create(application.id, EndpointIn(url=URL))
    second = svix.endpoint.create(application.id, EndpointIn(url=URL))

    keys = [svix.endpoint.get_secret(application.id, made.id).key for made in (first, second)]

    assert all(key.startswith("whsec_") for key in keys)
    assert keys[0] != keys[1]


def test_an_update_replaces_and_a_patch_changes(svix: Svix, application: ApplicationOut) -> None:
    created = svix.endpoint.create(
        application.id, EndpointIn(url=URL, uid="main", channels=["a"], description="old")
    )
    secret = svix.endpoint.get_secret(application.id, "main").key

    updated = svix.endpoint.upsert(application.id, "main", EndpointUpsertIn(url=f"{URL}/2"))
    assert (updated.id, updated.url, updated.uid) == (created.id, f"{URL}/2", "main")
    assert (updated.channels, updated.description) == (None, "")

    patched = svix.endpoint.patch(
        application.id, created.id, EndpointPatch(disabled=True, event_types=["invoice.paid"])
    )
    assert (patched.url, patched.disabled) == (f"{URL}/2", True)
    assert patched.event_types == ["invoice.paid"]
    assert svix.endpoint.get_secret(application.id, "main").key == secret


def test_an_update_of_an_unknown_uid_creates(svix: Svix, application: ApplicationOut) -> None:
    created = svix.endpoint.upsert(application.id, "by-put", EndpointUpsertIn(url=URL))

    assert svix.endpoint.get(application.id, "by-put").id == created.id


def test_a_uid_is_taken_once_in_an_application(svix: Svix, application: ApplicationOut) -> None:
    svix.endpoint.create(application.id, EndpointIn(url=URL, uid="main"))

    with pytest.raises(HttpError) as refusal:
        svix.endpoint.create(application.id, EndpointIn(url=URL, uid="main"))
    assert (refusal.value.status_code, refusal.value.code) == (409, "conflict")
    elsewhere = svix.application.create(ApplicationIn(name="Other"))
    assert svix.endpoint.create(elsewhere.id, EndpointIn(url=URL, uid="main")).uid == "main"


def test_a_deleted_endpoint_is_gone(svix: Svix, application: ApplicationOut) -> None:
    created = svix.endpoint.create(application.id, EndpointIn(url=URL, uid="main"))

    svix.endpoint.delete(application.id, "main")

    for reference in (created.id, "main"):
        with pytest.raises(HttpError) as refusal:
            svix.endpoint.get(application.id, reference)
        assert refusal.value.status_code == 404
        with pytest.raises(HttpError):
            svix.endpoint.get_secret(application.id, reference)


def test_endpoints_go_with_their_application(svix: Svix, application: ApplicationOut) -> None:
    created = svix.endpoint.create(application.id, EndpointIn(url=URL))
    svix.application.delete(application.id)

    with pytest.raises(HttpError) as refusal:
        svix.endpoint.get(application.id, created.id)

    assert refusal.value.status_code == 404


def test_a_list_is_read_in_pages_in_either_order(svix: Svix, application: ApplicationOut) -> None:
    made = [svix.endpoint.create(application.id, EndpointIn(url=f"{URL}/{n}")).id for n in range(5)]

    for order, wanted in ((Ordering.ASCENDING, made), (Ordering.DESCENDING, made[::-1])):
        found: list[str] = []
        iterator = None
        while True:
            page = svix.endpoint.list(
                application.id, EndpointListOptions(limit=2, iterator=iterator, order=order)
            )
            found += [endpoint.id for endpoint in page.data]
            if page.done:
                break
            iterator = page.iterator
        assert found == wanted


@pytest.mark.parametrize(
    ("wrong", "member"),
    [
        (EndpointIn(url="ftp://example.com/"), "url"),
        (EndpointIn(url="javascript:alert(1)"), "url"),
        (EndpointIn(url="not a url"), "url"),
        (EndpointIn(url="https://"), "url"),
        (EndpointIn(url=URL, uid="has spaces"), "uid"),
        (EndpointIn(url=URL, channels=[]), "channels"),
        (EndpointIn(url=URL, channels=[f"c{n}" for n in range(11)]), "channels"),
        (EndpointIn(url=URL, event_types=["bad name"]), "eventTypes"),
        (EndpointIn(url=URL, secret="whsec_short"), "secret"),
        (EndpointIn(url=URL, throttle_rate=-1), "throttleRate"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_wrong_member_is_named_and_nothing_is_created(
    svix: Svix, application: ApplicationOut, wrong: EndpointIn, member: str
) -> None:
    with pytest.raises(HTTPValidationError) as refusal:
        svix.endpoint.create(application.id, wrong)

    assert refusal.value.status_code == 422
    assert refusal.value.detail[0].loc[:2] == ["body", member]
    assert refusal.value.detail[0].msg
    assert svix.endpoint.list(application.id).data == []


def test_another_tenant_has_no_way_to_an_endpoint(
    svix: Svix, other_svix: Svix, application: ApplicationOut
) -> None:
    endpoint = svix.endpoint.create(application.id, EndpointIn(url=URL))
    theirs = other_svix.application.create(ApplicationIn(name="Theirs", uid=uuid4().hex))

    for app_id in (application.id, theirs.id):
        with pytest.raises(HttpError) as refusal:
            other_svix.endpoint.get_secret(app_id, endpoint.id)
        assert refusal.value.status_code == 404
    other_svix.application.delete(theirs.id)
