"""Applications through the official SDK."""

from uuid import uuid4

import pytest
from svix.api import (
    ApplicationIn,
    ApplicationListOptions,
    ApplicationOut,
    ApplicationPatch,
    Ordering,
    Svix,
)
from svix.exceptions import HttpError, HTTPValidationError


def test_an_application_is_what_was_given(svix: Svix) -> None:
    uid = f"customer-{uuid4().hex}"
    created = svix.application.create(
        ApplicationIn(name="Acme", uid=uid, throttle_rate=50, metadata={"plan": "gold"})
    )

    assert created.id.startswith("app_")
    assert (created.name, created.uid, created.throttle_rate) == ("Acme", uid, 50)
    assert created.metadata == {"plan": "gold"}
    assert svix.application.get(created.id) == svix.application.get(uid) == created


def test_a_uid_is_taken_once_and_can_be_got_instead(svix: Svix) -> None:
    uid = f"customer-{uuid4().hex}"
    created = svix.application.get_or_create(ApplicationIn(name="First", uid=uid))

    assert svix.application.get_or_create(ApplicationIn(name="Second", uid=uid)) == created
    with pytest.raises(HttpError) as refusal:
        svix.application.create(ApplicationIn(name="Second", uid=uid))
    assert (refusal.value.status_code, refusal.value.code) == (409, "conflict")
    assert uid in refusal.value.detail


def test_an_update_replaces_and_a_patch_changes(svix: Svix, application: ApplicationOut) -> None:
    updated = svix.application.upsert(
        application.id, ApplicationIn(name="New", uid=application.uid, metadata={"a": "1"})
    )
    assert (updated.id, updated.name, updated.metadata) == (application.id, "New", {"a": "1"})
    assert updated.updated_at > application.updated_at

    patched = svix.application.patch(str(application.uid), ApplicationPatch(name="Newer"))
    assert (patched.name, patched.uid, patched.metadata) == ("Newer", application.uid, {"a": "1"})

    moved = svix.application.patch(application.id, ApplicationPatch(uid=f"moved-{uuid4().hex}"))
    assert svix.application.get(str(moved.uid)).id == application.id
    with pytest.raises(HttpError):
        svix.application.get(str(application.uid))


def test_an_update_of_an_unknown_uid_creates(svix: Svix) -> None:
    uid = f"customer-{uuid4().hex}"

    created = svix.application.upsert(uid, ApplicationIn(name="Made by PUT"))

    assert (created.uid, svix.application.get(uid).id) == (uid, created.id)


def test_a_deleted_application_is_gone(svix: Svix, application: ApplicationOut) -> None:
    svix.application.delete(application.id)

    for reference in (application.id, str(application.uid)):
        with pytest.raises(HttpError) as refusal:
            svix.application.get(reference)
        assert (refusal.value.status_code, refusal.value.code) == (404, "not_found")
    with pytest.raises(HttpError):
        svix.application.delete(application.id)
    # Its uid is free again.
    again = svix.application.create(ApplicationIn(name="Again", uid=application.uid))
    assert again.id != application.id


def test_a_list_is_read_in_pages_in_either_order(other_svix: Svix) -> None:
    made = [other_svix.application.create(ApplicationIn(name=f"{n}")).id for n in range(7)]

    for order, wanted in ((Ordering.ASCENDING, made), (Ordering.DESCENDING, made[::-1])):
        found: list[str] = []
        iterator, pages = None, 0
        while True:
            page = other_svix.application.list(
                ApplicationListOptions(limit=3, iterator=iterator, order=order)
            )
            found += [application.id for application in page.data]
            pages += 1
            if page.done:
                break
            iterator = page.iterator
        assert (found, pages) == (wanted, 3)

    for identifier in made:
        other_svix.application.delete(identifier)
    assert other_svix.application.list().data == []


def test_a_page_leads_back_to_the_one_before(other_svix: Svix) -> None:
    made = [other_svix.application.create(ApplicationIn(name=f"{n}")).id for n in range(4)]
    first = other_svix.application.list(ApplicationListOptions(limit=2))
    second = other_svix.application.list(ApplicationListOptions(limit=2, iterator=first.iterator))

    back = other_svix.application.list(
        ApplicationListOptions(limit=2, iterator=second.prev_iterator)
    )

    assert [application.id for application in back.data] == made[:2]
    for identifier in made:
        other_svix.application.delete(identifier)


@pytest.mark.parametrize(
    ("options", "member"),
    [
        (ApplicationListOptions(limit=0), "limit"),
        (ApplicationListOptions(limit=251), "limit"),
        (ApplicationListOptions(iterator="nonsense"), "iterator"),
    ],
)
def test_a_list_that_cannot_be_given_is_refused(
    svix: Svix, options: ApplicationListOptions, member: str
) -> None:
    with pytest.raises(HTTPValidationError) as refusal:
        svix.application.list(options)

    assert refusal.value.detail[0].loc == ["query", member]


def test_another_tenant_sees_nothing(svix: Svix, other_svix: Svix) -> None:
    uid = f"customer-{uuid4().hex}"
    ours = svix.application.create(ApplicationIn(name="Ours", uid=uid))

    for reference in (ours.id, uid):
        with pytest.raises(HttpError) as refusal:
            other_svix.application.get(reference)
        assert refusal.value.status_code == 404
        with pytest.raises(HttpError):
            other_svix.application.delete(reference)
    theirs = other_svix.application.create(ApplicationIn(name="Theirs", uid=uid))
    assert other_svix.application.get(uid).id == theirs.id != svix.application.get(uid).id
    other_svix.application.delete(uid)
    assert svix.application.get(uid) == ours
