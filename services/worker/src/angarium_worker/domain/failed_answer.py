"""Why an answer counts as a failure, in words for the endpoint's owner."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FailedAnswer:
    """`reason` is a stable name, `text` one sentence."""

    reason: str
    text: str


_BY_STATUS = {
    410: FailedAnswer(
        "endpoint_gone", "The endpoint answered 410 Gone and was disabled; enable it to go on."
    ),
    429: FailedAnswer(
        "too_many_requests", "The endpoint gets more requests than it takes; it is sent less."
    ),
    503: FailedAnswer(
        "service_unavailable", "The endpoint is not available at the moment; it is sent less."
    ),
}
_BY_CLASS = {
    3: FailedAnswer(
        "redirect_not_followed",
        "The endpoint answered with a redirect, and redirects are never followed; give it the URL"
        " that the redirect leads to.",
    ),
    4: FailedAnswer("webhook_refused", "The endpoint refused the webhook."),
    5: FailedAnswer("endpoint_failed", "The endpoint failed to handle the webhook."),
}
_OTHER = FailedAnswer(
    "unexpected_status", "The endpoint answered with a status that is not meant for it."
)


def failed_answer(status: int) -> FailedAnswer | None:
    """Why an answer of this status is a failure; None for a success, or without an answer."""
    if status == 0 or 200 <= status <= 299:
        return None
    return _BY_STATUS.get(status) or _BY_CLASS.get(status // 100, _OTHER)
