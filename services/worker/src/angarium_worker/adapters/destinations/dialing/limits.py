"""Bounds of dialling."""

from msgspec import Struct


class DialLimits(Struct, frozen=True):
    """Bounds in count, seconds and bytes.

    Of a name's addresses at most `addresses_dialled_max` are dialled, one `dial_stagger_s` after
    the other; until one of them answers, each holds a file descriptor.
    """

    addresses_dialled_max: int = 8
    dial_stagger_s: float = 0.25
    own_addresses_lifetime_s: float = 10.0
    certificate_bytes_max: int = 32_768
    certificate_contexts_cached_max: int = 32
    names_cached_max: int = 4_096
    name_lifetime_s: float = 5.0
    lookups_at_once_max: int = 32
    addresses_per_name_max: int = 64
