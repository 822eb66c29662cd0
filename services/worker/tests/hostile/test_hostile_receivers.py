"""Two hundred attempts at once against each kind of hostile receiver.

Whatever it does, every attempt ends by its deadline, says the right reason, and this process
stays small.
"""

import pytest
from angarium_chassis.stopping import until
from angarium_worker.adapters.destinations.webhook import WebhookSender
from angarium_worker.domain.attempt_result import AttemptResult, FailureReason

from .conftest import Crowd, CrowdReport

LATENESS_MAX_S = 0.5
GROWTH_BYTES_MAX = 50 * 1024 * 1024
# For kinds that hold on until the deadline, and for those that must end on their own before it.
HOLDS_ON_S = 1.0
# Two hundred handshakes take a busy core a second by themselves.
HOLDS_ON_OVER_TLS_S = 4.0
ENDS_S = 10.0
# More than the small buffers of both ends hold.
LARGE_BODY = bytes(64 * 1024)

TIMED_OUT = FailureReason.RESPONSE_TIMED_OUT
INVALID = FailureReason.INVALID_RESPONSE
CLOSED = FailureReason.CONNECTION_CLOSED
RESET = FailureReason.CONNECTION_RESET


# The status of those whose answer breaks off after its status line: it is kept.
BROKEN_OFF_STATUS = {
    "switching_protocols": 101,
    "body_shorter_than_its_length": 200,
    "chunk_size_beyond_64_bits": 200,
    "chunked_garbage": 200,
    "countless_headers": 200,
    "drip_body": 200,
    "drip_chunks": 200,
    "drip_headers": 200,
    "endless_reason_phrase": 200,
    "endless_trailers": 200,
    "event_stream": 200,
    "folded_header": 200,
    "garbage_within_tls": 200,
    "half_closed_within_the_head": 200,
    "header_without_a_name": 200,
    "length_and_chunked": 200,
    "length_beyond_64_bits": 200,
    "length_in_hex": 200,
    "negative_length": 200,
    "nul_in_a_header": 200,
    "one_giant_header": 200,
    "reset_mid_body": 200,
    "two_lengths": 200,
}


def assert_status_kept(report: CrowdReport, kind: str, expected: FailureReason | int) -> None:
    """A failed attempt has the status that came, and says that the answer broke off."""
    status = expected if isinstance(expected, int) else BROKEN_OFF_STATUS.get(kind, 0)
    assert {outcome.response_status for outcome in report.outcomes} == {status}
    if kind in BROKEN_OFF_STATUS and status != expected:
        for outcome in report.outcomes:
            assert outcome.detail.startswith(f"answered {status}, but the answer broke off ")
            assert len(outcome.response) <= 16 * 1024


def seen(outcome: AttemptResult) -> FailureReason | int:
    """The reason, or the status where there was an answer."""
    return outcome.reason or outcome.response_status


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("drip_headers", TIMED_OUT),
        ("drip_body", TIMED_OUT),
        ("drip_chunks", TIMED_OUT),
        ("drip_interim", TIMED_OUT),
        ("event_stream", TIMED_OUT),
        ("no_response", TIMED_OUT),
        ("half_open", TIMED_OUT),
    ],
)
async def test_one_that_never_comes_to_an_end_is_cut_off_at_the_deadline(
    ports: dict[str, int],
    crowd: Crowd,
    sender: WebhookSender,
    kind: str,
    expected: FailureReason | int,
) -> None:
    report = await crowd(f"http://127.0.0.1:{ports[kind]}/", timeout_s=HOLDS_ON_S)
    assert {seen(outcome) for outcome in report.outcomes} == {expected}
    assert_status_kept(report, kind, expected)
    assert_bounded(report, sender, HOLDS_ON_S)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("behaves", 200),
        ("endless_interim", INVALID),
        ("endless_reason_phrase", INVALID),
        ("one_giant_header", INVALID),
        ("countless_headers", INVALID),
        ("endless_trailers", INVALID),
        ("half_closed", CLOSED),
        ("half_closed_within_the_head", CLOSED),
        ("empty", CLOSED),
        ("reset_before_the_response", RESET),
        ("reset_mid_body", RESET),
        ("body_shorter_than_its_length", CLOSED),
        ("body_longer_than_its_length", 200),
        ("negative_length", INVALID),
        ("length_in_hex", INVALID),
        ("length_beyond_64_bits", INVALID),
        ("two_lengths", INVALID),
        ("length_and_chunked", INVALID),
        ("chunked_garbage", INVALID),
        ("chunk_size_beyond_64_bits", INVALID),
        ("not_http", INVALID),
        ("http2_preface", INVALID),
        ("nul_in_a_header", INVALID),
        ("header_without_a_name", INVALID),
        ("folded_header", INVALID),
        ("switching_protocols", INVALID),
        ("status_999", 999),
    ],
)
async def test_one_that_breaks_the_protocol_or_the_connection_ends_at_once(
    ports: dict[str, int],
    crowd: Crowd,
    sender: WebhookSender,
    kind: str,
    expected: FailureReason | int,
) -> None:
    report = await crowd(f"http://127.0.0.1:{ports[kind]}/", timeout_s=ENDS_S)
    assert {seen(outcome) for outcome in report.outcomes} == {expected}
    assert_status_kept(report, kind, expected)
    assert report.longest_s < ENDS_S / 2
    assert_bounded(report, sender, ENDS_S)


