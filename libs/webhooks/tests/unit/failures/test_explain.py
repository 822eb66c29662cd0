import pytest
from angarium_contracts.attempts import Explanation
from angarium_webhooks.failures import FAILURES, AttemptRecord, explain
from angarium_webhooks.failures.catalog import FAMILIES
from angarium_webhooks.failures.explain import (
    BY_REASON,
    CAUSE_CHARS_MAX,
    CONTENT_CHARS_MAX,
    EVIDENCE_MAX,
    REMEDY_CHARS_MAX,
    VALUE_CHARS_MAX,
)
from angarium_webhooks.failures.records import CONTENT, FACTS
from angarium_webhooks.http_heads import read_response_head
from hypothesis import given
from hypothesis import strategies as st

from .failure_examples import EXAMPLES, answered, failed

URLS = st.one_of(st.just("https://hooks.example.com/in"), st.text(max_size=60))
WORDS = st.sampled_from(
    [
        "signature", "timestamp too old", "missing headers", "tunnel not found", "web app stopped",
        "nginx", "csrf token", "just a moment...", "expired", "speaks TLS", "before the request",
    ]
)  # fmt: skip
TEXTS = st.one_of(WORDS, st.text(max_size=80), st.text(max_size=5_000))
HEADS = st.one_of(
    st.binary(max_size=200),
    st.tuples(
        st.integers(100, 999),
        st.sampled_from(["server", "location", "retry-after", "via", "cf-mitigated", "x"]),
        TEXTS,
    ).map(lambda each: f"HTTP/1.1 {each[0]} X\r\n{each[1]}: {each[2]}".encode()),
)
RECORDS = st.builds(
    lambda url, reason, detail, status, received, body, facts: AttemptRecord(
        url, reason, detail, status, read_response_head(received), received, body, facts
    ),
    URLS,
    st.one_of(st.none(), st.sampled_from(sorted(BY_REASON)), st.text(max_size=20)),
    TEXTS,
    st.one_of(st.integers(0, 999), st.integers()),
    HEADS,
    st.one_of(st.binary(max_size=300), TEXTS.map(str.encode)),
    st.dictionaries(st.sampled_from(sorted(FACTS)), TEXTS, max_size=6),
)


@given(RECORDS)
def test_every_record_is_explained_without_an_error_and_within_bounds(
    record: AttemptRecord,
) -> None:
    explanation = explain(record)
    if explanation is None:
        assert record.reason is None
        assert record.status in range(200, 300) or not record.status
        return
    assert FAILURES[explanation.code].by == explanation.remedy_by
    assert 0 < len(explanation.cause) <= CAUSE_CHARS_MAX
    assert 0 < len(explanation.remedy) <= REMEDY_CHARS_MAX
    assert len(explanation.evidence) <= EVIDENCE_MAX
    for each in explanation.evidence:
        longest = CONTENT_CHARS_MAX if each.name in CONTENT else VALUE_CHARS_MAX
        assert 0 < len(each.value) <= longest
        assert each.value.isprintable()


@given(RECORDS)
def test_the_code_does_not_depend_on_whether_content_is_wanted(record: AttemptRecord) -> None:
    whole, without = explain(record), explain(record, with_content=False)
    assert (whole and whole.code) == (without and without.code)
    assert without is None or not {each.name for each in without.evidence} & CONTENT


def test_there_are_at_least_fifty_codes_and_none_twice() -> None:
    codes = [failure.code for family in FAMILIES.values() for failure in family]
    assert len(codes) == len(set(codes)) >= 50
    assert {failure.by for failure in FAILURES.values()} == {"customer", "operator"}


def test_every_code_has_an_example() -> None:
    assert set(EXAMPLES) == set(FAILURES)


@pytest.mark.parametrize("code", FAILURES)
def test_the_example_of_a_code_is_explained_by_it(code: str) -> None:
    explanation = explain(EXAMPLES[code])
    assert explanation is not None
    assert explanation.code == code
    assert explanation.cause.endswith(".")
    assert explanation.evidence


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_a_success_needs_no_explanation(status: int) -> None:
    assert explain(answered(status)) is None


def evidence(explanation: Explanation | None) -> dict[str, str]:
    assert explanation is not None
    return {each.name: each.value for each in explanation.evidence}


def test_a_redirect_names_the_url_to_register() -> None:
    explanation = explain(EXAMPLES["redirect_not_followed"])
    assert explanation is not None
    assert explanation.remedy == (
        "Register this URL instead: https://hooks.example.com/webhooks/in/"
    )
    assert evidence(explanation)["Target"] == "https://hooks.example.com/webhooks/in/"


@pytest.mark.parametrize("location", ["javascript:alert(1)", "//", "http://[", ""])
def test_a_target_that_is_no_url_is_not_suggested(location: str) -> None:
    explanation = explain(answered(302, f"Location: {location}"))
    assert explanation is not None
    assert explanation.code == "redirect_without_target"


def test_a_wrong_name_shows_the_names_that_the_certificate_has() -> None:
    explanation = explain(EXAMPLES["tls_certificate_wrong_name"])
    assert explanation is not None
    assert "old.example.com, example.net" in explanation.cause


def test_an_incomplete_chain_names_the_missing_issuer() -> None:
    found = evidence(explain(EXAMPLES["tls_chain_incomplete"]))
    assert found["Missing issuer"] == "CN=R11,O=Let's Encrypt,C=US"


def test_a_rewritten_body_is_shown_beside_the_one_that_was_sent() -> None:
    found = evidence(explain(EXAMPLES["signature_body_rewritten"]))
    assert found["Body sent"] == '{"a": 1}'
    assert found["Body that the receiver checked"] == '{"a":1}'


def test_malformed_http_shows_what_was_seen() -> None:
    found = evidence(explain(EXAMPLES["port_speaks_tls"]))
    assert found["Bytes seen"] == "\\x15\\x03\\x01\\x00\\x02\\x02\\x16"


@pytest.mark.parametrize(
    ("record", "code"),
    [
        (answered(403, "Server: cloudflare"), "access_forbidden"),
        (answered(401, "x-datadome: protected", "x-iinfo: 1"), "authentication_required"),
        (answered(500, "Server: nginx", body="signature"), "server_error"),
        (answered(502, "Server: Nginx"), "nginx_bad_gateway"),
        (answered(999), "server_error_other"),
        (answered(404, body="The page was not found"), "not_found"),
        (answered(429, "retry-after: 3", "Server: cloudflare"), "too_many_requests"),
        (answered(401, "X-Signature-Error: mismatch"), "signature_refused"),
        (failed("connection_refused"), "connection_refused"),
        (failed("unreachable", "the proxy could not connect (502)"), "host_unreachable"),
        (failed("certificate_not_trusted", "certificate has expired"), "tls_certificate_expired"),
        (failed(""), "unknown_failure"),
    ],
)
def test_what_is_less_certain_is_explained_by_what_is_known(
    record: AttemptRecord, code: str
) -> None:
    explanation = explain(record)
    assert explanation is not None
    assert explanation.code == code
