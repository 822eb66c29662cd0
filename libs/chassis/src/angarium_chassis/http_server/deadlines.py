"""How long a client may take for the next part of its request."""

from .limits import HttpLimits

IDLE, HEAD, BODY, ANSWER, REST_OF_BODY, CLOSE = range(6)
"""States of a connection that waits: for a request, the rest of its head, the rest of its body, our
answer, the rest of a body that was answered early, the client's end. Plain numbers, because every
message passes through four of them."""

LINGER_S = 2.0
"""How long is read on after the answer to a request that was not read to its end: closed at once,
the connection would be reset, and many clients would not see the answer."""


def due_s(
    phase: int, since_s: float, limits: HttpLimits, *, requests: int, body_bytes: int
) -> float:
    """When the phase that began at `since_s` must have ended, after `requests` requests and
    `body_bytes` bytes of this one's body."""
    if phase == ANSWER:
        return float("inf")
    if phase == HEAD or (phase == IDLE and not requests):
        return since_s + limits.header_timeout_s
    if phase == IDLE:
        return since_s + limits.idle_timeout_s
    if phase == BODY:
        return since_s + limits.body_timeout_s + body_bytes / limits.body_bytes_per_s_min
    return since_s + LINGER_S
