"""Several hundred URLs, each with its verdict, through the API's check and the dial's together."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from angarium_webhooks.egress.egress_rules import EgressRules, is_address
from angarium_webhooks.endpoint_url import UrlRefused, check_endpoint_url, parse_endpoint_url
from angarium_worker.adapters.destinations.dialing.tls_context import client_tls_context
from angarium_worker.adapters.destinations.webhook import WebhookSender
from angarium_worker.adapters.destinations.webhook.webhook_request import WebhookRequest
from angarium_worker.domain.attempt_result import FailureReason

ROWS_MIN = 500


class Row(NamedTuple):
    url: str
    verdict: str
    word: str


def read_table() -> list[Row]:
    rows = []
    for line in Path(__file__).with_name("urls.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            url, verdict, *word = line.split("\t")
            rows.append(Row(json.loads(url), verdict, word[0] if word else ""))
    return rows


TABLE = read_table()


def verdict_of(row: Row, addresses_of: Callable[[str], list[str]]) -> tuple[str, str]:
    """What becomes of a URL, and why."""
    try:
        url = parse_endpoint_url(row.url, allow_http=True)
    except UrlRefused as refused:
        return "url", refused.reason
    try:
        socket.inet_pton(socket.AF_INET6 if ":" in url.host else socket.AF_INET, url.host)
        addresses = [url.host]
    except OSError:
        addresses = addresses_of(url.host)
    rules = EgressRules()
    refusals = [refusal for address in addresses if (refusal := rules.refusal(address))]
    return ("address", refusals[0]) if refusals else ("allowed", "")


def test_the_table_holds_at_least_five_hundred_different_urls() -> None:
    assert len({row.url for row in TABLE}) == len(TABLE) >= ROWS_MIN
    assert {row.verdict for row in TABLE} == {"allowed", "url", "address"}


def test_every_url_of_the_table_gets_its_verdict_and_its_reason(
    addresses_of: Callable[[str], list[str]],
) -> None:
    wrong = []
    for row in TABLE:
        verdict, reason = verdict_of(row, addresses_of)
        if verdict != row.verdict or row.word not in reason:
            wrong.append((row, verdict, reason))
    assert wrong == []


def test_what_is_stored_for_an_accepted_url_is_judged_like_the_url() -> None:
    for row in TABLE:
        if row.verdict != "url":
            canonical = check_endpoint_url(row.url, allow_http=True)
            assert check_endpoint_url(canonical, allow_http=True) == canonical


def test_only_https_is_accepted_unless_the_operator_allows_http() -> None:
    for row in TABLE:
        if row.verdict != "url" and row.url.lower().startswith("http:"):
            with pytest.raises(UrlRefused, match="https only"):
                check_endpoint_url(row.url, allow_http=False)


@pytest.fixture
async def canary() -> AsyncIterator[tuple[int, list[object]]]:
    """A port of 127.0.0.1 and ::1 where something listens, and the peers that came."""
    hits: list[object] = []

    async def hit(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hits.append(writer.get_extra_info("peername"))
        writer.close()

    async with await asyncio.start_server(hit, "127.0.0.1", 0) as ipv4:
        port = ipv4.sockets[0].getsockname()[1]
        async with await asyncio.start_server(hit, "::1", port):
            yield port, hits


async def test_the_sender_gives_every_refused_url_its_reason_and_dials_none(
    addresses_of: Callable[[str], list[str]], canary: tuple[int, list[object]]
) -> None:
    port, hits = canary
    sender = WebhookSender(
        EgressRules(),
        client_tls_context(),
        user_agent="Angarium/test",
        allow_http=True,
        lookup=addresses_of,
    )
    expected = {"url": FailureReason.URL_REFUSED, "address": FailureReason.ADDRESS_NOT_ALLOWED}
    try:
        for row in TABLE:
            if row.verdict in expected:
                request = WebhookRequest(_at_port(row.url, port), (), b"{}", 5.0)
                outcome = await sender.send(request)
                assert outcome.reason is expected[row.verdict], row
                if row.verdict == "url":
                    assert row.word in outcome.detail
                else:
                    assert_told(row, outcome.detail, addresses_of)
    finally:
        await sender.aclose()
    assert hits == []


def assert_told(row: Row, detail: str, addresses_of: Callable[[str], list[str]]) -> None:
    """Why an address of the URL is refused; what a name leads to is the operator's to know."""
    host = parse_endpoint_url(row.url, allow_http=True).host
    if is_address(host):
        assert row.word in detail
        return
    addresses = addresses_of(host)
    assert any(row.word in (EgressRules().refusal(address) or "") for address in addresses), row
    assert not any(address in detail.removeprefix(host) for address in addresses), row


def _at_port(url: str, port: int) -> str:
    """The URL at the canary's port, where it can be read at all."""
    try:
        parsed = parse_endpoint_url(url, allow_http=True)
    except UrlRefused:
        return url
    host = f"[{parsed.host}]" if ":" in parsed.host else parsed.host
    return f"{parsed.scheme}://{host}:{port}{parsed.target}"
