"""The time limit of an attempt and the schedule of its retries: the most specific counts."""

from typing import Any

import pytest
from angarium_worker.application.delivery.attempt_policy import AttemptPolicy
from angarium_worker.domain.retry_schedule import RetrySchedule

POLICY = AttemptPolicy(RetrySchedule((5.0, 300.0), 0.1), timeout_s=15.0, timeout_s_max=30.0)


class Endpoint:
    def __init__(
        self, timeout_s: float | None = None, retry_delays_s: tuple[float, ...] | None = None
    ) -> None:
        self.timeout_s = timeout_s
        self.retry_delays_s = retry_delays_s


@pytest.mark.parametrize(("own_s", "counts_s"), [(None, 15.0), (20.0, 20.0), (31.0, 30.0)])
def test_no_attempt_lasts_longer_than_its_lease(own_s: float | None, counts_s: float) -> None:
    endpoint: Any = Endpoint(timeout_s=own_s)
    assert POLICY.timeout_of(endpoint) == counts_s


def test_an_endpoints_schedule_goes_before_its_messages_and_that_before_the_workers() -> None:
    plain: Any = Endpoint()
    own: Any = Endpoint(retry_delays_s=(1.0,))
    never: Any = Endpoint(retry_delays_s=())
    assert POLICY.schedule_of(plain, None) is POLICY.schedule
    assert POLICY.schedule_of(plain, [2.0]) == RetrySchedule((2.0,), 0.1)
    assert POLICY.schedule_of(plain, []) == RetrySchedule((), 0.1)
    assert POLICY.schedule_of(own, [2.0]) == RetrySchedule((1.0,), 0.1)
    assert POLICY.schedule_of(never, [2.0]) == RetrySchedule((), 0.1)
