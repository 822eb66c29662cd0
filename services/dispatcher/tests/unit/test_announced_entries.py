"""Cutting a large change into entries that follow each other by version."""

from datetime import UTC, datetime
from itertools import pairwise

from angarium_contracts.directory import DirectoryChanged
from angarium_dispatcher.adapters.streams.announce_changes import changed_entries
from angarium_dispatcher.application.configuration.store import DirectoryChange
from angarium_dispatcher.domain.application import Application
from angarium_dispatcher.domain.endpoint import Endpoint
from hypothesis import given
from hypothesis import strategies as st

NOW = datetime(2030, 1, 1, tzinfo=UTC)
TENANT, APPLICATION = b"t" * 16, b"a" * 16


def an_application(version: int) -> Application:
    return Application(APPLICATION, TENANT, None, "", None, {}, NOW, NOW, version, deleted=True)


def an_endpoint(version: int) -> Endpoint:
    return Endpoint(
        id=version.to_bytes(16),
        tenant_id=TENANT,
        application_id=APPLICATION,
        uid=None,
        url="https://example.com/",
        description="",
        disabled=False,
        throttle_rate=None,
        event_types=None,
        channels=None,
        metadata={},
        sealed_secrets=(b"sealed",),
        created_at=NOW,
        updated_at=NOW,
        version=version,
    )


def versions_of(entry: DirectoryChanged) -> list[int]:
    """The versions of all states in an entry."""
    applications = [state.version for state in entry.applications]
    return applications + [state.version for state in entry.endpoints]


@given(st.integers(0, 50), st.integers(0, 40), st.integers(1, 9))
def test_entries_follow_each_other_and_carry_every_state_once(
    previous: int, endpoints: int, states_max: int
) -> None:
    change = DirectoryChange(
        previous_version=previous,
        version=previous + 1 + endpoints,
        applications=(an_application(previous + 1),),
        endpoints=tuple(an_endpoint(previous + 2 + number) for number in range(endpoints)),
    )
    entries = changed_entries(change, states_max=states_max)
    assert entries[0].previous_version == change.previous_version
    assert entries[-1].version == change.version
    for earlier, later in pairwise(entries):
        assert earlier.version == later.previous_version
    versions = [version for entry in entries for version in versions_of(entry)]
    assert sorted(versions) == list(range(previous + 1, change.version + 1))
    for entry in entries:
        assert len(entry.applications) + len(entry.endpoints) <= states_max
        for version in versions_of(entry):
            assert entry.previous_version < version <= entry.version


def test_an_endpoint_and_its_application_of_one_version_travel_together() -> None:
    change = DirectoryChange(6, 7, (an_application(7),), (an_endpoint(7),))
    (entry,) = changed_entries(change, states_max=1)
    assert (len(entry.applications), len(entry.endpoints)) == (1, 1)
    assert entry.endpoints[0].secrets == (b"sealed",)
    assert entry.applications[0].deleted
