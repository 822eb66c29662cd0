"""Every stored reason of a failure has an explanation."""

import pytest
from angarium_webhooks.failures import AttemptRecord, explain
from angarium_webhooks.failures.explain import BY_REASON
from angarium_worker.domain.attempt_result import FailureReason


def test_explanations_know_the_reasons_of_the_worker_and_no_others() -> None:
    assert set(BY_REASON) == {reason.value for reason in FailureReason}


@pytest.mark.parametrize("reason", FailureReason)
def test_a_reason_without_any_detail_is_explained(reason: FailureReason) -> None:
    explanation = explain(AttemptRecord("https://example.com/", reason.value))
    assert explanation is not None
    assert explanation.code != "unknown_failure"
