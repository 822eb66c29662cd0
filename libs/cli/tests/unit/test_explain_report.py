from angarium_cli.explain.report import report_lines

SUCCEEDED = {
    "id": "atmpt_2",
    "attemptNumber": 2,
    "timestamp": "2026-03-02T08:35:00Z",
    "statusText": "success",
    "responseStatusCode": 204,
    "responseDurationMs": 12,
    "url": "https://example.com/hook",
}
FAILED = SUCCEEDED | {
    "id": "atmpt_1",
    "attemptNumber": 1,
    "statusText": "fail",
    "responseStatusCode": 502,
    "responseStatusText": "Bad\x1b[31m Gateway",
    "nextAttempt": "2026-03-02T08:35:00Z",
    "explanation": {
        "code": "nginx_bad_gateway",
        "cause": "nginx got no usable answer.",
        "remedy": "Start the server.",
        "remedyBy": "customer",
        "evidence": [{"name": "Response header Server", "value": "n" * 400}],
        "documentation": "reference/failures/nginx_bad_gateway",
    },
}


def test_a_failed_attempt_is_reported_with_its_explanation() -> None:
    lines = list(report_lines([FAILED]))
    assert lines[0] == (
        "atmpt_1  attempt 1  2026-03-02T08:35:00Z  fail  502 Bad?[31m Gateway  12 ms"
    )
    assert lines[1:5] == [
        "  https://example.com/hook",
        "  Cause:   nginx got no usable answer. (nginx_bad_gateway)",
        "  Remedy:  Start the server.",
        "  By:      the customer",
    ]
    assert len(lines[5]) < 340
    assert lines[6:] == [
        "  See:     reference/failures/nginx_bad_gateway",
        "  Next attempt: 2026-03-02T08:35:00Z",
    ]


def test_attempts_are_set_apart_and_a_success_needs_two_lines() -> None:
    lines = list(report_lines([SUCCEEDED, SUCCEEDED | {"responseStatusCode": 0}]))
    assert lines[2] == ""
    assert lines[3].endswith("no response  12 ms")
    assert len(lines) == 5


def test_nothing_is_reported_of_no_attempts() -> None:
    assert list(report_lines([])) == []
