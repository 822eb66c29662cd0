"""The headers of an attempt, read from its recorded exchange."""

from collections.abc import Sequence

from angarium_contracts.attempts import AttemptHeaders, Header
from angarium_webhooks.http_heads import read_request_head, read_response_head

from angarium_worker.domain.exchange import HEAD_BYTES_MAX, Exchange


def attempt_headers(url: str, exchange: Exchange | None) -> AttemptHeaders:
    """The headers as queries answer them."""
    if exchange is None:
        return AttemptHeaders(url=url, recorded=False)
    sent = read_request_head(exchange.request[:HEAD_BYTES_MAX])
    answer = read_response_head(exchange.response[:HEAD_BYTES_MAX])
    return AttemptHeaders(
        url=url,
        method=sent.method,
        http_version=sent.http_version,
        sent=_lines(sent.headers),
        withheld=exchange.withheld,
        response_status=answer.status,
        response_http_version=answer.http_version,
        reason_phrase=answer.reason or None,
        received=_lines(answer.headers) if answer.status else None,
        truncated=max(len(exchange.request), len(exchange.response)) > HEAD_BYTES_MAX,
    )


def _lines(headers: Sequence[tuple[str, str]]) -> tuple[Header, ...]:
    return tuple([Header(name, value) for name, value in headers])