@pytest.mark.parametrize(
    "kind",
    [
        "endless_body",
        "endless_chunks",
        "endless_chunk_extension",
        "gzip_bomb",
    ],
)
async def test_of_a_body_without_end_a_bounded_part_is_read_and_kept(
    ports: dict[str, int], crowd: Crowd, sender: WebhookSender, kind: str
) -> None:
    report = await crowd(f"http://127.0.0.1:{ports[kind]}/", timeout_s=ENDS_S)
    assert {seen(outcome) for outcome in report.outcomes} == {200}
    for outcome in report.outcomes:
        assert outcome.response_truncated
        assert len(outcome.response) <= 16 * 1024
    assert report.longest_s < ENDS_S / 2
    assert await until(lambda: sender.connections_open == 0, timeout_s=20)
    assert_bounded(report, sender, ENDS_S)


async def test_a_408_of_one_that_tired_of_waiting_is_not_the_requests_answer(
    ports: dict[str, int], crowd: Crowd, sender: WebhookSender
) -> None:
    url = f"http://127.0.0.1:{ports['tires_of_kept_connections']}/"
    for _ in range(3):
        report = await crowd(url, timeout_s=ENDS_S)
        assert {seen(outcome) for outcome in report.outcomes} == {200}
        assert_bounded(report, sender, ENDS_S)


async def test_a_compressed_body_is_kept_as_it_came(ports: dict[str, int], crowd: Crowd) -> None:
    report = await crowd(f"http://127.0.0.1:{ports['gzip_bomb']}/", timeout_s=ENDS_S)
    assert {outcome.response[:2] for outcome in report.outcomes} == {b"\x1f\x8b"}


async def test_an_early_answer_of_one_that_reads_little_counts_if_it_arrives(
    ports: dict[str, int], crowd: Crowd, sender: WebhookSender, small_send_buffers: None
) -> None:
    url = f"http://127.0.0.1:{ports['early_response_and_close']}/"
    report = await crowd(url, timeout_s=ENDS_S, body=LARGE_BODY)
    # The kernel's reset may overtake the answer: which of the two comes first is not ours.
    assert {seen(outcome) for outcome in report.outcomes} <= {413, RESET}
    assert await until(lambda: sender.connections_open == 0, timeout_s=20)
    assert_bounded(report, sender, ENDS_S)


async def test_bytes_before_the_request_are_refused_unless_they_come_with_its_answer(
    ports: dict[str, int], crowd: Crowd, sender: WebhookSender
) -> None:
    report = await crowd(f"http://127.0.0.1:{ports['speaks_first']}/", timeout_s=ENDS_S)
    # What is read after the request went out cannot be told from an answer to it.
    assert {seen(outcome) for outcome in report.outcomes} <= {200, INVALID}
    assert_bounded(report, sender, ENDS_S)


async def test_an_answer_before_the_request_is_written_counts_and_ends_the_connection(
    ports: dict[str, int], crowd: Crowd, sender: WebhookSender, small_send_buffers: None
) -> None:
    url = f"http://127.0.0.1:{ports['response_before_the_request_is_written']}/"
    report = await crowd(url, timeout_s=ENDS_S, body=LARGE_BODY)
    assert {seen(outcome) for outcome in report.outcomes} == {202}
    assert await until(lambda: sender.connections_open == 0, timeout_s=20)
    assert_bounded(report, sender, ENDS_S)


async def test_one_that_does_not_read_the_request_is_cut_off_at_the_deadline(
    ports: dict[str, int], crowd: Crowd, sender: WebhookSender, small_send_buffers: None
) -> None:
    url = f"http://127.0.0.1:{ports['never_reads']}/"
    report = await crowd(url, timeout_s=HOLDS_ON_S, body=LARGE_BODY)
    assert {seen(outcome) for outcome in report.outcomes} == {TIMED_OUT}
    assert_bounded(report, sender, HOLDS_ON_S)


