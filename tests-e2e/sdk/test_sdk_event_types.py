"""Event types through the official SDK."""

from typing import Any
from uuid import uuid4

import pytest
from svix.api import (
    EventTypeIn,
    EventTypeListOptions,
    EventTypePatch,
    EventTypeUpsertIn,
    Svix,
)
from svix.exceptions import HttpError, HTTPValidationError
from svix.models import EventTypeOut

SCHEMAS = {"1": {"type": "object", "title": "Paid", "properties": {"cents": {"type": "integer"}}}}


def a_name() -> str:
    return f"invoice.paid-{uuid4().hex}"


def test_an_event_type_is_what_was_given(svix: Svix) -> None:
    name = a_name()

    created = svix.event_type.create(
        EventTypeIn(name=name, description="An invoice was paid.", schemas=SCHEMAS)
    )

    assert (created.name, created.description) == (name, "An invoice was paid.")
    assert (created.archived, created.deprecated) == (False, False)
    assert created.schemas == SCHEMAS
    assert svix.event_type.get(name) == created


def test_a_name_is_taken_once(svix: Svix) -> None:
    name = a_name()
    svix.event_type.create(EventTypeIn(name=name, description="first"))

    with pytest.raises(HttpError) as refusal:
        svix.event_type.create(EventTypeIn(name=name, description="second"))

    assert (refusal.value.status_code, refusal.value.code) == (409, "conflict")
    assert svix.event_type.get(name).description == "first"


def test_an_update_replaces_and_a_patch_changes(svix: Svix) -> None:
    name = a_name()
    svix.event_type.create(EventTypeIn(name=name, description="old", schemas=SCHEMAS))

    updated = svix.event_type.upsert(name, EventTypeUpsertIn(description="new"))
    assert (updated.description, updated.schemas) == ("new", None)

    patched = svix.event_type.patch(name, EventTypePatch(deprecated=True))
    assert (patched.description, patched.deprecated) == ("new", True)

    unknown = a_name()
    assert svix.event_type.upsert(unknown, EventTypeUpsertIn(description="made")).name == unknown


def test_a_deleted_event_type_is_archived_and_can_come_back(other_svix: Svix) -> None:
    name = a_name()
    other_svix.event_type.create(EventTypeIn(name=name, description="one"))
    other_svix.event_type.delete(name)

    def listed(**options: Any) -> list[EventTypeOut]:
        return other_svix.event_type.list(EventTypeListOptions(**options)).data

    assert name not in [found.name for found in listed()]
    assert other_svix.event_type.get(name).archived
    assert name in [found.name for found in listed(include_archived=True)]
    again = other_svix.event_type.create(EventTypeIn(name=name, description="two"))
    assert (again.archived, again.description) == (False, "two")
    assert name in [found.name for found in listed()]


def test_a_list_is_read_in_pages(other_svix: Svix) -> None:
    prefix = uuid4().hex
    made = [f"{prefix}.{n}" for n in range(5)]
    for name in made:
        other_svix.event_type.create(EventTypeIn(name=name, description="x", schemas=SCHEMAS))

    found: list[EventTypeOut] = []
    iterator = None
    while True:
        page = other_svix.event_type.list(EventTypeListOptions(limit=2, iterator=iterator))
        found += page.data
        if page.done:
            break
        iterator = page.iterator

    assert sorted(one.name for one in found if one.name.startswith(prefix)) == made
    assert all(one.schemas is None for one in found)
    whole = other_svix.event_type.list(EventTypeListOptions(limit=250, with_content=True)).data
    assert all(one.schemas == SCHEMAS for one in whole if one.name.startswith(prefix))


def test_a_name_that_cannot_be_is_refused(svix: Svix) -> None:
    with pytest.raises(HTTPValidationError) as refusal:
        svix.event_type.create(EventTypeIn(name="invoice paid", description="x"))

    assert refusal.value.detail[0].loc == ["body", "name"]


def test_an_unknown_event_type_is_not_found(svix: Svix) -> None:
    for call in (svix.event_type.get, svix.event_type.delete):
        with pytest.raises(HttpError) as refusal:
            call(a_name())
        assert refusal.value.status_code == 404


def test_tenants_have_event_types_of_their_own(svix: Svix, other_svix: Svix) -> None:
    name = a_name()
    svix.event_type.create(EventTypeIn(name=name, description="ours"))

    with pytest.raises(HttpError):
        other_svix.event_type.get(name)
    other_svix.event_type.create(EventTypeIn(name=name, description="theirs"))

    assert svix.event_type.get(name).description == "ours"
