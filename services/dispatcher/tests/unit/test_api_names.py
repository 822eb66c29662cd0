"""Refusals name fields as the HTTP API calls them."""

import pytest
from angarium_dispatcher.adapters.streams.wire import problem
from angarium_dispatcher.domain.refusals import AlreadyTaken, InvalidField


@pytest.mark.parametrize(
    ("field", "name"),
    [
        ("uid", "uid"),
        ("throttle_rate", "throttleRate"),
        ("timeout_s", "timeoutSeconds"),
        ("concurrency_max", "concurrency"),
        ("retry_delays_s", "retrySchedule"),
        ("header_names", "signatureHeaders"),
        ("proxy_url", "proxyUrl"),
        ("client_certificate", "clientCertificate"),
        ("grace_s", "gracePeriodSeconds"),
        ("endpoint_ids", "endpointIds"),
        ("feature_flag", "featureFlag"),
        ("headers.X_a-B", "headers.X_a-B"),
    ],
)
def test_a_refused_field_has_the_name_of_the_api(field: str, name: str) -> None:
    assert problem(InvalidField(field, "Change it.")).field == name


def test_a_taken_uid_is_a_conflict_about_the_uid() -> None:
    assert problem(AlreadyTaken("endpoint", "uid", "one")).field == "uid"
