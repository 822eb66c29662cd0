"""Access tokens and permissions that Angarium asks for before it sends."""

from collections.abc import Callable
from typing import Final

from .records import AttemptRecord, Failure, Finding

FAILURES: Final = (
    Failure(
        "oauth_client_refused",
        "The token endpoint does not accept the client",
        "customer",
        "Correct the client id, the client secret and `authStyle` of the endpoint's"
        " authentication.",
    ),
    Failure(
        "oauth_scope_refused",
        "The token endpoint does not grant the scope",
        "customer",
        "Correct the scope or the audience of the endpoint's authentication, or permit the client"
        " to have it.",
    ),
    Failure(
        "oauth_token_refused",
        "The token endpoint gave no access token",
        "customer",
        "Check the token URL and what its server logged; the evidence has its answer.",
    ),
    Failure(
        "oauth_token_unreachable",
        "The token endpoint could not be reached",
        "customer",
        "Check that the token URL can be reached from the internet and answers within 10 seconds.",
    ),
    Failure(
        "handshake_refused",
        "The receiver did not permit webhooks",
        "customer",
        "Answer OPTIONS with `WebHook-Allowed-Origin`, or turn the endpoint's `handshake` off.",
    ),
)


def _refused(record: AttemptRecord) -> Finding:
    answer = record.detail.lower()
    evidence = (("Endpoint", record.url), ("Answer", record.detail))
    if "invalid_client" in answer or "unauthorized_client" in answer or "answered 401" in answer:
        cause = "The token endpoint did not accept the client id and the client secret."
        return Finding("oauth_client_refused", cause, evidence)
    if "invalid_scope" in answer or "invalid_target" in answer:
        cause = "The token endpoint does not grant the scope or the audience that was asked for."
        return Finding("oauth_scope_refused", cause, evidence)
    cause = "The token endpoint gave no access token, so that nothing was sent."
    return Finding("oauth_token_refused", cause, evidence)


def _unreachable(record: AttemptRecord) -> Finding:
    cause = "The token endpoint could not be reached in time, so that nothing was sent."
    evidence = (("Endpoint", record.url), ("Detail", record.detail))
    return Finding("oauth_token_unreachable", cause, evidence)


def _handshake(record: AttemptRecord) -> Finding:
    cause = f"{record.host} did not permit webhooks in its answer to OPTIONS; nothing was sent."
    return Finding("handshake_refused", cause, (("URL", record.url), ("Detail", record.detail)))


REASONS: Final[dict[str, Callable[[AttemptRecord], Finding]]] = {
    "oauth_token_refused": _refused,
    "oauth_token_unreachable": _unreachable,
    "handshake_refused": _handshake,
}