@pytest.mark.parametrize(
    ("kind", "expected", "timeout_s"),
    [
        ("tls_garbage", FailureReason.TLS_FAILED, ENDS_S),
        ("tls_hangs_up", FailureReason.TLS_FAILED, ENDS_S),
        ("tls_silence", FailureReason.TLS_TIMED_OUT, HOLDS_ON_S),
        ("tls_drip", FailureReason.TLS_TIMED_OUT, HOLDS_ON_S),
        ("name_only_as_common_name", FailureReason.CERTIFICATE_NOT_TRUSTED, ENDS_S),
        ("expired_certificate", FailureReason.CERTIFICATE_NOT_TRUSTED, ENDS_S),
        ("wrong_name_certificate", FailureReason.CERTIFICATE_NOT_TRUSTED, ENDS_S),
    ],
)
async def test_one_that_spoils_the_tls_handshake_gets_no_request(
    ports: dict[str, int],
    crowd: Crowd,
    sender: WebhookSender,
    kind: str,
    expected: FailureReason | int,
    timeout_s: float,
) -> None:
    report = await crowd(f"https://hooks.example:{ports[kind]}/", timeout_s=timeout_s)
    assert {seen(outcome) for outcome in report.outcomes} == {expected}
    assert_bounded(report, sender, timeout_s)


@pytest.mark.parametrize("kind", ["smuggles_a_second_response", "smuggles_while_idle"])
async def test_bytes_after_a_response_never_answer_the_next_request(
    ports: dict[str, int], crowd: Crowd, sender: WebhookSender, kind: str
) -> None:
    url = f"http://127.0.0.1:{ports[kind]}/"
    for _ in range(3):
        report = await crowd(url, timeout_s=ENDS_S)
        assert {seen(outcome) for outcome in report.outcomes} == {200}
        assert {outcome.response for outcome in report.outcomes} == {b"ok"}
        assert_bounded(report, sender, ENDS_S)


@pytest.mark.parametrize(
    ("kind", "expected", "timeout_s"),
    [
        ("behaves", 200, ENDS_S),
        # The status came whole, and many servers leave out the farewell of TLS.
        ("cut_off_within_tls", 200, ENDS_S),
        ("drip_body", TIMED_OUT, HOLDS_ON_OVER_TLS_S),
        ("drip_headers", TIMED_OUT, HOLDS_ON_OVER_TLS_S),
        ("empty", CLOSED, ENDS_S),
        ("endless_body", 200, ENDS_S),
        ("endless_chunks", 200, ENDS_S),
        ("endless_interim", INVALID, ENDS_S),
        ("garbage_within_tls", FailureReason.TLS_FAILED, ENDS_S),
        ("gzip_bomb", 200, ENDS_S),
        ("no_response", TIMED_OUT, HOLDS_ON_OVER_TLS_S),
        ("one_giant_header", INVALID, ENDS_S),
        ("reset_mid_body", RESET, ENDS_S),
        ("smuggles_a_second_response", 200, ENDS_S),
        ("smuggles_while_idle", 200, ENDS_S),
    ],
)
async def test_over_tls_the_same_kinds_gain_nothing_more(
    ports: dict[str, int],
    crowd: Crowd,
    sender: WebhookSender,
    kind: str,
    expected: FailureReason | int,
    timeout_s: float,
) -> None:
    url = f"https://hooks.example:{ports[f'tls/{kind}']}/"
    for _ in range(2 if kind.startswith("smuggles") else 1):
        report = await crowd(url, timeout_s=timeout_s)
        assert {seen(outcome) for outcome in report.outcomes} == {expected}
        assert_status_kept(report, kind, expected)
        assert all(b"evil" not in outcome.response for outcome in report.outcomes)
        assert_bounded(report, sender, timeout_s)


@pytest.mark.parametrize(
    ("kind", "expected", "timeout_s"),
    [
        ("never_reads", TIMED_OUT, HOLDS_ON_OVER_TLS_S),
        ("response_before_the_request_is_written", 202, ENDS_S),
    ],
)
async def test_over_tls_a_request_that_is_not_taken_is_bounded_too(
    ports: dict[str, int],
    crowd: Crowd,
    sender: WebhookSender,
    small_send_buffers: None,
    kind: str,
    expected: FailureReason | int,
    timeout_s: float,
) -> None:
    url = f"https://hooks.example:{ports[f'tls/{kind}']}/"
    report = await crowd(url, timeout_s=timeout_s, body=LARGE_BODY)
    assert {seen(outcome) for outcome in report.outcomes} == {expected}
    assert await until(lambda: sender.connections_open == 0, timeout_s=20)
    assert_bounded(report, sender, timeout_s)


def assert_bounded(report: CrowdReport, sender: WebhookSender, timeout_s: float) -> None:
    assert report.longest_s <= timeout_s + LATENESS_MAX_S + 2 * report.loop_late_s
    assert report.growth_bytes <= GROWTH_BYTES_MAX
    assert sender.attempts_under_way == 0
