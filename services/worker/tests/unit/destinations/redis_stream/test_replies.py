"""Reading a server's error codes, and its bytes."""

import pytest
from angarium_worker.adapters.destinations.redis_stream.replies import read_error
from angarium_worker.adapters.destinations.redis_stream.resp_connection import ServerError
from angarium_worker.domain.attempt_result import FailureReason, Rejected, Rejection, Throttled

PHASES_S = (5.0, 4.0, 1.0, 2.0, 3.0)


@pytest.mark.parametrize(
    "code",
    ["LOADING", "BUSY", "OOM", "READONLY", "CLUSTERDOWN", "MASTERDOWN", "TRYAGAIN", "NOREPLICAS"],
)
def test_a_server_that_takes_nothing_now_throttles(code: str) -> None:
    result = read_error(code, PHASES_S)
    assert isinstance(result, Throttled)
    assert result.retry_after_s is None
    assert result.reason is FailureReason.STREAM_NOT_READY
    assert result.detail.startswith(f"{code}: ")


@pytest.mark.parametrize("code", ["NOAUTH", "WRONGPASS", "NOPERM", "WRONGTYPE", "MOVED", "ASK"])
def test_a_server_that_never_takes_it_refuses(code: str) -> None:
    result = read_error(code, PHASES_S)
    assert isinstance(result, Rejected)
    assert result.rejection is Rejection.REFUSED
    assert result.failure == f"stream_refused: {result.detail}"


def test_an_error_that_is_not_known_is_the_servers_failure_and_is_not_repeated() -> None:
    error = ServerError("hunter2 unknown command 'AUTH', with args beginning with: 'hunter2'")
    result = read_error(error.code, PHASES_S)
    assert isinstance(result, Rejected)
    assert result.rejection is Rejection.FAILED
    assert "hunter2" not in str(result.failure)


def test_the_times_are_on_record() -> None:
    result = read_error("OOM", PHASES_S)
    assert (result.duration_s, result.first_byte_s) == (5.0, 4.0)
    assert (result.dns_s, result.connect_s, result.tls_s) == (1.0, 2.0, 3.0)
