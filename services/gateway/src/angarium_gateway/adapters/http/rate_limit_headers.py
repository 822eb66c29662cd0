"""`RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers-10), and 429."""

from collections.abc import Sequence
from typing import Final

from litestar.types import Message, Scope

from angarium_gateway.application.tenants.rate_limiter import Standing
from angarium_gateway.domain.quotas import WINDOW_S, Rate

from .problems import ProblemAnswer, problem_answer

_STANDINGS: Final = "angarium.rate_limit"
_NOUNS: Final = {
    Rate.REQUESTS: "requests",
    Rate.MESSAGES: "messages",
    Rate.PAYLOAD_BYTES: "bytes of payloads",
}


def note_standings(scope: Scope, standings: Sequence[Standing]) -> None:
    """Remember how the quotas of a request stand, for the headers of its answer."""
    noted: dict[str, Sequence[Standing]] = scope.setdefault("state", {})
    noted[_STANDINGS] = (*noted.get(_STANDINGS, ()), *standings)


def rate_limit_headers(scope: Scope) -> list[tuple[bytes, bytes]]:
    """The headers that say how the quotas of a request stand; none if it has no quota.

    Where the tenant and the key bound the same rate, the one with less left is named.
    """
    standings = scope.get("state", {}).get(_STANDINGS)
    if not standings:
        return []
    tightest: dict[Rate, Standing] = {}
    for standing in standings:
        known = tightest.get(standing.quota.rate)
        if known is None or standing.remaining < known.remaining:
            tightest[standing.quota.rate] = standing
    return [
        (b"ratelimit-policy", ", ".join(map(_policy, tightest.values())).encode()),
        (b"ratelimit", ", ".join(map(_left, tightest.values())).encode()),
    ]


async def add_rate_limit_headers(message: Message, scope: Scope) -> None:
    """Litestar's hook `before_send`."""
    if message["type"] == "http.response.start":
        message["headers"] = [*message["headers"], *rate_limit_headers(scope)]


def exceeded(standing: Standing) -> ProblemAnswer:
    """429: a quota has no room for the request."""
    quota = standing.quota
    owner = "This API key" if quota.of_key else "The tenant of this API key"
    return problem_answer(
        429,
        "rate_limit_exceeded",
        "Too many requests",
        f"{owner} has a quota of {quota.per_minute:,} {_NOUNS[quota.rate]} per minute. Try again in"
        f" {standing.resets_in_s} s, or ask for a larger quota.",
        (
            ("retry-after", str(standing.resets_in_s)),
            ("ratelimit-policy", _policy(standing)),
            ("ratelimit", _left(standing)),
        ),
    )


def _policy(standing: Standing) -> str:
    return f'"{standing.quota.rate}";q={standing.quota.per_minute};w={WINDOW_S}'


def _left(standing: Standing) -> str:
    return f'"{standing.quota.rate}";r={standing.remaining};t={standing.resets_in_s}'
