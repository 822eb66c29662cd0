"""Every bound of the sender in one place; the defaults suit one worker process."""

from angarium_worker.adapters.destinations.dialing.limits import DialLimits


class SenderLimits(DialLimits, frozen=True):
    """Bounds in count, seconds and bytes.

    `connections_max` needs as many file descriptors. Above either connection bound a request
    waits, at most `waiting_max` of them, each until its own deadline. A kept connection is closed
    after `idle_timeout_s` without use and, so that a changed DNS answer is followed, at the end of
    the first exchange after `connection_age_max_s`. `kept_bytes_max` bounds what idle connections
    take of this process's memory, by what one takes of each kind (see origin.py); beyond it the
    longest idle are closed.
    """

    connections_max: int = 10_000
    connections_per_origin_max: int = 64
    waiting_max: int = 10_000
    idle_timeout_s: float = 30.0
    connection_age_max_s: float = 300.0
    kept_bytes_max: int = 64 * 1024 * 1024
    request_head_bytes_max: int = 32_768
    response_head_bytes_max: int = 32_768
    response_body_read_bytes_max: int = 65_536
    response_body_kept_bytes_max: int = 16_384
    interim_responses_max: int = 8
