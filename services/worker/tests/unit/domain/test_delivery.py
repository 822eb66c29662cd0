"""A delivery on record."""

import pytest
from angarium_worker.domain.delivery import SCHEDULED_TRIGGER, Delivery, Lane

DELIVERY = Delivery(b"m", b"e", b"a", b"t", "x.y", b"{}", 3)


def test_one_that_nobody_touched_is_due_at_once_at_its_first_attempt() -> None:
    assert (DELIVERY.attempts_made, DELIVERY.due_in_us, DELIVERY.weight) == (0, 0, 1)
    assert (DELIVERY.trigger, DELIVERY.is_retry, DELIVERY.is_held) == (
        SCHEDULED_TRIGGER,
        False,
        False,
    )
    assert (DELIVERY.key, DELIVERY.id) == ((b"m", b"e"), b"m")
    assert DELIVERY._replace(fence=0).is_held


@pytest.mark.parametrize("trigger", [SCHEDULED_TRIGGER - 1, SCHEDULED_TRIGGER + 1])
def test_what_an_operator_asks_for_and_what_was_attempted_are_retries(trigger: int) -> None:
    assert DELIVERY._replace(trigger=trigger).is_retry
    assert DELIVERY._replace(attempts_made=1).is_retry


def test_first_attempts_go_ahead_of_retries() -> None:
    assert (Lane.FIRST, Lane.RETRY) == (0, 1)
