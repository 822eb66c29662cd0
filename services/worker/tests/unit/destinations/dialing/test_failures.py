"""Failure reasons of attempts whose connections failed."""

import errno

import pytest
from angarium_worker.adapters.destinations.dialing.failures import connect_failure
from angarium_worker.domain.attempt_result import FailureReason


@pytest.mark.parametrize(
    ("address", "detail"),
    [
        ("93.184.216.34", "93.184.216.34: Connection refused"),
        ("2606:4700::1111", "2606:4700::1111: Connection refused"),
        # The operator may allow these; tenants do not learn that a name leads to them.
        ("10.20.0.7", "Connection refused"),
        ("127.0.0.1", "Connection refused"),
        ("fd00::1", "Connection refused"),
    ],
)
def test_only_a_public_address_is_named(address: str, detail: str) -> None:
    failed = connect_failure(ConnectionRefusedError(errno.ECONNREFUSED, "refused"), address)
    assert (failed.reason, failed.detail) == (FailureReason.CONNECTION_REFUSED, detail)
