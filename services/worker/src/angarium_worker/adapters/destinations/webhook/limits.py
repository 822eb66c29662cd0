"""Every bound of the sender in one place; the defaults suit one worker process."""

from msgspec import Struct


class SenderLimits(Struct, frozen=True):
    """Bounds in count, seconds and bytes.

    `connections_max` needs as many file descriptors. Above either connection bound a request
    waits, at most `waiting_max` of them, each until its own deadline. A kept connection is closed
    after `idle_timeout_s` without use and, so that a changed DNS answer is followed, at the end of
    the first exchange after `connection_age_max_s`. `kept_bytes_max` bounds what idle connections
    take of this process's memory, by what one takes of each kind (see origin.py); beyond it the
    longest idle are closed.

    Of a name's addresses at most `addresses_dialled_max` are dialled, one `dial_stagger_s` after
    the other; until one of them answers, each holds a file descriptor.
    """

    connections_max: int = 10_000
    connections_per_origin_max: int = 64
    waiting_max: int = 10_000
    idle_timeout_s: float = 30.0
    connection_age_max_s: float = 300.0
    kept_bytes_max: int = 64 * 1024 * 1024
    addresses_dialled_max: int = 8
    dial_stagger_s: float = 0.25
    own_addresses_lifetime_s: float = 10.0
    certificate_bytes_max: int = 32_768
    certificate_contexts_cached_max: int = 32
    names_cached_max: int = 4_096
    name_lifetime_s: float = 5.0
    lookups_at_once_max: int = 32
    addresses_per_name_max: int = 64
    request_head_bytes_max: int = 32_768
    response_head_bytes_max: int = 32_768
    response_body_read_bytes_max: int = 65_536
    response_body_kept_bytes_max: int = 16_384
    interim_responses_max: int = 8
