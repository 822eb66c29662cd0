"""Which secrets sign after rotations."""

from datetime import UTC, datetime

import pytest
from angarium_dispatcher.domain.endpoint import Endpoint
from angarium_dispatcher.domain.refusals import InvalidField
from angarium_dispatcher.domain.secret_rotation import SECRETS_MAX, rotated
from hypothesis import given
from hypothesis import strategies as st

AT = datetime(2030, 1, 1, tzinfo=UTC)
ENDPOINT = Endpoint(
    id=b"e" * 16, tenant_id=b"t" * 16, application_id=b"a" * 16, uid=None, url="https://e.com/",
    description="", disabled=False, throttle_rate=None, event_types=None, channels=None,
    metadata={}, sealed_secrets=(b"0",), created_at=AT, updated_at=AT,
)  # fmt: skip


def test_the_new_secret_stands_first_and_the_one_before_signs_for_its_grace() -> None:
    endpoint = rotated(ENDPOINT, b"1", now_s=1_000, grace_s=60)
    assert endpoint.sealed_secrets == (b"1", b"0")
    assert endpoint.secrets_expire_at == (0.0, 1_060.0)


def test_an_older_secret_keeps_the_end_that_it_had() -> None:
    endpoint = rotated(ENDPOINT, b"1", now_s=1_000, grace_s=60)
    endpoint = rotated(endpoint, b"2", now_s=1_010, grace_s=600)
    assert endpoint.sealed_secrets == (b"2", b"1", b"0")
    assert endpoint.secrets_expire_at == (0.0, 1_610.0, 1_060.0)
    endpoint = rotated(endpoint, b"3", now_s=1_100, grace_s=600)
    assert endpoint.sealed_secrets == (b"3", b"2", b"1")


def test_without_grace_the_old_secret_ends_at_once() -> None:
    endpoint = rotated(ENDPOINT, b"1", now_s=1_000, grace_s=0)
    assert (endpoint.sealed_secrets, endpoint.secrets_expire_at) == ((b"1",), ())


def test_more_than_ten_are_refused_but_ending_the_current_one_is_not() -> None:
    endpoint = ENDPOINT
    for number in range(1, SECRETS_MAX):
        endpoint = rotated(endpoint, bytes([number]), now_s=1_000, grace_s=60)
    assert len(endpoint.sealed_secrets) == SECRETS_MAX
    with pytest.raises(InvalidField, match="wait until one expires"):
        rotated(endpoint, b"x", now_s=1_000, grace_s=60)
    assert rotated(endpoint, b"x", now_s=1_000, grace_s=0).sealed_secrets[0] == b"x"


@pytest.mark.parametrize("grace_s", [-1, 604_801])
def test_a_grace_beyond_a_week_is_refused(grace_s: int) -> None:
    with pytest.raises(InvalidField, match="604800"):
        rotated(ENDPOINT, b"1", now_s=1_000, grace_s=grace_s)


@given(st.lists(st.tuples(st.integers(0, 100_000), st.integers(0, 604_800)), max_size=30))
def test_the_newest_never_expires_and_what_signs_is_bounded(steps: list[tuple[int, int]]) -> None:
    endpoint, now_s = ENDPOINT, 0
    for number, (pause_s, grace_s) in enumerate(steps):
        now_s += pause_s
        try:
            endpoint = rotated(endpoint, b"%d" % number, now_s=now_s, grace_s=grace_s)
        except InvalidField:
            continue
        ends = endpoint.secrets_expire_at or (0.0,)
        assert len(endpoint.sealed_secrets) == len(ends) <= SECRETS_MAX
        assert endpoint.sealed_secrets[0] == b"%d" % number
        assert ends[0] == 0
        assert all(end_s > now_s for end_s in ends[1:])
